"""`chm record`: what becomes of a record after it was published: ours ends or comes back, anybody's is endorsed.

An endorsement is a record in the log of the government that endorses (records.md, "Envelope"). It names one revision of
one record; the record's later revisions are not endorsed by it. Refuses to endorse what this node cannot vouch for: a
text that is not the one its log says, or a short name that somebody else may have taken.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chmnode.cli.boundary import Refusal, awaited, require_governments
from chmnode.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from chmnode.concepts import Concepts
    from chmnode.node import Node
    from chmnode.storage import StoredRecord
    from chmsync.canonical import JsonValue

#: The type of an endorsement.
ENDORSEMENT: Final = "Endorsement"
#: Its title, by language; in a language that is not here, the title of what is endorsed stands alone.
_TITLES: Final = {
    "ar": "تأييد: {}",
    "en": "Endorsement of: {}",
    "es": "Respaldo de: {}",
    "fr": "Approbation de : {}",
    "ru": "Одобрение: {}",
    "zh": "认可：{}",
}
#: Characters of a title (envelope, `line`).
_TITLE_CHARACTERS: Final = 500
#: Endorsements that are looked through at once for one that there is already.
_PAGE: Final = 500

_REASON_HELP = "Why, as a code: duplicate, error, legal, outdated, owner-request, personal-data."


@click.group()
def record() -> None:
    """Withdraw a record, bring it back, erase it for good, or endorse it.

    ID is the address of the record, its last part, or its identifier (CHM-BBR-KE-12).
    """


@record.command()
@click.argument("name", metavar="ID")
@json_option
@click.pass_obj
@awaited
async def publish(folder: Path, *, name: str, as_json: bool) -> None:
    """Bring back a withdrawn record: its last text becomes a new revision."""
    from chmnode.publishing import Draft

    async with _opened(folder) as node:
        iri = await _address(node, name)
        draft = await _last_text(node, iri)
        result = await node.publisher.stage_drafts([Draft(1, draft)])
        if result.refused:
            told = result.refused[0].document()
            raise Refusal(f"{iri} cannot be published again: {told['field'] or 'it'}: {told['detail']}")
        await node.sequencing.drain()
        await _tell(node, iri, "published", as_json=as_json)


@record.command()
@click.argument("name", metavar="ID")
@click.option("--reason", metavar="CODE", required=True, help=_REASON_HELP)
@json_option
@click.pass_obj
@awaited
async def withdraw(folder: Path, *, name: str, reason: str, as_json: bool) -> None:
    """Take a record out of force; it can be published again."""
    async with _opened(folder) as node:
        iri = await _address(node, name)
        await node.publisher.withdraw(iri, reason)
        await node.sequencing.drain()
        await _tell(node, iri, "withdrawn", as_json=as_json)


@record.command()
@click.argument("name", metavar="ID")
@click.option("--reason", metavar="CODE", required=True, help=_REASON_HELP)
@json_option
@click.pass_obj
@awaited
async def erase(folder: Path, *, name: str, reason: str, as_json: bool) -> None:
    """Delete a record for good, here and with everybody who holds it. There is no way back."""
    async with _opened(folder) as node:
        iri = await _address(node, name)
        await node.publisher.erase(iri, reason)
        await node.sequencing.drain()
        await _tell(node, iri, "erased", as_json=as_json)


@record.command()
@click.argument("name", metavar="ID")
@click.option("--government", metavar="CC", help="The government that endorses, where the node speaks for several.")
@click.option("--statement", metavar="TEXT", help="What the government says of the record; needs --language.")
@click.option("--language", metavar="LANG", help="The language of the statement: en, fr, pt-BR.")
@json_option
@click.pass_obj
@awaited
async def endorse(
    folder: Path, *, name: str, government: str | None, statement: str | None, language: str | None, as_json: bool
) -> None:
    """Endorse a record, of this node or a peer, for a government.

    Publishes an Endorsement that names the record's present revision. When the record changes, endorse it again: the
    Endorsement gets a new revision. To take the endorsement back, withdraw the Endorsement.
    """
    require_governments([] if government is None else [government])
    if (statement is None) != (language is None):
        raise click.UsageError("--statement and --language go together: give both, or neither.")
    said = {language: statement} if language is not None and statement is not None else {}
    async with _opened(folder) as node:
        speaker = _speaker(node, government)
        await node.sequencing.drain()  # what is staged may be what is endorsed, or its endorsement
        endorsed = await _endorsable(node, name)
        older = await _endorsement_of(node, endorsed, speaker)
        draft = endorsement(endorsed, speaker, node.concepts, said)
        published = await _published(node, draft if older is None else {**draft, "id": older}, endorsed.iri)
        _tell_endorsed(node, published, endorsed, as_json=as_json)


def endorsement(
    endorsed: "StoredRecord", government: str, concepts: "Concepts", statement: Mapping[str, str]
) -> "dict[str, JsonValue]":
    """The draft by which a government endorses a record in its present revision.

    It applies where the record applies. A translation by a machine that nobody has reviewed is not quoted: a
    government would sign it.

    Args:
        endorsed: in force, its text intact.
        government: that endorses.
        concepts: the vocabularies; a peer's newer codes, which they lack, are left out.
        statement: of the government, in one language or none.
    """
    document = endorsed.document()
    titles = _titles(endorsed, next(iter(statement), None))
    draft: dict[str, JsonValue] = {
        "type": ENDORSEMENT,
        "government": government,
        "languages": [*titles],
        "title": {**titles},
        "countries": _codes(document, "countries", concepts),
        "regions": _codes(document, "regions", concepts),
        "endorsed": {"id": endorsed.iri, "revision": endorsed.rev, "sha256": endorsed.sha256},
    }
    return {**draft, "statement": {**statement}} if statement else draft


def _titles(endorsed: "StoredRecord", language: str | None) -> dict[str, str]:
    """The title in the languages of the record's own, that of the statement first, else the one it was written in."""
    from chmnode.records.text import Text, is_machine, text, texts

    document = endorsed.document()
    own = {told.lang: told.text for told in texts(document, "title") if not is_machine(document, told.lang)}
    nearest = text({**document, "title": own}, "title", language or "")
    # A type that this node does not know may have no title.
    first = nearest or Text(endorsed.identifier or endorsed.iri, "en")
    told = {language or first.lang: first.text, **own}
    return {lang: _titled(lang, quoted) for lang, quoted in told.items()}


