"""Every domain concept is found by its label in any of the six languages, with the same records through it.

The corpus has two records for each concept: one that is coded with it, as a future record type or another node may
do, and one whose title is the concept's label in one of the six languages, in turn. What must be found through a
concept is reckoned here from the values that the analysis gave each record, by hand and without the engine.
"""

import asyncio
import functools
import hashlib
import unicodedata
from dataclasses import replace

import pytest
import pytest_asyncio

from chmnode.analysis import TAGGED, Indexed
from chmnode.analysis.labels import folded
from chmnode.search.indexing import pack
from chmnode.search.model import Ask, Kind
from chmnode.storage import LogStore
from chmsync.canonical import encode
from chmsync.entry import Entry
from chmsync.ports import Accepted, Leaf
from tests.contracts.material import Tree
from tests.search.shelf import AT, HOME, ORIGIN, analyzer, concepts, document, indexer, opened, pages

pytestmark = pytest.mark.asyncio(loop_scope="session")

LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
#: Labels that are asked of PostgreSQL: one in so many.
SAMPLE = 23
#: Fewer than the vocabulary has, should it lose some.
AT_LEAST = 702
#: Labels that mean more than one concept, at least.
MANY = 100


def domain():
    return list(concepts().scheme("domain-concepts").concepts.values())


def labels():
    """Every concept with each of its six preferred labels."""
    return [(concept, lang, concept.labels[lang].text) for concept in domain() for lang in LANGUAGES]


def bare(label):
    """A label without its capitals and accents, as somebody in a hurry types it."""
    parts = unicodedata.normalize("NFKD", label.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


@functools.cache
def corpus():
    """Records, and the values by which each is found."""
    made = {}
    for number, concept in enumerate(domain()):
        coded = Indexed("", (f"concept={concept.key}", "type=Need"), None, None)
        made[f"coded-{number}"] = (document(f"coded-{number}"), coded)
        label = concept.labels[lang := LANGUAGES[number % len(LANGUAGES)]]
        record = document(f"named-{number}", languages=[lang], title={lang: label.text})
        made[f"named-{number}"] = (record, indexer().document(record))
    return made


@functools.cache
def holders():
    """Records by each value that they have."""
    found = {}
    for name, (_, indexed) in corpus().items():
        for value in indexed.values:
            found.setdefault(value, set()).add(name)
    return found


@functools.cache
def reached(key):
    """Records that a search for this concept finds through it."""
    keys = [one.key for one in concepts().reach(concepts().by_key(key))]
    return frozenset().union(*(holders().get(f"{facet}={key}", ()) for facet in ("concept", "text") for key in keys))


async def filled(shelf):
    """Harvest the corpus with what the analysis made of it, as a checking process hands it on."""
    accepted, leaves = [], []
    for index, (record, indexed) in enumerate(corpus().values()):
        body = encode(record)
        digest = hashlib.sha256(body).hexdigest()
        entry = Entry(op="put", id=record["id"], type="Need", rev=1, at=AT, sha256=digest, size=len(body))
        leaves.append(Leaf(index, entry.encode(), record["id"], "put", 1))
        accepted.append(Accepted.of(index, record["id"], 1, digest, body, record, pack(indexed)))
    await Tree().harvest(
        LogStore(shelf.database, on_change=shelf.indexing.follow), leaves, accepted=accepted, origin=ORIGIN
    )
    return shelf.search


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite(tmp_path_factory):
    async with opened("sqlite:///chm.sqlite", tmp_path_factory.mktemp("labels")) as shelf:
        yield await filled(shelf)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(postgres_url, worker_id, tmp_path_factory):
    url = f"{postgres_url}&schema=search_{worker_id}_labels"
    async with opened(url, tmp_path_factory.mktemp("labels")) as shelf:
        yield await filled(shelf)


async def through(search, label, lang):
    """The concepts that a label is understood as, and the records that are found through one of them."""
    answers = await pages(search, Ask(text=label, lang=lang, limit=500))
    terms = [term for term in answers[0].terms if term.kind is Kind.CONCEPT]
    hits = {hit.record.iri.removeprefix(HOME) for page in answers for hit in page.hits if hit.through}
    return {concept.key for term in terms for concept in term.concepts}, hits, len(answers[0].terms)


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_each_domain_concept_is_found_by_its_label_with_the_same_records_in_every_language(sqlite, lang):
    wrong = []
    for concept in domain():
        label = concept.labels[lang].text
        meant, hits, terms = await through(sqlite, label, lang)
        wanted = frozenset().union(*map(reached, meant))
        if concept.key not in meant or terms != 1 or hits != wanted or not reached(concept.key) <= hits:
            wrong.append((concept.key, label, sorted(meant), terms, len(hits), len(wanted)))
    assert not wrong


async def test_postgresql_finds_through_a_label_what_sqlite_does(sqlite, postgres):
    for concept, lang, label in labels()[::SAMPLE]:
        asked = Ask(text=label, lang=lang, limit=500)
        ours, theirs = await asyncio.gather(sqlite.find(asked), postgres.find(asked))
        assert replace(ours, seconds=0) == replace(theirs, seconds=0), (concept.key, label)


async def test_every_concept_is_asked_for_in_six_languages():
    assert len(domain()) >= AT_LEAST
    assert all(set(LANGUAGES) <= concept.labels.keys() for concept in domain())


async def test_a_label_that_several_concepts_share_offers_them_all(sqlite):
    """Also concepts of other vocabularies that are looked for in texts: subjects, kinds of help, places."""
    sharing = {}
    for scheme in TAGGED:
        for concept in concepts().scheme(scheme).concepts.values():
            for lang in LANGUAGES:
                if lang in concept.labels:
                    label = concept.labels[lang].text
                    sharing.setdefault((lang, folded(label)), {})[concept.key] = label
    shared = {label: found for label, found in sharing.items() if len(found) > 1}
    assert len(shared) > MANY
    wrong = []
    for (lang, _), found in shared.items():
        for label in set(found.values()):
            meant, _, _ = await through(sqlite, label, lang)
            if not found.keys() <= meant:
                wrong.append((lang, label, sorted(found.keys() - meant)))
    assert not wrong


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_a_label_typed_without_its_capitals_and_accents_means_the_same(sqlite, lang):
    wrong = []
    for concept in domain()[:: len(LANGUAGES)]:
        typed = bare(concept.labels[lang].text)
        found = {key for one in analyzer().found(typed, lang) for key in one.keys}
        if concept.key not in found:
            wrong.append((concept.key, typed))
    assert not wrong
