"""A record as the search sees it: its words, its values, its dates.

Owns which members are read as title, text or code (`plans`), and the limits of one record's share of the index; they
are those of PostgreSQL's tsvector, kept here so that both databases hold the same. Refuses nothing and never raises:
what has another form than its schema says is passed over.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chmnode.analysis.analyzer import Analyzer
from chmnode.analysis.coded import Codes, presentable
from chmnode.analysis.languages import SIX, UNTAGGED, detected, primary
from chmnode.analysis.plans import SEAT, UNKNOWN, Coded, Plan, plan_of
from chmnode.concepts import Concepts
from chmnode.records.catalogue import Catalogue

#: Precedes a word of the title. Neither it nor `GAP` can be in a token, whatever is typed.
TITLE: Final = "\u02d9"
#: Stands between two texts, so that no phrase is found across them.
GAP: Final = "\u00a6"
#: PostgreSQL counts positions to 16,383, and 256 of one lexeme.
MOST_TOKENS: Final = 16_000
MOST_OF_ONE: Final = 250
#: Words of the titles in one language that count as such, and tokens of all; what is longer hides no other record.
MOST_TITLE_WORDS: Final = 60
MOST_TITLE_TOKENS: Final = 400
#: Bytes of all tokens together: a tsvector holds less than a megabyte, one folded letter may be many.
MOST_BYTES: Final = 600_000
MOST_VALUES: Final = 500
MOST_TEXTS: Final = 200
#: Characters of one text that are read, and of all texts together.
LONGEST_TEXT: Final = 100_000
LONGEST_TEXTS: Final = 400_000
#: How deep, and how many members, texts are looked for where no schema tells where they are.
DEEPEST: Final = 4
MOST_MEMBERS: Final = 2_000

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])", re.ASCII)
#: When a record has too many values, those of the first names are kept.
_RANKS: Final = {
    name: rank
    for rank, name in enumerate(
        ("type", "government", "language", "target", "subject", "help", "area", "country", "region", "eligible")
    )
}
#: A gap among tokens that each have a space behind them.
_GAP: Final = f"{GAP} "


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index holds of a record."""

    #: Tokens joined by spaces: texts, then titles once more with `TITLE` before each word.
    words: str
    #: `facet=value`, sorted, each once.
    values: tuple[str, ...]
    #: The last day on which it is open, `YYYY-MM-DD`.
    closes: str | None
    issued: str | None


