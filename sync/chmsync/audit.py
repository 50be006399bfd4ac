"""Verification without a node: `chm verify FILE|URL` (CHM-Sync 1, all that a third party can check).

Owns the question of what it has been given: a record, the proof of one (`.tlog-proof`), a record bundle, or logs (an
exported directory or ZIP, a log prefix or base URL). Trusts only the descriptors and keys of the caller, never what
lies beside a log: a descriptor or DID document that differs from the trusted one is a finding. Every file of an
exported tree is either checked to the byte or listed as not covered. Raises for nothing that it reads.
"""

import os
import zipfile
from asyncio import to_thread
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from chmsync.acceptance import check_authority
from chmsync.audit_log import LogAudit, open_signed
from chmsync.canonical import JsonValue, decode, encode, parse
from chmsync.checkpoint import Checkpoint
from chmsync.entry import PUT, Entry, below
from chmsync.errors import FormatError, LogCode, LogRefused, RecordCode, RecordRefused
from chmsync.http import Client
from chmsync.limits import RECORD_BYTES, TILE_WIDTH, Limits
from chmsync.member import Member, did_document
from chmsync.merkle import leaf_hash, verify_inclusion
from chmsync.mirror import RECORD_TYPE, mirror_name
from chmsync.ports import SchemaCheck
from chmsync.proof import verify_document
from chmsync.sources import DirectoryTree, HttpSource, OfflineTree, Source, TreeSource, open_tree
from chmsync.tlog_proof import TlogProof
from chmsync.verdict import Audit, Auditor, Finding, Notes, Progress, Trust

__all__ = ["Audit", "Finding", "Progress", "Trust", "audit"]

_PROOF_HEADER: Final = b"c2sp.org/tlog-proof@"
_BUNDLE_BYTES: Final = TILE_WIDTH * (RECORD_BYTES + 1)
_DID_DOCUMENTS: Final = (".well-known/did.json", "did.json")
#: Files looked at in one go on a thread.
_CHUNK: Final = 256


async def audit(
    target: str,
    trust: Trust,
    *,
    client: Client | None = None,
    schemas: SchemaCheck | None = None,
    limits: Limits | None = None,
    progress: Progress = lambda _log, _done, _steps: None,
) -> Audit:
    """Verify a file, a directory or what a URL gives.

    Args:
        target: path or http(s) URL.
        trust: every descriptor and log key named here must be found again if the target holds logs.
        client: fetches URLs; not needed for files.
        schemas: knows record types; without, schemas are not covered.
        limits: for what is read.
        progress: told after every block of entries.
    """
    on = Auditor(trust, schemas, limits or Limits(), progress, Notes())
    try:
        if target.startswith(("http://", "https://")):
            await _url(on, target, client)
        else:
            await _path(on, Path(target))
    except LogRefused as refused:
        on.notes.find(target, refused.code, refused.detail)
    except FormatError as error:
        on.notes.find(target, "FORMAT", str(error))
    except OSError as error:
        on.notes.find(target, LogCode.UNREACHABLE, error.strerror or str(error))
    return on.notes.verdict()


# -- what was given --------------------------------------------------------------------------------------------------


async def _url(on: Auditor, url: str, client: Client | None) -> None:
    """A log prefix or base URL if there is a checkpoint, else one document."""
    if client is None:
        raise LogRefused(LogCode.UNREACHABLE, "there is no client to fetch URLs with")
    base = url.rstrip("/")
    for prefix in (base, f"{base}/log"):
        source = HttpSource(client, prefix)
        try:
            answer = await source.checkpoint(None)
        except LogRefused:
            continue
        assert answer is not None
        origin = answer[0].partition(b"\n")[0].decode(errors="replace")
        await _logs(on, [(origin, source, prefix)], url)
        on.notes.leave(f"{prefix}/record/...: single records; their texts were read from record bundles")
        return
    _document(on, (await client.get(url, limit=_BUNDLE_BYTES, accept=RECORD_TYPE)).body, url)


async def _path(on: Auditor, path: Path) -> None:
    if await to_thread(path.is_dir):
        await _directory(on, await to_thread(path.resolve))
    elif await to_thread(zipfile.is_zipfile, path):
        with await to_thread(open_tree, path, on.limits) as tree:
            await _tree(on, tree)
    else:
        _document(on, await to_thread(_read, path), path.name)


async def _directory(on: Auditor, path: Path) -> None:
    """A web root, or the folder of one log."""
    if (path / "checkpoint").is_file() and not (path / "log").is_dir():
        with await to_thread(DirectoryTree, path.parent, on.limits) as tree:
            source = TreeSource(tree, path.name)
            await _offline(on, tree, [(_origin(tree, path.name), source)])
        return
    with await to_thread(open_tree, path, on.limits) as tree:
        await _tree(on, tree)


