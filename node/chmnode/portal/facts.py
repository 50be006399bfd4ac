"""A record as its page shows it: texts, facts and links in the reader's language.

Driven by the schema file of the type (`records.catalogue`), so that a new type or field needs nothing here; a record of
a type that this node does not know is told from its members. Refuses links that are not web addresses: a harvested
record of an unknown type may hold anything.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from chmnode.concepts import Concepts
from chmnode.portal.i18n import N_, Reader, direction
from chmnode.portal.words import RELATIONS
from chmnode.records.catalogue import PREFIX, Catalogue, RecordType
from chmnode.records.fields import Field
from chmnode.records.text import Text, is_machine, text

#: Members that a page shows elsewhere than among the facts: in its head, or in "Where this comes from".
_ELSEWHERE: Final = frozenset({"title", "summary", "@context", "proof"})
_ENVELOPE_ELSEWHERE: Final = frozenset(
    {
        "id",
        "type",
        "schema",
        "identifier",
        "publisher",
        "revision",
        "issued",
        "modified",
        "languages",
        "translations",
        "license",
        "source",
    }
)
_ENVELOPE: Final = f"{PREFIX}envelope/1.0"
_YES, _NO = N_("Yes"), N_("No")
_LABELLED = N_("%(label)s: %(text)s")
_TARGET = N_("Target %(n)s: %(text)s")
#: Global targets are known by their numbers.
_TARGET_CODE = re.compile(r"GBF-TARGET-0*([1-9][0-9]*)")
#: A language tag, as far as its form tells.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_CONTACT = N_("Through the publishing node; no address is shown.")
#: A record may name many others; titles are looked up for so many.
MOST_LINKS: Final = 50
#: Characters of a title in a list, and of any one text on the page of a record; the raw formats have the rest.
LINE_CHARACTERS: Final = 500
TEXT_CHARACTERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a fact."""

    text: str
    #: The language of the text, where it is not the reader's.
    lang: str | None = None
    href: str | None = None
    #: Translated by a machine and not reviewed.
    machine: bool = False
    #: There is more of it than is shown.
    cut: bool = False

    @property
    def dir(self) -> str | None:
        """How the language of the text is written, where it is not the reader's."""
        return direction(self.lang) if self.lang else None

    def within(self, characters: int) -> "Value":
        """The same in at most so many characters."""
        text, cut = _cut(self.text, characters)
        return replace(self, text=text, cut=True) if cut else self