class Indexer:
    """Makes what the index holds of a record, the same on every node with the same vocabularies."""

    def __init__(self, catalogue: Catalogue, concepts: Concepts, analyzer: Analyzer | None = None) -> None:
        self._catalogue = catalogue
        self._concepts = concepts
        self._analyzer = analyzer or Analyzer(concepts)
        self._plans = {key: plan_of(kind) for key, kind in catalogue.schemas.items()}
        self._by_type = {name: self._plans[kind.schema_id] for name, kind in catalogue.types.items()}
        self._codes: dict[Coded, Codes] = {}
        #: By the identity of a plan, which lives as long as this.
        self._members: dict[int, list[tuple[str, Codes]]] = {}
        self._tag_values: dict[str, tuple[str, str]] = {}

    def prepare(self) -> None:
        """Compile the labels of all languages now, not when a text of each comes."""
        for lang in SIX:
            self._analyzer.gazetteer(lang)

    def document(self, record: Mapping[str, Any]) -> Indexed:
        """What the index holds of this record; whatever a record of an unknown type has, and in bounded time."""
        plan = self._plan(record)
        written = _written(record)
        titles, texts = _Texts(written), _Texts(written)
        values: set[str] = set()
        kind = record.get("type")
        if isinstance(kind, str) and presentable(kind):
            values.add(f"type={kind}")
        self._read(record, plan, titles, texts, values)
        if not record.keys() <= plan.names:
            others = {name: value for name, value in record.items() if name not in plan.names}
            _gather(others, texts, [MOST_MEMBERS])
        words = self._words(titles, texts, values)
        return Indexed(words, _sorted(values), _first_date(record, plan.closes), _date(record.get("issued")))

    def _plan(self, record: Mapping[str, Any]) -> Plan:
        schema, kind = record.get("schema"), record.get("type")
        plan = self._plans.get(schema) if isinstance(schema, str) else None
        if plan is None and isinstance(kind, str):
            plan = self._by_type.get(kind)
        return plan or UNKNOWN

    def _read(self, holder: Mapping[str, Any], plan: Plan, titles: "_Texts", texts: "_Texts", values: set[str]) -> None:
        """Take in the members that the plan names."""
        given = holder.get
        for name in plan.titles:
            if text := given(name):
                titles.add(text)
        for name in plan.texts:
            if text := given(name):
                texts.add(text)
        self._read_codes(holder, plan, values)
        for name, inner in plan.within:
            for item in _items(given(name)):
                self._read(item, inner, titles, texts, values)

    def _read_codes(self, holder: Mapping[str, Any], plan: Plan, values: set[str]) -> None:
        for name, codes in self._coded(plan):
            if code := holder.get(name):
                values.update(*codes.all(code))
        if plan.seat and (code := holder.get(SEAT)) and not holder.get("countries"):
            values.update(*self._remembered(plan.seat).all(code))

    def _coded(self, plan: Plan) -> list[tuple[str, Codes]]:
        """The members of a plan that hold codes, with what the codes stand for."""
        known = self._members.get(id(plan))
        if known is None:
            known = [(member.name, self._remembered(member)) for member in plan.coded]
            self._members[id(plan)] = known
        return known

    def _remembered(self, member: Coded) -> Codes:
        return self._codes.get(member) or self._codes.setdefault(member, Codes(self._concepts, member))

    def _words(self, titles: "_Texts", texts: "_Texts", values: set[str]) -> str:
        """Tokens of titles and texts, and the values of concepts read in them."""
        body: list[str] = []
        heads: list[str] = []
        for lang in {**titles.found, **texts.found}:
            spelt = self._analyzer.lexicon(lang).__getitem__
            pieces = _pieces(spelt, titles.found.get(lang, ()))
            if pieces:
                head = pieces[:MOST_TITLE_WORDS]
                heads += (_GAP, *head) if heads else head
            if more := texts.found.get(lang):
                pieces += (_GAP, *_pieces(spelt, more)) if pieces else _pieces(spelt, more)
            body += (_GAP, *pieces) if body else pieces
            if lang in SIX:
                self._read_tags(self._analyzer.gazetteer(lang).keys(pieces), values)
        return _fitted(body, "".join(heads).split())

    def _read_tags(self, keys: set[str], values: set[str]) -> None:
        """Concepts read in a text that the record's author has not chosen himself."""
        for key in keys:
            coded, read = self._tag_values.get(key) or self._tag(key)
            if coded not in values:
                values.add(read)

    def _tag(self, key: str) -> tuple[str, str]:
        return self._tag_values.setdefault(key, (f"concept={key}", f"text={key}"))


def _written(record: Mapping[str, Any]) -> str:
    """The language of texts that are not tagged, where the record is in one language only."""
    languages = record.get("languages")
    sole = languages[0] if isinstance(languages, list) and len(languages) == 1 else None
    return primary(sole) if isinstance(sole, str) and _TAG.fullmatch(sole) else ""


class _Texts:
    """Texts by language, as many as are read."""

    __slots__ = ("_left", "_room", "_written", "found")

    def __init__(self, written: str) -> None:
        self.found: dict[str, list[str]] = {}
        self._written = written
        self._left = MOST_TEXTS
        self._room = LONGEST_TEXTS

    def add(self, value: Any) -> None:
        """A language map, or a plain text, or a list of them."""
        if isinstance(value, dict):
            for tag, text in value.items():
                if isinstance(text, str):
                    self._take(text, _PRIMARY.get(tag) or _primary(tag))
        elif isinstance(value, str):
            self._take(value, self._written)
        elif isinstance(value, list):
            for item in value[:MOST_TEXTS]:
                if isinstance(item, dict | str):
                    self.add(item)

    def _take(self, text: str, lang: str) -> None:
        if self._left <= 0 or self._room <= 0:
            return
        if len(text) > LONGEST_TEXT or len(text) > self._room:
            text = text[: min(LONGEST_TEXT, self._room)]
        self._left -= 1
        self._room -= len(text)
        if lang in UNTAGGED:
            lang = detected(text)
        if lang in self.found:
            self.found[lang].append(text)
        else:
            self.found[lang] = [text]