def _titled(lang: str, quoted: str) -> str:
    title = _TITLES.get(lang.partition("-")[0], "{}").format(" ".join(quoted.split()))
    return title if len(title) <= _TITLE_CHARACTERS else f"{title[: _TITLE_CHARACTERS - 1].rstrip()}…"


def _codes(document: Mapping[str, Any], member: str, concepts: "Concepts") -> "list[JsonValue]":
    """The codes of a list that is named like its vocabulary."""
    held = document.get(member)
    codes = held if isinstance(held, list) else []
    return [code for code in codes if isinstance(code, str) and concepts.get(member, code) is not None]


def _speaker(node: "Node", asked: str | None) -> str:
    """The government that endorses."""
    spoken = node.member.authority.governments
    if not spoken:
        raise Refusal("this node speaks for no government, and only governments endorse records")
    if asked is None and len(spoken) > 1:
        raise Refusal(f"this node speaks for {', '.join(spoken)}: say with --government which of them endorses")
    if asked is not None and asked not in spoken:
        raise Refusal(f"this node does not speak for {asked}, but for {', '.join(spoken)}")
    return asked or spoken[0]


async def _endorsable(node: "Node", name: str) -> "StoredRecord":
    """The record that a person means, if it can be endorsed."""
    from chmnode.storage import Records

    iri, records = await _address(node, name), Records(node.database.read)
    found = await records.get(iri)
    if found is None:
        known = await records.entry_of(iri) is not None
        mend = "is not in force" if known else "is no record that this node holds"
        raise Refusal(f"{iri} {mend}: give the address of a record in force, here or of a peer that was harvested")
    if found.origin != node.origin and name != iri:
        raise Refusal(f"anybody may call a record {name}: give its whole address if you mean {iri} of {found.origin}")
    if not found.intact:
        raise Refusal(f"the text of {iri} kept here is damaged, it is not the one its log says: see chm check")
    if found.type == ENDORSEMENT:
        raise Refusal(f"{iri} is an endorsement itself: endorse what it endorses, {_named(found).get('id')}")
    return found


