"""Who this node is: its private keys in `keys/` and its public face, `member.json` (CHM-Sync 1 sections 2 and 8).

Owns making, loading and rotating the five keys. `member.json` is the truth about which keys there are and from which
log position they are valid; a key file is found by its name, `<role>-<first 8 hex digits of the public key>.pem`.
Refuses to go on when both do not fit together, when a key can be read by others, and to make a second identity where
one is. Whoever rotates holds the sequencer's lease: positions are those of the log at that moment.
"""

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self, TypeAlias, TypeVar, get_args

from chmnode.config import FILE as SETTINGS
from chmnode.config import Config
from chmnode.errors import NodeError
from chmsync.canonical import JsonValue
from chmsync.errors import FormatError
from chmsync.keys import COSIGNATURE, ED25519, PrivateKey, PublicKey, Vkey, to_multikey
from chmsync.log import Cosigner
from chmsync.member import Authority, LogKey, Member, RecordKey, Until, cosigner_name
from chmsync.proof import sign_document

KEYS = "keys"
MEMBER = "member.json"

_Key = TypeVar("_Key", LogKey, RecordKey)
Role: TypeAlias = Literal["log", "record", "witness", "mirror"]
#: The message key has a file too, but no position and no rotation of its own.
_ROLES: tuple[str, ...] = (*get_args(Role), "message")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class IdentityError(NodeError):
    """Keys and `member.json` cannot be used or changed; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class RecordSigner:
    """The key that signs records, and the name under which others know it."""

    method_id: str
    key: PrivateKey

    def sign(self, document: Mapping[str, JsonValue], created: str) -> dict[str, JsonValue]:
        """The document with its proof."""
        return sign_document(document, self.key, self.method_id, created)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The node's keys, each in its role, and the descriptor by which others know them."""

    folder: Path
    member: Member
    #: All that sign checkpoints now: two while a rotation overlaps.
    log_keys: tuple[PrivateKey, ...]
    record_key: RecordSigner
    witness: Cosigner
    mirror: Cosigner
    message_key: PrivateKey

    @classmethod
    def create(cls, config: Config) -> Self:
        """Make five keys and `member.json`; where there are some already, nothing is changed."""
        if (config.folder / MEMBER).exists():
            raise IdentityError(f"{config.folder / MEMBER} is there already: this node has its keys")
        try:
            (config.folder / KEYS).mkdir(mode=0o700)
        except FileExistsError:
            raise IdentityError(
                f"{config.folder / KEYS} is there already, but {MEMBER} is not: restore it from a backup, "
                f"or remove {KEYS}/ if this node has never published"
            ) from None
        except OSError as error:
            raise IdentityError(f"{config.folder / KEYS} cannot be made: {error}") from error
        keys = {role: PrivateKey.generate() for role in _ROLES}
        for role, key in keys.items():
            _write_key(config.folder, role, key)
        member = _first_member(config, {role: key.public for role, key in keys.items()})
        _write_member(config.folder, member)
        return cls._opened(config.folder, member)

    @classmethod
    def load(cls, config: Config) -> Self:
        """Read `member.json` and the private keys that it asks for."""
        path = config.folder / MEMBER
        try:
            member = Member.parse(path.read_bytes())
        except FileNotFoundError:
            raise IdentityError(f"{path} is missing: restore it, and {KEYS}/, from a backup") from None
        except OSError as error:
            raise _unreadable(path, error) from error
        except FormatError as error:
            raise IdentityError(f"{path} is damaged ({error}): restore it from a backup") from error
        _require_agreement(config, member)
        return cls._opened(config.folder, member)

    @classmethod
    def _opened(cls, folder: Path, member: Member) -> Self:
        """The identity that a descriptor describes, with its private keys."""
        if member.witness_vkey is None or member.mirror_vkey is None or member.message_key is None:
            raise IdentityError(f"{folder / MEMBER} lacks a key that every node has: restore it from a backup")
        record = _in_use(member.record_keys, "record")[0]
        return cls(
            folder=folder,
            member=member,
            log_keys=tuple(_read_key(folder, "log", key.vkey.public) for key in _in_use(member.vkeys, "log")),
            record_key=RecordSigner(record.id, _read_key(folder, "record", record.public)),
            witness=Cosigner(member.witness_vkey.name, _read_key(folder, "witness", member.witness_vkey.public)),
            mirror=Cosigner(member.mirror_vkey.name, _read_key(folder, "mirror", member.mirror_vkey.public)),
            message_key=_read_key(folder, "message", member.message_key),
        )

    def rotate(self, role: Role, size: int) -> "Identity":
        """Bring in a new key.

        A log or record key overlaps with the old one until `finish`: both sign checkpoints, records are still signed
        by the old one. A witness or mirror key takes over at once.

        Args:
            role: whose key.
            size: of our log; the new key is valid from there.
        """
        key = PrivateKey.generate()
        member = _with_key(self.member, role, key.public, size)
        _write_key(self.folder, role, key)
        return self._renewed(member)

    def finish(self, role: Role, size: int, root: bytes) -> "Identity":
        """End the overlap: the old key is valid up to this checkpoint, which carries both signatures.

        Nothing may be staged: a record that the old key has signed would get a place where that key is not valid.
        """
        return self._renewed(_without_old_key(self.member, role, Until(size, root)))

    def _renewed(self, member: Member) -> "Identity":
        _write_member(self.folder, member)
        return self._opened(self.folder, member)