def _origin(tree: OfflineTree, prefix: str) -> str:
    note = tree.read(f"{prefix}/checkpoint", tree.limits.note_bytes)
    return note.partition(b"\n")[0].decode(errors="replace")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_BUNDLE_BYTES + 1)
    if len(data) > _BUNDLE_BYTES:
        raise LogRefused(LogCode.LIMIT, f"{path.name}: more than {_BUNDLE_BYTES} bytes")
    return data


# -- logs ------------------------------------------------------------------------------------------------------------


async def _logs(on: Auditor, logs: Sequence[tuple[str, Source, str]], whole: str) -> list[LogAudit]:
    """Audit the logs that are trusted, or all if nothing is; gives those whose entries are proven."""
    done = []
    known = on.trust.origins
    for origin, source, where in logs:
        keys = on.trust.keys(origin)
        if keys is None and known:
            on.notes.leave(f"{where}: the log of {origin or 'nobody'}; give the --member or --vkey of it")
            continue
        log = LogAudit(on, source, where, keys)
        if await log.run():
            done.append(log)
    there = {origin for origin, _, _ in logs}
    for origin in known:
        if origin not in there:
            on.notes.find(whole, LogCode.NOT_A_MEMBER, f"there is no log of {origin}")
    if not there:
        on.notes.find(whole, "FORMAT", "there is no log in it")
    return done


async def _offline(on: Auditor, tree: OfflineTree, logs: Sequence[tuple[str, Source]]) -> None:
    named = [(origin, source, _prefix(source)) for origin, source in logs]
    for origin, _, prefix in named:
        if prefix.startswith("mirror/") and prefix != f"mirror/{mirror_name(origin)}":
            on.notes.find(f"{prefix}/checkpoint", LogCode.BAD_NOTE, "it stands in the folder of another log")
    for log in await _logs(on, named, tree.path.name):
        await _in_chunks(_files(tree, f"{log.where}/"), partial(_leftovers, tree, log))


def _prefix(source: Source) -> str:
    assert isinstance(source, TreeSource)
    return source.prefix


async def _tree(on: Auditor, tree: OfflineTree) -> None:
    """A web root: its logs, and what stands beside them."""
    logs = await to_thread(tree.logs)
    await _offline(on, tree, logs)
    own = next((origin for origin, source in logs if _prefix(source) == "log"), None)
    member = next((member for member in on.trust.members if member.origin == own), None)
    inside = tuple(f"{_prefix(source)}/" for _, source in logs)
    for name in await to_thread(lambda: sorted(name for name in _files(tree, "") if not name.startswith(inside))):
        _beside_logs(on, tree, name, member)


def _beside_logs(on: Auditor, tree: OfflineTree, name: str, member: Member | None) -> None:
    """Descriptor and DID document must say what is trusted; the rest nobody signed."""
    if member is None or name not in {"member.json", *_DID_DOCUMENTS}:
        on.notes.leave(f"{name}: nothing signs it")
        return
    on.notes.count("documents")
    try:
        found = parse(tree.read(name, on.limits.document_bytes))
    except (FormatError, LogRefused) as error:
        on.notes.find(name, "DOCUMENT", str(error))
        return
    trusted = member.document() if name == "member.json" else did_document(member)
    if encode(found) != encode(trusted):
        on.notes.find(name, "DOCUMENT", "it differs from the descriptor that is trusted")


async def _in_chunks(names: Iterable[str], look: Callable[[Sequence[str]], None]) -> None:
    """Look at many small files without a change of threads for each."""
    remaining = iter(names)
    while chunk := await to_thread(lambda: list(islice(remaining, _CHUNK))):
        await to_thread(look, chunk)


def _leftovers(tree: OfflineTree, log: LogAudit, names: Sequence[str]) -> None:
    for name in names:
        log.leftover(name.removeprefix(f"{log.where}/"), partial(tree.read, name))


def _files(tree: OfflineTree, below: str) -> Iterator[str]:
    """Names of all files of a tree that begin so."""
    if not tree.path.is_dir():
        with zipfile.ZipFile(tree.path) as archive:
            yield from (name for name in archive.namelist() if name.startswith(below) and not name.endswith("/"))
        return
    for folder, _, files in os.walk(tree.path / below):
        place = Path(folder).relative_to(tree.path).as_posix()
        yield from (name if place == "." else f"{place}/{name}" for name in files)


# -- single documents ------------------------------------------------------------------------------------------------