@dataclass(frozen=True, slots=True)
class Fact:
    """A member with its values, or, for an object, the facts within each."""

    label: str
    values: tuple[Value, ...] = ()
    parts: tuple[tuple["Fact", ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of several paragraphs."""

    label: str
    paragraphs: tuple[str, ...]
    lang: str | None
    machine: bool
    #: There is more of it than is shown.
    cut: bool

    @property
    def dir(self) -> str | None:
        """How the language of the text is written, where it is not the reader's."""
        return direction(self.lang) if self.lang else None


@dataclass(frozen=True, slots=True)
class Link:
    """Where a record is shown, and its title if we hold it."""

    href: str
    title: Text | None


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells records to one reader.

    Args:
        reader: whose language it is.
        catalogue: of record types.
        concepts: for the labels of codes.
        links: addresses and titles of other records, by IRI.
    """

    reader: Reader
    catalogue: Catalogue
    concepts: Concepts
    links: Mapping[str, Link]
    #: Address of the page of a concept, by its vocabulary and notation; without it codes are no links.
    concept: Callable[[str, str], str] | None = None

    def kind(self, record: Mapping[str, Any]) -> str:
        """What kind of record it is."""
        known = self.catalogue.of(record)
        return self.reader.say(known.label) if known else str(record.get("type", ""))[:LINE_CHARACTERS]

    def title(self, record: Mapping[str, Any]) -> Value:
        """The title, or what stands for it."""
        found = text(record, "title", self.reader.lang)
        value = self._value(record, found) if found else Value(str(record.get("identifier") or record.get("id", "")))
        return value.within(TEXT_CHARACTERS)

    def gist(self, record: Mapping[str, Any]) -> Passage | None:
        """What the record is about, in a few lines; none where a passage right below says it in full."""
        known = self.catalogue.of(record)
        for member in known.gist if known else ("summary",):
            if found := text(record, member, self.reader.lang):
                field = known.field(member) if known else None
                below = member != "summary" and field is not None and field.kind == "text"
                return None if below else self._passage(record, "", found)
        return None

    def passages(self, record: Mapping[str, Any]) -> list[Passage]:
        """The long texts, each under its label."""
        known = self.catalogue.of(record)
        envelope = self._envelope()
        names = [(f.name, f.label) for f in (known.fields if known else envelope.values()) if f.kind == "text"]
        if known is None:
            names += [(name, name) for name, value in record.items() if name not in envelope and is_language_map(value)]
        found = [(label, text(record, name, self.reader.lang)) for name, label in names if name not in _ELSEWHERE]
        return [self._passage(record, self.reader.say(label), told) for label, told in found if told]

    def facts(self, record: Mapping[str, Any]) -> list[Fact]:
        """Everything else that the record says."""
        known = self.catalogue.of(record)
        facts = self._known(record, known) if known else self._unknown(record)
        return [fact for fact in facts if fact.values or fact.parts]

    def label(self, record: Mapping[str, Any], name: str) -> str:
        """What a member is called."""
        field = self._field(record, name)
        return self.reader.say(field.label) if field else name[:LINE_CHARACTERS]

    def told(self, record: Mapping[str, Any], name: str) -> list[str]:
        """A member that is no text, item by item in words."""
        if (value := record.get(name)) is None:
            return []
        field = self._field(record, name)
        if field is None:
            return [self._generic(item).within(TEXT_CHARACTERS).text for item in _items(value)]
        fact = self._fact(record, field, value)
        return [value.text for value in fact.values] + [self._flat(part) for part in fact.parts]

    def _flat(self, part: Sequence[Fact]) -> str:
        """The facts of an object in a line."""
        told = ((fact.label, [v.text for v in fact.values] or [self._flat(p) for p in fact.parts]) for fact in part)
        return "; ".join(self.reader.say(_LABELLED, label=label, text=", ".join(items)) for label, items in told)

    def _field(self, record: Mapping[str, Any], name: str) -> Field | None:
        known = self.catalogue.of(record)
        return known.field(name) if known else self._envelope().get(name)

    def place(self, record: Mapping[str, Any]) -> list[Value]:
        """Where it applies."""
        held = (("countries", record.get("countries")), ("regions", record.get("regions")))
        return [self.code(scheme, str(code)) for scheme, codes in held for code in _items(codes)]

    def helps(self, record: Mapping[str, Any]) -> list[Value]:
        """The kinds of help it is about."""
        members = ("assistanceTypes", "assistanceTypesFree")
        return [self.code("assistance-types", str(code)) for member in members for code in _items(record.get(member))]

    def code(self, scheme: str, code: str) -> Value:
        """The label of a code; a code that this node does not know is shown as it is."""
        concept = self.concepts.get(scheme, code)
        if concept is None:
            return Value(code).within(LINE_CHARACTERS)
        label = self.concepts.label(concept, self.reader.lang)
        target = _TARGET_CODE.fullmatch(code)
        told = self.reader.say(_TARGET, n=self.reader.number(int(target[1])), text=label.text) if target else label.text
        href = self.concept(scheme, concept.notation) if self.concept else None
        return Value(told, self._foreign(label.lang), href, machine=label.machine)

    def _foreign(self, lang: str) -> str | None:
        return None if lang.partition("-")[0] == self.reader.lang else lang

    def _value(self, record: Mapping[str, Any], found: Text) -> Value:
        return Value(found.text, self._foreign(found.lang), machine=is_machine(record, found.lang))

    def _passage(self, record: Mapping[str, Any], label: str, found: Text) -> Passage:
        shown, cut = _cut(found.text, TEXT_CHARACTERS)
        paragraphs = tuple(part.strip() for part in shown.replace("\r\n", "\n").split("\n\n") if part.strip())
        return Passage(label, paragraphs, self._foreign(found.lang), is_machine(record, found.lang), cut)

    def _known(self, record: Mapping[str, Any], known: RecordType) -> Iterator[Fact]:
        for field in known.fields:
            if field.name in _ELSEWHERE | _ENVELOPE_ELSEWHERE or field.kind == "text":
                continue
            if (value := record.get(field.name)) is not None:
                yield self._fact(record, field, value)

    def _fact(self, record: Mapping[str, Any], field: Field, value: object) -> Fact:
        fact = self._as_is(record, field, value)
        return replace(fact, values=tuple(value.within(TEXT_CHARACTERS) for value in fact.values))

    def _as_is(self, record: Mapping[str, Any], field: Field, value: object) -> Fact:
        label = self.reader.say(field.label)
        if field.name == "contactPoint":
            return Fact(label, (Value(self.reader.say(_CONTACT)),))
        if field.name == "relation":
            return Fact(label, tuple(self._related(item) for item in _items(value)))
        if field.translated:
            found = text({**record, field.name: value}, field.name, self.reader.lang)
            return Fact(label, (self._value(record, found),) if found else ())
        items = _items(value) if field.many else [value]
        if field.kind in {"money", "link"} or not field.fields:
            return Fact(label, tuple(self._plain(field, item) for item in items))
        return Fact(label, parts=tuple(tuple(self._within(record, field, item)) for item in items))

    def _within(self, record: Mapping[str, Any], field: Field, item: object) -> Iterator[Fact]:
        """The facts of an object within a record, whose texts are in the languages of the record."""
        if isinstance(item, Mapping):
            shared = {name: record.get(name) for name in ("languages", "translations")}
            for member in field.fields:
                if member.name in item:
                    yield self._fact({**shared, **item}, member, item[member.name])

    def _plain(self, field: Field, item: Any) -> Value:
        match field.kind:
            case "code" if field.scheme:
                return self.code(field.scheme, str(item))
            case "choice":
                return Value(self.reader.say(dict(field.choices).get(item, str(item))))
            case "boolean":
                return Value(self.reader.say(_YES if item else _NO))
            case "integer" if isinstance(item, int):
                return Value(self.reader.number(item))
            case "date" | "dateTime" | "partialDate":
                return Value(self.reader.day(str(item)))
            case "language":
                return Value(self.reader.language(str(item)))
            case "money":
                return Value(self.reader.money(item["amount"], item["currency"]))
            case "link":
                return Value(item.get("name") or item["url"], href=web_address(item["url"]))
            case "recordIri" | "iri":
                return self._linked(str(item))
            case _:
                return Value(_shown(item))

    def _linked(self, iri: str) -> Value:
        link = self.links.get(iri)
        if link is None:
            return Value(iri, href=web_address(iri))
        return Value(link.title.text if link.title else iri, self._foreign_of(link), link.href)

    def _foreign_of(self, link: Link) -> str | None:
        return self._foreign(link.title.lang) if link.title else None

    def _related(self, item: Any) -> Value:
        kind, target = (item.get("type"), item.get("id")) if isinstance(item, Mapping) else (None, None)
        value = self._linked(str(target))
        label = self.reader.say(RELATIONS.get(str(kind), str(kind)))
        return Value(self.reader.say(_LABELLED, label=label, text=value.text), value.lang, value.href)

    def _unknown(self, record: Mapping[str, Any]) -> Iterator[Fact]:
        envelope = self._envelope()
        for name, value in record.items():
            field = envelope.get(name)
            if name in _ELSEWHERE | _ENVELOPE_ELSEWHERE or (field and field.kind == "text"):
                continue
            if field is not None and value is not None:
                yield self._fact(record, field, value)
            elif not is_language_map(value):
                values = (self._generic(item).within(TEXT_CHARACTERS) for item in _items(value))
                yield Fact(name[:LINE_CHARACTERS], tuple(values))

    def _generic(self, item: Any) -> Value:
        return self._linked(item) if isinstance(item, str) and web_address(item) else Value(_shown(item))

    def _envelope(self) -> dict[str, Field]:
        """The members that records of every type share."""
        shared = self.catalogue.documents[_ENVELOPE]["properties"]
        anyone = next(iter(self.catalogue.types.values()))
        return {field.name: field for field in anyone.fields if field.name in shared}


def linked(record: Mapping[str, Any], known: RecordType | None) -> Sequence[str]:
    """IRIs of other records that a record names."""
    iris = [item.get("id") for item in _items(record.get("relation")) if isinstance(item, Mapping)]
    for field in known.fields if known else ():
        for member, _, value in field.located(record):
            if member.kind == "recordIri" and member.name != "id":
                iris.extend(_items(value))
    return list(dict.fromkeys(iri for iri in iris if isinstance(iri, str)))[:MOST_LINKS]


def web_address(value: object) -> str | None:
    """An address that may be a link."""
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None


def _items(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def is_language_map(value: object) -> bool:
    """Whether a value is a text in one or several languages."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(_LANGUAGE.fullmatch(lang) and isinstance(each, str) for lang, each in value.items())


def _cut(whole: str, characters: int) -> tuple[str, bool]:
    """A text within so many characters, and whether that left some of it out."""
    return (whole, False) if len(whole) <= characters else (f"{whole[: characters - 1].rstrip()}…", True)


def _shown(item: object) -> str:
    return item if isinstance(item, str) else orjson.dumps(item).decode()