#: The languages of most texts, which need no reading of their tags.
_PRIMARY: Final = {lang: lang for lang in SIX}


def _primary(tag: Any) -> str:
    return primary(tag) if isinstance(tag, str) and tag.isascii() else ""


def _gather(value: Any, texts: _Texts, left: list[int], depth: int = 0) -> None:
    """Every language map in what no schema describes, as deep and as long as is allowed."""
    if depth > DEEPEST or left[0] <= 0:
        return
    left[0] -= 1
    if isinstance(value, Mapping):
        if value and depth and all(map(_is_translation, value.items())):
            texts.add(dict(value))
        else:
            for item in value.values():
                _gather(item, texts, left, depth + 1)
    elif isinstance(value, list):
        for item in value:
            if left[0] <= 0:
                return
            _gather(item, texts, left, depth + 1)


def _is_translation(item: tuple[Any, Any]) -> bool:
    tag, text = item
    return isinstance(text, str) and isinstance(tag, str) and bool(_TAG.fullmatch(tag))


def _items(value: Any) -> Iterator[Mapping[str, Any]]:
    """Objects in a member that holds one or many."""
    if isinstance(value, Mapping):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value[:MOST_TEXTS] if isinstance(item, Mapping))


def _pieces(spelt: Callable[[str], str], texts: Iterable[str]) -> list[str]:
    """The tokens of each spelling in these texts."""
    pieces: list[str] = []
    for text in texts:
        if pieces:
            pieces.append(_GAP)
        pieces += map(spelt, text.split())
    return pieces


def _fitted(pieces: list[str], titles: list[str]) -> str:
    """The tokens of all texts, then those of the titles marked, as many as one document may have."""
    body = "".join(pieces)
    cut = len(body) > MOST_BYTES // 4 and len(body.encode()) > MOST_BYTES
    if cut:
        body = body.encode()[:MOST_BYTES].decode(errors="ignore").rpartition(" ")[0] + " "
    count = body.count(" ")
    if titles:
        titles = titles[:MOST_TITLE_TOKENS]
        room = MOST_TOKENS - len(titles) - 1
        marked = " ".join([token if token == GAP else TITLE + token for token in titles])
        body = f"{body if count <= room else _first(body, room)}{_GAP}{marked} "
    elif count > MOST_TOKENS:
        body = _first(body, MOST_TOKENS)
    if (cut or len(titles) > MOST_OF_ONE or _many(pieces, count)) and (kept := _bounded(body.split())) is not None:
        return " ".join(kept)
    return body[:-1]


def _many(pieces: list[str], count: int) -> bool:
    """Whether one token may stand too often in these pieces with so many tokens: never said wrongly to be few.

    A token is at most as often a piece by itself as pieces are repeated; and of the pieces with several tokens, each
    has two at least, so that they have no more than twice as many as there are more tokens than pieces.
    """
    if count < MOST_OF_ONE:
        return False
    unlike = set(pieces)
    full = len(pieces) - (pieces.count("") if "" in unlike else 0)
    return full - len(unlike) + 2 + 2 * (count - full) > MOST_OF_ONE


def _first(spaced: str, most: int) -> str:
    return "".join([f"{token} " for token in spaced.split()[:most]])


def _bounded(tokens: list[str]) -> list[str] | None:
    """Tokens without those beyond the most that may be of one; None where there are none beyond."""
    if len(tokens) - len(set(tokens)) < MOST_OF_ONE or max(Counter(tokens).values()) <= MOST_OF_ONE:
        return None
    seen: Counter[str] = Counter()
    kept = []
    for token in tokens:
        seen[token] += 1
        if seen[token] <= MOST_OF_ONE:
            kept.append(token)
    return kept


def _sorted(values: set[str]) -> tuple[str, ...]:
    if len(values) <= MOST_VALUES:
        return tuple(sorted(values))
    ranked = sorted(values, key=lambda value: (_RANKS.get(value.partition("=")[0], len(_RANKS)), value))
    return tuple(sorted(ranked[:MOST_VALUES]))


def _first_date(record: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        date = _date(record.get(name))
        if date:
            return date
    return None


def _date(value: Any) -> str | None:
    """The day of a date or time."""
    match = _DATE.match(value) if isinstance(value, str) else None
    return match[0] if match else None
