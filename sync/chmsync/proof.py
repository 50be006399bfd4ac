"""Record signatures: W3C Data Integrity with the cryptosuite `eddsa-jcs-2022` (CHM-Sync 1 section 5).

Owns the one `proof` object of a record: making and verifying it. Refuses proof sets and chains, other
suites and purposes, a proof without `created`, and one whose `@context` is not its document's. Which key may
sign is asked of the caller; whether a context is known is checked elsewhere, and no clock is read.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NoReturn

import orjson

from chmsync.canonical import JsonValue, encode
from chmsync.errors import FormatError, RecordCode, RecordRefused
from chmsync.keys import SIGNATURE_BYTES, PrivateKey, PublicKey, base58_decode, base58_encode

#: What every proof of the protocol says of itself.
_FIXED = MappingProxyType(
    {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "proofPurpose": "assertionMethod",
    }
)
#: An XML Schema dateTimeStamp, as Data Integrity demands.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:[0-5]\d)", re.ASCII)


def sign_document(
    document: Mapping[str, JsonValue], key: PrivateKey, method: str, created: str
) -> dict[str, JsonValue]:
    """Give the document with its proof, in place of any it had.

    Args:
        document: what is signed; FormatError if it has no canonical form.
        key: the record key.
        method: the key's id, `<did>#<multikey>`.
        created: when, as an RFC 3339 date-time; the caller owns the clock.
    """
    if not _is_timestamp(created):
        raise FormatError(f"`created` is not a date-time with its zone: {created!r}")
    unsecured = _without(document, "proof")
    config: dict[str, JsonValue] = {**_FIXED, "created": created, "verificationMethod": method}
    if "@context" in document:
        config["@context"] = document["@context"]
    signature = key.sign(hash_data(encode(config), encode(unsecured)))
    return {**unsecured, "proof": {**config, "proofValue": base58_encode(signature)}}


def verify_document(document: Mapping[str, JsonValue], key_of: Callable[[str], PublicKey | None]) -> str:
    """Verify a document that `canonical` has read, and give the id of the key that signed it.

    Args:
        document: the whole secured document.
        key_of: gives the key of a verification method, or None where it may not sign.

    A failure is the signer's: RecordRefused with code PROOF.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        _refuse("`proof` must be one object")
    for name, wanted in _FIXED.items():
        if proof.get(name) != wanted:
            _refuse(f"`proof.{name}` must be {wanted!r}")
    if "previousProof" in proof:
        _refuse("`proof.previousProof`: there is one proof, no chain")
    if "@context" in proof and proof["@context"] != document.get("@context"):
        _refuse("`proof.@context` must equal the document's")
    if not _is_timestamp(proof.get("created")):
        _refuse("`proof.created` must be a date-time with its zone")
    method = proof.get("verificationMethod")
    key = key_of(method) if isinstance(method, str) else None
    if not isinstance(method, str) or key is None:
        _refuse(f"no key {method!r} is valid here")
    signed = hash_data(_dumps(_without(proof, "proofValue")), _dumps(_without(document, "proof")))
    if not key.verify(_signature(proof), signed):
        _refuse(f"the signature is not by {method}")
    return method


def _signature(proof: Mapping[str, JsonValue]) -> bytes:
    value = proof.get("proofValue")
    try:
        return base58_decode(value if isinstance(value, str) else "", SIGNATURE_BYTES)
    except FormatError as error:
        _refuse(f"`proof.proofValue`: {error}")


def hash_data(config: bytes, unsecured: bytes) -> bytes:
    """Join the hashes in the order of the cryptosuite: configuration first."""
    return hashlib.sha256(config).digest() + hashlib.sha256(unsecured).digest()


def _dumps(value: dict[str, JsonValue]) -> bytes:
    """Give the canonical bytes of a part of what `canonical` has read; its checks need no second round."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _without(value: Mapping[str, JsonValue], name: str) -> dict[str, JsonValue]:
    rest = dict(value)
    rest.pop(name, None)
    return rest


def _is_timestamp(value: JsonValue) -> bool:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _refuse(detail: str) -> NoReturn:
    raise RecordRefused(RecordCode.PROOF, detail)