def _first_member(config: Config, keys: Mapping[str, PublicKey]) -> Member:
    """The descriptor of a new node."""
    return Member(
        did=config.did,
        origin=config.origin,
        name=config.name,
        kind=config.kind,
        base_url=config.base_url,
        id_prefixes=(f"{config.base_url}/records",),
        vkeys=(LogKey(Vkey(config.origin, ED25519, keys["log"]), 0),),
        record_keys=(_record_key(config.did, keys["record"], 0),),
        witness_vkey=_cosigner_vkey(config.base_url, "witness", keys["witness"]),
        mirror_vkey=_cosigner_vkey(config.base_url, "mirror", keys["mirror"]),
        message_key=keys["message"],
        authority=Authority(governments=config.governments),
    )


def _record_key(did: str, key: PublicKey, start: int) -> RecordKey:
    return RecordKey(f"{did}#{to_multikey(key)}", key, start)


def _cosigner_vkey(base_url: str, role: str, key: PublicKey) -> Vkey:
    return Vkey(cosigner_name(base_url, role), COSIGNATURE, key)


def _require_agreement(config: Config, member: Member) -> None:
    """Refuse settings that say otherwise than what peers have pinned: they would refuse the records."""
    if config.base_url != member.base_url:
        raise IdentityError(
            f"base_url in {SETTINGS} was changed: put back {member.base_url}; the address of a node cannot change "
            f"while its records name it"
        )
    for name, ours, theirs in (
        ("name", config.name, member.name),
        ("kind", config.kind, member.kind),
        ("governments", set(config.governments), set(member.authority.governments)),
    ):
        if ours != theirs:
            raise IdentityError(
                f"`{name}` is not the same in {SETTINGS} and {MEMBER}: write the same in both, "
                f"then give {MEMBER} to your peers again"
            )


def _in_use(keys: Sequence[_Key], role: str) -> list[_Key]:
    """The keys without an end, the oldest first."""
    found = [key for key in keys if key.until is None]
    if not found:
        raise IdentityError(f"every {role} key in {MEMBER} has ended: restore it from a backup")
    return found


def _with_key(member: Member, role: Role, key: PublicKey, size: int) -> Member:
    """The descriptor with a new key from this position."""
    if len(_overlapping(member, role)) > 1:
        raise IdentityError(f"a rotation of the {role} key is under way: finish it first")
    match role:
        case "log":
            return replace(member, vkeys=(*member.vkeys, LogKey(Vkey(member.origin, ED25519, key), size)))
        case "record":
            return replace(member, record_keys=(*member.record_keys, _record_key(member.did, key, size)))
        case "witness":
            return replace(member, witness_vkey=_cosigner_vkey(member.base_url, role, key))
        case "mirror":
            return replace(member, mirror_vkey=_cosigner_vkey(member.base_url, role, key))


def _without_old_key(member: Member, role: Role, until: Until) -> Member:
    """The descriptor in which the older of two keys has ended."""
    overlapping = _overlapping(member, role)
    if len(overlapping) < 2:
        raise IdentityError(f"no rotation of the {role} key is under way: rotate it first")
    old, new = overlapping[:2]
    if until.size < new.start:
        raise IdentityError(f"the new {role} key is valid from {new.start}, the old one cannot end at {until.size}")
    return replace(member, vkeys=_ended(member.vkeys, old, until), record_keys=_ended(member.record_keys, old, until))


def _overlapping(member: Member, role: Role) -> Sequence[LogKey | RecordKey]:
    """The keys of a role that are in use together; witness and mirror keys never are."""
    if role == "log":
        return _in_use(member.vkeys, role)
    return _in_use(member.record_keys, role) if role == "record" else ()


def _ended(keys: Sequence[_Key], old: LogKey | RecordKey, until: Until) -> tuple[_Key, ...]:
    return tuple(replace(key, until=until) if key is old else key for key in keys)


def _key_path(folder: Path, role: str, key: PublicKey) -> Path:
    return folder / KEYS / f"{role}-{key.raw.hex()[:8]}.pem"


def _read_key(folder: Path, role: str, public: PublicKey) -> PrivateKey:
    """The private half of a key of `member.json`."""
    path = _key_path(folder, role, public)
    _require_private(path.parent, "700")
    _require_private(path, "600")
    try:
        key = PrivateKey.from_pem(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    except FormatError as error:
        raise IdentityError(f"{path} is damaged ({error}): restore it from a backup") from error
    if key.public != public:
        raise IdentityError(f"{path} holds another key than {MEMBER} names: restore both from one backup")
    return key


def _require_private(path: Path, mode: str) -> None:
    """Refuse what others than the owner could read; Windows has no such bits."""
    try:
        bits = path.stat().st_mode
    except FileNotFoundError as error:
        raise IdentityError(f"{path}, which {MEMBER} asks for, is missing: restore it from a backup") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if os.name == "posix" and bits & _OTHERS:
        raise IdentityError(f"{path} is open to other users of this machine: run `chmod {mode} {path}`")


def _unreadable(path: Path, error: OSError) -> IdentityError:
    mend = "run chm as its owner" if isinstance(error, PermissionError) else "is the disk in order?"
    return IdentityError(f"{path} cannot be read ({error.strerror}): {mend}")


def _write_key(folder: Path, role: str, key: PrivateKey) -> None:
    """Write a key file that only its owner can read, durably, and never over another."""
    path = _key_path(folder, role, key.public)
    _write_new(path, key.to_pem(), 0o600)


def _write_member(folder: Path, member: Member) -> None:
    """Replace `member.json` in one step: whoever reads it, also after a power loss, sees the old or the new one."""
    draft = folder / f"{MEMBER}.new"
    draft.unlink(missing_ok=True)
    _write_new(draft, json.dumps(member.document(), indent=2, ensure_ascii=False).encode() + b"\n", 0o644)
    draft.replace(folder / MEMBER)
    _sync_folder(folder)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise IdentityError(f"{path} cannot be written: {error}") from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a new name durable; Windows does so by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
