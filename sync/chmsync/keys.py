"""Ed25519 keys and their two written forms: vkeys of notes and Multikeys of records (CHM-Sync 1 section 2).

Owns the project's one rule for Ed25519: RFC 8032 with the cofactorless equation, canonical encodings and
public keys of prime order, decided once when a key is decoded. Refuses every other key, because libraries
disagree on them (C2SP CCTV); what remains all of them judge alike, so signatures are left to OpenSSL.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from chmsync.errors import FormatError

#: Signature types of C2SP signed-note: a plain Ed25519 signature, and a cosignature with its time.
ED25519 = 1
COSIGNATURE = 4

KEY_BYTES = 32
SIGNATURE_BYTES = 64

# Edwards25519 (RFC 8032 section 5.1): field, order of the prime subgroup, curve constant, sqrt(-1).
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)

#: A point in extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
_Point = tuple[int, int, int, int]


def _add(a: _Point, b: _Point) -> _Point:
    """Add two points; the formula of RFC 8032 section 5.1.4 is complete, so it doubles too."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % _P
    f = (a[1] + a[0]) * (b[1] + b[0]) % _P
    g = 2 * a[3] * b[3] * _D % _P
    h = 2 * a[2] * b[2] % _P
    p, q, r, s = f - e, h - g, h + g, f + e
    return p * q % _P, r * s % _P, q * r % _P, p * s % _P


def _recover_x(y: int, sign: int) -> int:
    """Give the x of that y and sign (RFC 8032 section 5.1.3)."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _SQRT_M1 % _P
    if x * x % _P != square:
        raise FormatError("not an Ed25519 public key: no point of the curve")
    if x == 0 and sign:
        raise FormatError("not a canonical Ed25519 public key: x = -0")
    return x if x & 1 == sign else -x % _P


@lru_cache(maxsize=4096)
def _require_strict(raw: bytes) -> None:
    """Refuse what is not the canonical encoding of a point of prime order."""
    if len(raw) != KEY_BYTES:
        raise FormatError(f"an Ed25519 public key has 32 bytes, not {len(raw)}")
    sign, y = divmod(int.from_bytes(raw, "little"), 2**255)
    if y >= _P:
        raise FormatError("not a canonical Ed25519 public key: y is not below p")
    if y == 1:
        raise FormatError("not an Ed25519 public key of prime order: the identity")
    x = _recover_x(y, sign)
    point = (x, y, 1, x * y % _P)
    product = point
    for bit in f"{_L:b}"[1:]:
        product = _add(product, product)
        if bit == "1":
            product = _add(product, point)
    if product[0] or product[1] != product[2]:
        raise FormatError("not an Ed25519 public key of prime order")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that keeps the rule of section 2; equal and hashed by its 32 bytes.

    There is no way to construct one unchecked: the constructor raises FormatError.
    """

    raw: bytes
    _loaded: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_strict(self.raw)
        object.__setattr__(self, "_loaded", Ed25519PublicKey.from_public_bytes(self.raw))

    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        """Travel to worker processes as bytes; OpenSSL's object cannot."""
        return type(self), (self.raw,)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Decode 32 bytes strictly, or raise FormatError."""
        return cls(bytes(raw))

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Say whether this key signed the message."""
        try:
            self._loaded.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """A signing key. It shows itself to nobody but `to_pem`."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        """Make a new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Load the 32 bytes that RFC 8032 calls the private key."""
        if len(seed) != KEY_BYTES:
            raise FormatError(f"an Ed25519 private key has 32 bytes, not {len(seed)}")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, data: bytes) -> Self:
        """Load an unencrypted PKCS #8 file."""
        try:
            key = load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            # Not chained: a parser's message must not carry bits of a key into a log.
            raise FormatError(f"not an unencrypted PKCS #8 key ({type(error).__name__})") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise FormatError("the private key is not an Ed25519 key")
        return cls(key)

    def to_pem(self) -> bytes:
        """Write the key as unencrypted PKCS #8, for a file of mode 0600."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Sign as RFC 8032 says: 64 bytes, the same for the same message."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"PrivateKey(public={to_multikey(self.public)!r})"


def key_id(name: str, algorithm: int, key: PublicKey) -> bytes:
    """Give the four bytes by which a signed note names a key (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + key.raw).digest()[:4]


_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Vkey:
    """A named key that checks notes: `<name>+<key id>+<base64(algorithm || key)>`."""

    name: str
    algorithm: int
    public: PublicKey
    id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(map(str.isspace, self.name)):
            raise FormatError(f"a key name is not empty and has no space or plus: {self.name!r}")
        if self.algorithm not in {ED25519, COSIGNATURE}:
            raise FormatError(f"signature type {self.algorithm} is neither Ed25519 (1) nor cosignature (4)")
        object.__setattr__(self, "id", key_id(self.name, self.algorithm, self.public))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a vkey and check its key id."""
        match = _VKEY.fullmatch(text)
        if match is None:
            raise FormatError(f"not a vkey, <name>+<8 hex digits>+<base64>: {text!r}")
        try:
            blob = base64.b64decode(match[3], validate=True)
        except binascii.Error:
            raise FormatError(f"the key in the vkey is not base64: {text!r}") from None
        vkey = cls(match[1], blob[0], PublicKey(blob[1:]))
        if str(vkey) != text:
            raise FormatError(f"the vkey contradicts itself, it should read {vkey}")
        return vkey

    def __str__(self) -> str:
        blob = base64.b64encode(bytes([self.algorithm]) + self.public.raw).decode()
        return f"{self.name}+{self.id.hex()}+{blob}"


_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
#: Value and base of one letter, and of two: reading them in pairs halves the work of the check of every proof.
_DIGITS = {letter: (value, 58) for value, letter in enumerate(_ALPHABET)}
_DIGITS |= {a + b: (_DIGITS[a][0] * 58 + _DIGITS[b][0], 58 * 58) for a in _ALPHABET for b in _ALPHABET}
#: Multicodec `ed25519-pub` as a varint.
_ED25519_PUB = b"\xed\x01"


def base58_encode(data: bytes) -> str:
    """Write bytes in base58btc with its multibase letter `z`."""
    number = int.from_bytes(data)
    letters = []
    while number:
        number, digit = divmod(number, 58)
        letters.append(_ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + "1" * zeros + "".join(reversed(letters))


def base58_decode(text: str, size: int) -> bytes:
    """Read exactly that many bytes from multibase base58btc; no bytes have two spellings."""
    digits = text[1:]
    if not text.startswith("z") or len(digits) > 2 * size:
        raise FormatError(f"not base58btc of {size} bytes")
    number = 0
    try:
        for at in range(0, len(digits), 2):
            value, base = _DIGITS[digits[at : at + 2]]
            number = number * base + value
    except KeyError:
        raise FormatError("a letter is not of base58btc") from None
    zeros = len(digits) - len(digits.lstrip("1"))
    if zeros + (number.bit_length() + 7) // 8 != size:
        raise FormatError(f"not base58btc of {size} bytes")
    return number.to_bytes(size)


def to_multikey(key: PublicKey) -> str:
    """Write the key as W3C Multikey text, `z6Mk...`."""
    return base58_encode(_ED25519_PUB + key.raw)


def from_multikey(text: str) -> PublicKey:
    """Read a W3C Multikey; FormatError if it is not a strict Ed25519 one."""
    raw = base58_decode(text, len(_ED25519_PUB) + KEY_BYTES)
    if not raw.startswith(_ED25519_PUB):
        raise FormatError("the Multikey is not an Ed25519 public key (z6Mk...)")
    return PublicKey(raw[len(_ED25519_PUB) :])