def _document(on: Auditor, data: bytes, where: str) -> None:
    """A proof, a record bundle or a record, by how it begins."""
    lines = data.split(b"\n")
    if data.startswith(_PROOF_HEADER):
        _proof(on, data, where)
    elif len(lines) > 1 and any(lines) and all(line[:1] == b"{" and line[-1:] == b"}" for line in lines if line):
        if lines[-1]:
            on.notes.find(where, "FORMAT", "its last line does not end in a newline")
        for number, line in enumerate(lines, 1):
            if line:
                _record(on, line, f"{where}, line {number}")
    elif data.lstrip()[:1] == b"{":
        _record(on, data, where)
    else:
        raise FormatError("neither a record, nor a proof, nor a record bundle, nor a log")


def _record(on: Auditor, body: bytes, where: str) -> None:
    """One record by itself: its form, its publisher and its proof; not its place in a log."""
    on.notes.count("records")
    try:
        document = decode(body)
    except FormatError as error:
        on.notes.find(where, RecordCode.CANONICAL, str(error))
        return
    assert isinstance(document, dict)  # it begins with a brace
    on.notes.leave("place in a log: whether the record is logged, the newest and in force; verify its proof too")
    on.leave_schemas()
    publisher = document.get("publisher")
    member = next((member for member in on.trust.members if member.did == publisher), None)
    if member is None and not on.trust.members:
        on.notes.leave(f"{where}: who signed it; give the --member of {publisher}")
        return
    try:
        _check_record(on, document, member)
    except RecordRefused as refused:
        on.notes.find(where, refused.code, refused.detail)
    else:
        on.notes.prove()


def _check_record(on: Auditor, document: dict[str, JsonValue], member: Member | None) -> None:
    if member is None:
        raise RecordRefused(RecordCode.MISMATCH, f"its publisher is {document.get('publisher')}, nobody who is trusted")
    iri, government = document.get("id"), document.get("government")
    if not isinstance(iri, str) or not below(member.id_prefixes, iri):
        raise RecordRefused(RecordCode.FOREIGN_IRI, f"{iri} is not below the member's prefixes")
    if government is not None and government not in member.authority.governments:
        raise RecordRefused(RecordCode.AUTHORITY, f"the member may not speak for {government}")
    if member.authority.types and document.get("type") not in member.authority.types:
        raise RecordRefused(RecordCode.AUTHORITY, f"the member may not publish records of type {document.get('type')}")
    if not on.judge.known_context(document.get("@context")):
        raise RecordRefused(RecordCode.CONTEXT, "the record's @context is not one that this software ships")
    keys = {key.id: key.public for key in member.record_keys}
    verify_document(document, keys.get)
    problem = on.judge.problem(document)
    if problem is not None:
        raise RecordRefused(RecordCode.SCHEMA, problem)


def _proof(on: Auditor, data: bytes, where: str) -> None:
    """The proof of one entry: its checkpoint, the way to it, the entry itself."""
    on.notes.count("proofs")
    proof = TlogProof.parse(data)
    origin = proof.checkpoint.partition(b"\n")[0].decode(errors="replace")
    keys = on.trust.keys(origin)
    if keys is None and on.trust.origins:
        on.notes.find(where, LogCode.NOT_A_MEMBER, f"it is of the log {origin!r}, which is not trusted")
        return
    before = on.notes.findings
    checkpoint = open_signed(on, proof.checkpoint, where, keys)
    if proof.extra is None:
        on.notes.leave(f"{where}: the entry, which the proof does not carry")
        return
    if checkpoint is not None:
        _check_proof(on, proof, proof.extra, checkpoint, where)
    on.notes.leave("text of the record: verify it too, and compare its SHA-256 with the entry's")
    on.notes.leave("later entries: whether the record is still in force after this checkpoint")
    if keys is not None and on.notes.findings == before:
        on.notes.prove()


def _check_proof(on: Auditor, proof: TlogProof, leaf: bytes, checkpoint: Checkpoint, where: str) -> None:
    keys = on.trust.keys(checkpoint.origin)
    try:
        verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
        if keys is None or keys.member is None:
            on.notes.leave(f"{where}: whether the log may speak for this record; give the --member")
            Entry.parse(leaf)
        else:
            _check_entry(Entry.parse(leaf), proof.index, keys.member)
    except RecordRefused as refused:
        on.notes.find(where, refused.code, refused.detail)
    except FormatError as error:
        on.notes.find(where, "INCLUSION", str(error))


def _check_entry(entry: Entry, index: int, member: Member) -> None:
    if not below(member.id_prefixes, entry.id):
        raise RecordRefused(RecordCode.FOREIGN_IRI, f"{entry.id} is not below the member's prefixes")
    if entry.op == PUT:
        check_authority(entry, index, member)