def _named(found: "StoredRecord") -> Mapping[str, Any]:
    """What an endorsement says it endorses."""
    named = found.document().get("endorsed")
    return named if isinstance(named, Mapping) else {}


async def _endorsement_of(node: "Node", endorsed: "StoredRecord", government: str) -> str | None:
    """The address of our endorsement of an older revision; refused if there is one of this revision."""
    from chmnode.storage import Records

    records, after, older = Records(node.database.read), None, None
    while page := await records.page(kind=ENDORSEMENT, origin=node.origin, after=after, limit=_PAGE):
        for found in page:
            named = _named(found) if found.government == government and found.intact else {}
            if named.get("id") != endorsed.iri:
                continue
            if (named.get("revision"), named.get("sha256")) == (endorsed.rev, endorsed.sha256):
                raise Refusal(
                    f"{found.iri} ({found.identifier}) endorses revision {endorsed.rev} of {endorsed.iri} "
                    f"for {government} already"
                )
            older = older or found.iri
        after = page[-1].cursor
    return older


async def _published(node: "Node", draft: "dict[str, JsonValue]", endorsed: str) -> "StoredRecord":
    """Publish an endorsement."""
    from chmnode.publishing import Draft
    from chmnode.storage import Records

    result = await node.publisher.stage_drafts([Draft(1, draft)])
    if result.refused:
        told = result.refused[0].document()
        raise Refusal(f"{endorsed} cannot be endorsed: {told['field'] or 'it'}: {told['detail']}")
    await node.sequencing.drain()
    published = await Records(node.database.read).get(result.accepted[0])
    assert published is not None
    return published


def _tell_endorsed(node: "Node", published: "StoredRecord", endorsed: "StoredRecord", *, as_json: bool) -> None:
    if as_json:
        told = {"id": published.iri, "identifier": published.identifier, "op": "put", "revision": published.rev}
        emit({**told, "index": published.index, "government": published.government, "endorsed": _named(published)})
        return
    say(
        f"{published.government} endorses revision {endorsed.rev} of {endorsed.iri}.",
        f"{published.iri} ({published.identifier}) says so: revision {published.rev}, "
        f"entry {published.index} of {node.origin}.",
    )


@asynccontextmanager
async def _opened(folder: Path) -> "AsyncIterator[Node]":
    """The node, seen at work."""
    from chmnode.cli.running import at_work
    from chmnode.node import open_node

    with at_work(folder):
        async with open_node(folder) as node:
            yield node


async def _tell(node: "Node", iri: str, done: str, *, as_json: bool) -> None:
    from chmnode.storage import Records

    entry = await Records(node.database.read).entry_of(iri)
    assert entry is not None
    if as_json:
        emit({"id": iri, "op": entry.op, "revision": entry.rev, "index": entry.index})
    else:
        say(f"{iri} is {done}: revision {entry.rev}, entry {entry.index} of {node.origin}.")


async def _address(node: "Node", name: str) -> str:
    """The address of the record that a person means."""
    from chmnode.storage import Records

    if "://" in name:
        return name
    records = Records(node.database.read)
    for prefix in node.member.id_prefixes:
        if await records.entry_of(f"{prefix}/{name}") is not None:
            return f"{prefix}/{name}"
    found = await records.by_identifier(name)
    if found is None:
        raise Refusal(f"no record in force here is called {name}: give its whole address, https://.../records/...")
    return found.iri


async def _last_text(node: "Node", iri: str) -> "dict[str, JsonValue]":
    """The last text of a withdrawn record, as a draft."""
    from chmnode.publishing.standing import standings

    standing = (await standings(node.database.read, node.origin, [iri])).get(iri)
    if standing is None:
        raise Refusal(f"{iri} is no record of this node: give the address of one that it has published")
    if standing.op == "put":
        raise Refusal(f"{iri} is in force already, as revision {standing.rev}")
    if standing.op == "erase" or standing.body is None:
        raise Refusal(f"{iri} was erased, its text is gone: import it as a new record")
    document: dict[str, JsonValue] = json.loads(standing.body)
    kind = node.catalogue.of(document)
    owned = {field.name for field in kind.fields if field.owner == "node"} if kind else set()
    return {name: value for name, value in document.items() if name == "id" or name not in owned}
