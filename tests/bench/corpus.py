"""Records as a federation of 20 nodes holds them, as many as are asked for, from one seed: some 3 kB each.

A search index is measured by them, so they differ from the drafts of `drafts.py` in what an index feels: 60,000 words
in each of six languages, as frequent as words are (Zipf), built from the texts of the demonstration and of the
vocabularies and, where those end, from the halves of their words; labels of concepts within the texts; all codes of
all facets, the few often and the many rarely; endorsements. They carry a proof that nobody checks. A block of 1,024
belongs to one log and can be made alone, so that several processes share the work.
"""

import hashlib
import json
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import orjson

from chmnode import resources
from chmnode.concepts import Concepts
from chmsync.entry import Entry

SEED = 20_261_120
BLOCK = 1_024
NODES = 20
LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
WORDS = 60_000
TEXT_BYTES = 1_800
#: Words of a sentence.
SENTENCE = 12
#: 2026-01-01; nothing here depends on the day of the run.
TODAY = 1_767_225_600
DAY = 86_400
DEMO = Path(__file__).parents[2] / "deploy" / "demo" / "import"

_WORD = re.compile(r"[^\W\d_]{2,}")
_TYPES = {
    "Need": ("need", "problem", "validUntil", "BBR"),
    "Offer": ("offer", "description", "applicationDeadline", "BBO"),
    "Resource": ("resource", "description", None, "VLR"),
    "Event": ("event", "description", "endDate", "EVT"),
    "Organization": ("organization", "description", None, "ORG"),
}
_UPTO = (0.45, 0.75, 0.85, 0.93, 1)
_ENDORSEMENTS = 0.01
_LABELLED = ("domain-concepts", "cbd-subjects", "countries", "assistance-types", "gbf-targets")
_BASE58 = np.frombuffer(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", np.uint8)
_CONTEXT = "https://w3id.org/chm/context/v1"


class Made(NamedTuple):
    """One record of a block, with what its log and its index are told of it."""

    iri: str
    type: str
    government: str | None
    sha256: str
    body: bytes
    identifier: str
    modified: str
    leaf: bytes
    #: As `chmnode.search.indexing.pack` gives it; empty before the analysis.
    derived: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Things by how often they come, the most frequent first."""

    things: np.ndarray
    #: Chance of a thing or one before it.
    upto: np.ndarray

    @classmethod
    def of(cls, things: Sequence[str]) -> "Ranked":
        """Zipf's law, with Mandelbrot's shift."""
        chances = 1 / (np.arange(len(things)) + 2.7)
        upto = np.cumsum(chances / chances.sum())
        upto[-1] = 1
        return cls(np.array(things, object), upto)

    def some(self, chance: np.random.Generator, count: int) -> np.ndarray:
        """So many, with repetition."""
        return self.things[self.upto.searchsorted(chance.random(count), "right")]

    def few(self, chance: np.random.Generator, most: int) -> list[str]:
        """From one to so many different ones, sorted."""
        return sorted(set(self.some(chance, int(chance.integers(1, most + 1)))))


@dataclass(frozen=True, slots=True)
class Speech:
    """One language: its words, labels of concepts, and runs of three words that come often."""

    lang: str
    words: Ranked
    labels: Ranked
    phrases: Ranked
    bytes_each: float

    @property
    def space(self) -> str:
        """What stands between words."""
        return "" if self.lang == "zh" else " "

    def text(self, chance: np.random.Generator, size: int) -> str:
        """A text of some so many bytes, with a label or a phrase here and there."""
        words = self.words.some(chance, max(SENTENCE, int(size / self.bytes_each)))
        parts = [self.space.join(words[at : at + SENTENCE]) for at in range(0, len(words), SENTENCE)]
        for kind, often in ((self.labels, 1.2), (self.phrases, 0.3)):
            for thing in kind.some(chance, chance.poisson(often)):
                at = int(chance.integers(len(parts)))
                parts[at] = f"{thing}{self.space}{parts[at]}"
        return f"{'。' if self.lang == 'zh' else '. '}".join(parts)

    def title(self, chance: np.random.Generator) -> str:
        """Some words, and a label now and then."""
        words = list(self.words.some(chance, int(chance.integers(4, 9))))
        if chance.random() < 0.3:
            words[0] = self.labels.some(chance, 1)[0]
        return self.space.join(words)


@dataclass(frozen=True, slots=True)
class World:
    """What records are made of."""

    speeches: dict[str, Speech]
    countries: Ranked
    regions: Ranked
    subjects: Ranked
    targets: Ranked
    help: Ranked


@cache
def world() -> World:
    """The same one every time; takes some seconds."""
    concepts = Concepts.load(resources.folder("vocab"))
    texts = _texts(concepts)

    def codes(scheme: str) -> Ranked:
        return Ranked.of(_shuffled(concepts.scheme(scheme).concepts, scheme))

    return World(
        {lang: _speech(lang, texts[lang], concepts) for lang in LANGUAGES},
        codes("countries"),
        codes("regions"),
        codes("cbd-subjects"),
        codes("gbf-targets"),
        codes("assistance-types"),
    )


def block(number: int) -> list[Made]:
    """The records of one block, which all belong to the log of node `number % NODES`."""
    chance = np.random.default_rng([SEED, number])
    made: list[Made] = []
    for at in range(BLOCK):
        endorsed = made[int(chance.integers(len(made)))] if made and chance.random() < _ENDORSEMENTS else None
        made.append(_sealed(_record(chance, number * BLOCK + at, number % NODES, endorsed)))
    return made


def blocks(size: int) -> Iterator[tuple[int, int]]:
    """Numbers and sizes of the blocks of so many records."""
    for number, start in enumerate(range(0, size, BLOCK)):
        yield number, min(BLOCK, size - start)


def origin(node: int) -> str:
    """Name of the log of a node."""
    return f"node-{node:02}.example.org/log"


def _record(chance: np.random.Generator, number: int, node: int, endorsed: Made | None) -> dict[str, object]:
    known = world()
    kind = list(_TYPES)[bisect(_UPTO, chance.random())]
    schema, member, closing, code = _TYPES[kind] if endorsed is None else ("endorsement", "statement", None, "END")
    langs = [LANGUAGES[at] for at in chance.choice(len(LANGUAGES), int(chance.integers(1, 4)), replace=False)]
    size = TEXT_BYTES * chance.lognormal(-0.1, 0.45) / len(langs) / (1 if endorsed is None else 10)
    site, government = f"https://node-{node:02}.example.org", str(known.countries.some(chance, 1)[0])
    changed = _moment(TODAY - int(chance.integers(3_000 * DAY)))
    record: dict[str, object] = {
        "@context": _CONTEXT,
        "id": f"{site}/records/{chance.bytes(16).hex()}",
        "type": kind if endorsed is None else "Endorsement",
        "schema": f"https://w3id.org/chm/schemas/{schema}/1.0",
        "identifier": f"CHM-{code}-{government}-{number + 1}",
        "title": {lang: known.speeches[lang].title(chance) for lang in langs},
        member: {lang: known.speeches[lang].text(chance, size) for lang in langs},
        "languages": langs,
        "government": government,
        "countries": known.countries.few(chance, 4) if chance.random() < 0.8 else [],
        "regions": known.regions.few(chance, 2) if chance.random() < 0.4 else [],
        "issued": changed,
        "modified": changed,
        "publisher": f"did:web:node-{node:02}.example.org",
        "contactPoint": f"{site}/contact",
        "revision": 1,
        "proof": _proof(chance, site, changed),
    }
    if endorsed is not None:
        return record | {"endorsed": {"id": endorsed.iri, "revision": 1, "sha256": endorsed.sha256}}
    record |= {
        "cbdSubjects": known.subjects.few(chance, 3),
        "gbfTargets": known.targets.few(chance, 4),
        "assistanceTypes": known.help.few(chance, 3),
        "source": {"url": f"https://archive.example.org/requests/{number}", "date": "2025-11"},
    }
    if kind == "Offer":
        record["eligibility"] = {"countries": known.countries.few(chance, 8), "regions": known.regions.few(chance, 2)}
    if closing and chance.random() < 0.6:
        record[closing] = _moment(TODAY + int(chance.integers(-700, 700)) * DAY)[:10]
    return record


def _sealed(record: dict[str, object]) -> Made:
    body = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    sha256 = hashlib.sha256(body).hexdigest()
    entry = Entry(
        op="put",
        id=record["id"],
        type=record["type"],
        rev=1,
        at=record["modified"],
        government=record["government"],
        countries=tuple(record["countries"]),
        regions=tuple(record["regions"]),
        sha256=sha256,
        size=len(body),
    )
    facts = record["id"], record["type"], record["government"], sha256
    return Made(*facts, body, record["identifier"], record["modified"], entry.encode())


def _proof(chance: np.random.Generator, site: str, moment: str) -> dict[str, str]:
    letters = _BASE58[chance.integers(0, 58, 136)].tobytes().decode()
    return {
        "@context": _CONTEXT,
        "type": "DataIntegrityProof",
        "created": moment,
        "cryptosuite": "eddsa-jcs-2022",
        "proofPurpose": "assertionMethod",
        "proofValue": f"z{letters[:88]}",
        "verificationMethod": f"did:web:{site.removeprefix('https://')}#z6Mk{letters[88:]}",
    }


def _moment(seconds: int) -> str:
    return f"{np.datetime64(seconds, 's')}Z"


def _texts(concepts: Concepts) -> dict[str, list[str]]:
    """What there is in each language: labels and definitions of all vocabularies, and the records to be imported."""
    found: dict[str, list[str]] = {lang: [] for lang in LANGUAGES}
    for scheme in concepts.schemes:
        for concept in scheme.concepts.values():
            labels = [*concept.labels.values(), *(one for some in concept.alternatives.values() for one in some)]
            for label in (*labels, *concepts.definitions(concept).values()):
                found.get(label.lang, []).append(label.text)
    for line in (line for file in sorted(DEMO.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()):
        for value in json.loads(line).values():
            if isinstance(value, dict):
                for lang in value.keys() & found.keys():
                    found[lang].append(value[lang])
    return found


def _speech(lang: str, texts: Sequence[str], concepts: Concepts) -> Speech:
    runs = [[word.lower() for word in _WORD.findall(text)] for text in texts]
    if lang == "zh":
        runs = [[run[at : at + 2] for run in some for at in range(0, len(run) - 1, 2)] for some in runs]
    counted = Counter(word for run in runs for word in run)
    real = sorted(counted, key=lambda word: (-counted[word], word))
    space = "" if lang == "zh" else " "
    threes = Counter(space.join(run[at : at + 3]) for run in runs for at in range(len(run) - 2))
    words = Ranked.of(_derived(lang, real))
    sample = words.some(np.random.default_rng(SEED), 20_000)
    held = (
        concept.labels[lang].text
        for name in _LABELLED
        for concept in concepts.scheme(name).concepts.values()
        if lang in concept.labels and len(concept.labels[lang].text) < 60
    )
    return Speech(
        lang,
        words,
        Ranked.of(_shuffled(dict.fromkeys(held), "labels")),
        Ranked.of(sorted(threes, key=lambda three: (-threes[three], three))[:200]),
        sum(len(word.encode()) + len(space) for word in sample) / len(sample),
    )


def _derived(lang: str, real: list[str]) -> list[str]:
    """Real words, most frequent first, then others made of the halves of these."""
    chance, found = Random(f"{SEED} {lang}"), dict.fromkeys(real[:WORDS])
    heads = [word[: (len(word) + 1) // 2] for word in real]
    tails = [word[(len(word) + 1) // 2 :] for word in real]
    while len(found) < WORDS:
        found[chance.choice(heads) + chance.choice(tails)] = None
        if lang == "zh":  # longer words, so that many pairs of characters come
            found["".join(chance.choices(heads, k=2)) + chance.choice(tails)] = None
    return list(found)[:WORDS]


def _shuffled(things: Iterator[str] | Sequence[str] | dict[str, object], name: str) -> list[str]:
    """In an order that means nothing, and is the same for the labels of all languages as far as they are the same."""
    found = list(things)
    Random(f"{SEED} {name}").shuffle(found)
    return found
