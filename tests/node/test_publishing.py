"""From drafts to the log: what is taken, what is refused and why, and that every harvester takes what we publish."""

import asyncio
import json
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chmnode.concepts import Concepts
from chmnode.config import Config
from chmnode.identity import Identity
from chmnode.publishing import Draft, Publisher, PublishingError, Refused, read_drafts
from chmnode.publishing.publisher import BATCH
from chmnode.publishing.sealing import Sealer
from chmnode.records.authoring import CONTEXT
from chmnode.records.validation import check
from chmnode.storage import LogStore, Records, Staging, migrate, open_database
from chmsync.acceptance import check_record, judge, leaf_of
from chmsync.canonical import decode
from chmsync.checkpoint import open_checkpoint
from chmsync.entry import Entry
from chmsync.errors import Conflict
from chmsync.limits import RECORD_BYTES
from chmsync.log import Sequencer
from chmsync.merkle import leaf_hash, root_of
from tests.node.strategies import CATALOGUE, any_records

ROOT = Path(__file__).parents[2]
CONCEPTS = Concepts.load(ROOT / "vocab")
DEMO = sorted((ROOT / "deploy" / "demo" / "import").glob("*.jsonl"))
BASE = "https://chm.example.ke"
NEED = {
    "type": "Need",
    "title": {"en": "Monitoring of invasive plants"},
    "languages": ["en"],
    "countries": ["UG", "KE"],
    "problem": {"en": "Nobody knows where they grow."},
    "assistanceTypes": ["CHM-ASSIST-TRAINING"],
    "cbdSubjects": ["CBD-SUBJECT-IAS"],
}
NATIONAL = NEED | {"government": "KE"}
REFERENCE = NEED | {"source": {"url": "https://example.org/report"}}


class Harvester:
    """What a node that harvests us asks of records."""

    @staticmethod
    def problem(document):
        return next((f"{problem.path}: {problem.detail}" for problem in check(document, CATALOGUE)), None)

    @staticmethod
    def known_context(context):
        return context == CONTEXT

    @staticmethod
    def derive(document):
        return None


@dataclass
class Kenya:
    """A node, its clock, and its sequencer."""

    config: Config
    identity: Identity
    database: object
    now: float = 1_767_225_600

    def __post_init__(self):
        self.publisher = self.publisher_by(lambda: self.now)
        self.store = LogStore(self.database)
        self.origin = self.identity.member.origin

    def publisher_by(self, clock):
        return Publisher(self.config, self.identity, self.database, CATALOGUE, CONCEPTS, clock)

    async def stage(self, *documents):
        return await self.publisher.stage_drafts(Draft(line, document) for line, document in enumerate(documents, 1))

    async def publish(self, *documents):
        """Stage these drafts, all of which are good, and sequence them; the addresses."""
        result = await self.stage(*documents)
        assert not result.refused
        await self.sequence()
        return result.accepted

    async def sequence(self):
        member = self.identity.member
        sequencer = Sequencer(
            member.origin, self.identity.log_keys, self.identity.witness, self.store, lambda: self.now
        )
        await sequencer.recover()
        while await sequencer.sequence():
            pass

    async def entries(self):
        leaves = await self.store.leaf_bytes(self.origin, 0, (await self.store.load(self.origin)).size)
        return [Entry.parse(leaf) for leaf in leaves]

    async def harvested(self):
        """What a harvester makes of our log: the records in force by address, every entry being well-formed."""
        member, state = self.identity.member, await self.store.load(self.origin)
        leaves = await self.store.leaf_bytes(self.origin, 0, state.size)
        opened = open_checkpoint(state.note, self.origin, member.log_keys).checkpoint
        assert (opened.size, opened.root) == (state.size, root_of([leaf_hash(leaf) for leaf in leaves]))
        judgement = judge([leaf_of(index, leaf) for index, leaf in enumerate(leaves)], {}, member.id_prefixes)
        assert not judgement.refused
        superseded = {older for older, _ in judgement.superseded}
        bodies = await self.store.bodies(self.origin, 0, state.size, state.size)
        entries = [(index, Entry.parse(leaf)) for index, leaf in enumerate(leaves) if index not in superseded]
        puts = [(index, entry) for index, entry in entries if entry.op == "put"]
        found = [check_record(entry, index, bodies[index], member, Harvester()) for index, entry in puts]
        return {accepted.iri: decode(accepted.body) for accepted in found}

    async def waiting(self):
        return await Staging(self.database.read, self.origin).count()

    async def shown(self, iri):
        record = await Records(self.database.read).get(iri)
        return record and record.document()


def settle(folder, **more):
    settings_ = {"name": "Kenya", "base_url": BASE, "governments": ["KE"]} | more
    config = Config.create(folder / "node", **settings_)
    return config, Identity.create(config)


@pytest.fixture
def kenya(database, folder):
    return Kenya(*settle(folder), database)


@pytest.fixture
async def small(folder):
    """The same on SQLite alone, for what does not touch the database."""
    async with open_database("sqlite:///chm.sqlite", folder=folder) as opened:
        await migrate(opened)
        yield Kenya(*settle(folder), opened)


def told(refused):
    """What the author is told first: field, code and mend."""
    return refused.field, refused.code, refused.hint


# What is published.


async def test_a_national_need_becomes_a_record_that_every_harvester_accepts(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    assert iri.startswith(f"{BASE}/records/")
    assert (await kenya.harvested())[iri] == await kenya.shown(iri)
    proof = (await kenya.shown(iri)).pop("proof")
    assert proof["verificationMethod"] == kenya.identity.record_key.method_id
    assert {name: value for name, value in (await kenya.shown(iri)).items() if name != "proof"} == NATIONAL | {
        "@context": CONTEXT,
        "id": iri,
        "schema": "https://w3id.org/chm/schemas/need/1.0",
        "identifier": "CHM-BBR-KE-1",
        "countries": ["KE", "UG"],
        "regions": [],
        "issued": "2026-01-01T00:00:00Z",
        "modified": "2026-01-01T00:00:00Z",
        "publisher": "did:web:chm.example.ke",
        "revision": 1,
        "contactPoint": f"{BASE}/contact",
    }


async def test_the_entry_says_of_the_record_what_harvesters_select_by(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    (entry,) = await kenya.entries()
    assert (entry.op, entry.id, entry.type, entry.rev, entry.at) == ("put", iri, "Need", 1, "2026-01-01T00:00:00Z")
    assert (entry.government, entry.countries, entry.regions) == ("KE", ("KE", "UG"), ())


async def test_a_reference_record_speaks_for_no_government_and_names_its_source(kenya):
    (iri,) = await kenya.publish(REFERENCE)
    record = (await kenya.harvested())[iri]
    assert not {"government", "contactPoint"} & record.keys()
    assert (await kenya.entries())[0].government is None


async def test_a_contact_that_the_author_names_stays(kenya):
    (iri,) = await kenya.publish(NATIONAL | {"contactPoint": "https://ministry.example.ke/contact"})
    assert (await kenya.shown(iri))["contactPoint"] == "https://ministry.example.ke/contact"


async def test_staged_records_wait_for_the_sequencer(kenya):
    (iri,) = (await kenya.stage(NATIONAL)).accepted
    assert (await kenya.waiting(), await kenya.shown(iri)) == (1, None)
    await kenya.sequence()
    assert (await kenya.waiting(), (await kenya.shown(iri))["id"]) == (0, iri)


async def test_the_demo_data_is_accepted_whole(small):
    for path in DEMO:
        result = await small.publisher.stage_drafts(read_drafts(path))
        assert not result.refused
        assert len(result.accepted) == len(path.read_text("utf-8").splitlines())
    await small.sequence()
    assert len(await small.harvested()) == sum(len(path.read_text("utf-8").splitlines()) for path in DEMO)


async def test_a_long_import_keeps_the_order_of_its_lines(kenya):
    drafts = [NATIONAL | {"title": {"en": f"Need {number}"}} for number in range(2 * BATCH + 7)]
    accepted = await kenya.publish(*drafts)
    records = await kenya.harvested()
    assert [records[iri]["title"] for iri in accepted] == [draft["title"] for draft in drafts]
    assert [records[iri]["identifier"] for iri in accepted[-2:]] == [f"CHM-BBR-KE-{2 * BATCH + n}" for n in (6, 7)]


async def test_an_import_that_stops_has_staged_whole_batches(kenya):
    drafts = kenya.publisher.staged(Draft(line, NATIONAL) for line in range(3 * BATCH))
    first = await anext(drafts)
    await drafts.aclose()
    assert len(first.accepted) == BATCH == await kenya.waiting()


# Identifiers.


async def test_numbers_run_on_in_each_series_and_none_is_lost_to_a_refusal(kenya):
    offer = REFERENCE | {"type": "Provider", "assistanceTypesFree": ["CHM-ASSIST-TRAINING"]}
    offer = {name: value for name, value in offer.items() if name not in {"problem", "assistanceTypes"}}
    good = await kenya.publish(NATIONAL, REFERENCE)
    result = await kenya.stage(NATIONAL | {"languages": ["fr"]}, offer, NATIONAL)
    assert [refused.line for refused in result.refused] == [1]
    await kenya.sequence()
    records = await kenya.harvested()
    assert [records[iri]["identifier"] for iri in [*good, *result.accepted]] == [
        "CHM-BBR-KE-1",
        "CHM-BBR-KE-2",
        "CHM-BBP-KE-1",
        "CHM-BBR-KE-3",
    ]


async def test_a_node_of_several_governments_numbers_each_apart(database, folder):
    centre = Kenya(*settle(folder, base_url="https://chm.example.org", governments=["KE", "UG"]), database)
    accepted = await centre.publish(NATIONAL, NATIONAL | {"government": "UG"}, REFERENCE, NATIONAL)
    records = await centre.harvested()
    assert [records[iri]["identifier"] for iri in accepted] == [
        "CHM-BBR-KE-1",
        "CHM-BBR-UG-1",
        "CHM-BBR-EXAMPLEORG-1",
        "CHM-BBR-KE-2",
    ]


async def test_two_imports_at_once_share_the_numbers(kenya):
    kinds = [NATIONAL, NATIONAL | {"type": "Need", "title": {"en": "Another"}}]
    results = await asyncio.gather(*(kenya.stage(*kinds * 20) for _ in range(4)))
    await kenya.sequence()
    records = await kenya.harvested()
    numbers = sorted(int(records[iri]["identifier"].rpartition("-")[2]) for r in results for iri in r.accepted)
    assert numbers == list(range(1, 161))


# Revisions.


async def test_a_draft_with_the_address_of_a_record_is_its_next_revision(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    kenya.now += 3600
    assert await kenya.publish(NATIONAL | {"id": iri, "title": {"en": "Better"}}) == [iri]
    record = (await kenya.harvested())[iri]
    assert (record["title"], record["revision"], record["identifier"]) == ({"en": "Better"}, 2, "CHM-BBR-KE-1")
    assert (record["issued"], record["modified"]) == ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")


async def test_a_record_that_still_waits_can_be_revised(kenya):
    (iri,) = (await kenya.stage(NATIONAL)).accepted
    await kenya.publish(NATIONAL | {"id": iri, "title": {"en": "Better"}})
    record = (await kenya.harvested())[iri]
    assert (record["title"], record["revision"], record["identifier"]) == ({"en": "Better"}, 2, "CHM-BBR-KE-1")


async def test_two_revisions_in_one_file_follow_each_other(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    drafts = [NATIONAL | {"id": iri, "title": {"en": title}} for title in ("Second", "Third")]
    assert await kenya.publish(drafts[0], NATIONAL, drafts[1]) == [iri, *await new(kenya, iri), iri]
    record = (await kenya.harvested())[iri]
    assert (record["title"], record["revision"]) == ({"en": "Third"}, 3)


async def new(kenya, *known):
    """Addresses of records that are not among these."""
    return [iri for iri in await kenya.harvested() if iri not in known]


async def test_a_withdrawn_record_comes_back_with_its_identifier(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    await kenya.publisher.withdraw(iri, "outdated")
    await kenya.publish(NATIONAL | {"id": iri})
    record = (await kenya.harvested())[iri]
    assert (record["revision"], record["identifier"]) == (3, "CHM-BBR-KE-1")


async def test_two_edits_of_one_record_at_once_both_become_revisions(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    titles = [{"en": "One"}, {"en": "Another"}]
    await asyncio.gather(*(kenya.stage(NATIONAL | {"id": iri, "title": title}) for title in titles))
    await kenya.sequence()
    assert [entry.rev for entry in await kenya.entries()] == [1, 2, 3]
    assert (await kenya.harvested())[iri]["title"] in titles


async def test_an_edit_that_was_overtaken_builds_on_the_one_that_overtook_it(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    waits, may_go_on = threading.Event(), threading.Event()

    def clock():
        """Read by an edit after it has looked the record up."""
        waits.set()
        may_go_on.wait()
        return kenya.now

    slow = kenya.publisher_by(clock).stage_drafts([Draft(1, NATIONAL | {"id": iri, "title": {"en": "Slow"}})])
    edit = asyncio.create_task(slow)
    await asyncio.to_thread(waits.wait)
    await kenya.publish(NATIONAL | {"id": iri, "title": {"en": "Quick"}})
    may_go_on.set()
    assert (await edit).accepted == [iri]
    await kenya.sequence()
    assert [entry.rev for entry in await kenya.entries()] == [1, 2, 3]
    assert (await kenya.harvested())[iri]["title"] == {"en": "Slow"}


async def test_an_edit_beside_the_sequencer_never_repeats_a_revision(kenya):
    (iri,) = await kenya.publish(NATIONAL)

    async def edit():
        for number in range(5):
            await kenya.stage(NATIONAL | {"id": iri, "title": {"en": f"Edit {number}"}})

    async def sequence():
        for _ in range(5):
            await kenya.sequence()

    await asyncio.gather(edit(), sequence())
    await kenya.sequence()
    assert [entry.rev for entry in await kenya.entries()] == [1, 2, 3, 4, 5, 6]
    assert (await kenya.harvested())[iri]["title"] == {"en": "Edit 4"}


async def test_many_records_are_revised_in_one_import(kenya):
    accepted = await kenya.publish(*[NATIONAL] * (BATCH + 3))
    await kenya.publish(*(NATIONAL | {"id": iri, "title": {"en": "Better"}} for iri in accepted))
    records = await kenya.harvested()
    assert {(record["revision"], record["title"]["en"]) for record in records.values()} == {(2, "Better")}
    assert len({record["identifier"] for record in records.values()}) == BATCH + 3


# Refusals.


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"government": "UG"}, ("government", "not-allowed", "Leave it out for a reference record; ")),
        ({"type": "Nead"}, ("type", "unknown-type", "Did you mean Need?")),
        ({"type": None}, ("type", "unknown-type", "Known types: ")),
        ({"title": None}, ("title", "missing", "One line that says what this is about.")),
        ({"problm": {"en": "x"}}, ("problm", "unknown-member", "Did you mean problem?")),
        ({"countries": ["KEN"]}, ("countries[0]", "form", "Write a country as two capital letters: KE.")),
        ({"cbdSubjects": ["CBD-SUBJECT-IASS"]}, ("cbdSubjects[0]", "unknown-code", "Did you mean CBD-SUBJECT-IAS")),
        ({"identifier": "CHM-BBR-KE-7"}, ("identifier", "node-owned", "Leave it out.")),
        ({"proof": {"type": "DataIntegrityProof"}}, ("proof", "node-owned", "Leave it out.")),
        ({"id": "https://chm.example.ug/records/1"}, ("id", "not-allowed", "Leave `id` out for a new record")),
        ({"id": f"{BASE}/recordsX/1"}, ("id", "not-allowed", "Leave `id` out for a new record")),
        ({"id": f"{BASE}/records/1"}, ("id", "not-allowed", "Leave `id` out for a new record")),
        ({"government": ["KE"]}, ("government", "not-allowed", "Leave it out for a reference record; ")),
        ({"id": 7}, ("id", "not-allowed", "Leave `id` out for a new record")),
    ],
)
async def test_a_draft_that_cannot_be_published_is_refused_with_its_mend(small, change, answer):
    result = await small.stage(NATIONAL, NATIONAL | change)
    (refused,) = result.refused
    field, code, hint = answer
    assert (refused.line, refused.field, refused.code) == (2, field, code)
    assert refused.hint.startswith(hint)
    assert (len(result.accepted), await small.waiting()) == (1, 1)


async def test_a_reference_record_without_source_or_contact_is_refused(small):
    (refused,) = (await small.stage(NEED)).refused
    assert (refused.field, refused.code) == ("contactPoint", "missing")
    assert refused.hint.startswith("Give a contact point or, for a record taken from elsewhere")


async def test_all_problems_of_a_draft_are_told_at_once(small):
    draft = {name: value for name, value in NATIONAL.items() if name != "problem"} | {"languages": ["english"]}
    (refused,) = (await small.stage(draft | {"government": "UG"})).refused
    assert {"$.government", "$.languages[0]", "$.problem"} <= {problem.path for problem in refused.problems}
    document = refused.document()
    assert document.keys() == {"line", "field", "code", "detail"}
    assert (document["line"], document["field"], document["code"]) == (1, "government", "not-allowed")
    assert "Leave it out for a reference record" in document["detail"]
    assert "$.problem: `problem` is missing" in document["detail"]


async def test_the_type_of_a_record_stays(small):
    (iri,) = await small.publish(NATIONAL)
    (refused,) = (await small.stage(NATIONAL | {"id": iri, "type": "Offer"})).refused
    assert told(refused) == ("type", "not-allowed", "Write Need, or leave `id` out for a new record.")


async def test_an_erased_record_never_returns(small):
    (iri,) = await small.publish(NATIONAL)
    await small.publisher.erase(iri, "personal-data")
    (refused,) = (await small.stage(NATIONAL | {"id": iri})).refused
    assert (refused.field, refused.detail) == ("id", "is the address of a record that was erased for good")


async def test_a_record_over_the_size_limit_is_refused_and_its_neighbours_are_not(small):
    languages = ["en", "ar", "es", "fr", "ru", "zh", "sw", "pt", "de", "it", "ja", "ko", "nl", "pl"]
    long = NATIONAL | {"languages": languages, "problem": dict.fromkeys(languages, "x" * 20_000)}
    result = await small.stage(NATIONAL, long, NATIONAL)
    (refused,) = result.refused
    assert (refused.line, refused.code, refused.hint) == (2, "too-long", "Link to what is so long.")
    assert len(result.accepted) == 2
    await small.sequence()
    assert len(await small.harvested()) == 2


def test_a_record_of_more_places_than_an_entry_holds_is_refused(folder):
    """Our vocabulary of regions is too short for that, but a later one may not be."""

    class Anywhere:
        def get(self, scheme, notation):
            return notation

        def closest(self, scheme, code):
            return ()

    places = {"regions": [f"{number:064}" for number in range(50)]}
    countries = [a + b for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXY"]
    sealer = Sealer(*settle(folder), CATALOGUE, Anywhere())
    prepared = sealer.prepare(Draft(3, REFERENCE | places | {"countries": countries}), None, "2026-01-01T00:00:00Z")
    refused = sealer.seal(prepared, 1)
    assert (refused.line, refused.field, refused.hint) == (3, "countries", "Name fewer countries and regions.")


async def test_lines_that_could_not_be_read_are_passed_on_in_order(small, folder):
    path = folder / "drafts.jsonl"
    bad = NATIONAL | {"government": "UG"}
    path.write_text("\n".join(["{", json.dumps(bad), json.dumps(NATIONAL), "[]", json.dumps(bad)]), encoding="utf-8")
    result = await small.publisher.stage_drafts(read_drafts(path))
    assert [refused.line for refused in result.refused] == [1, 2, 4, 5]
    assert len(result.accepted) == 1


async def test_a_node_may_be_limited_to_some_types(folder, database):
    config, _ = settle(folder)
    path = config.folder / "member.json"
    document = json.loads(path.read_bytes())
    document["authority"]["types"] = ["Offer"]
    path.write_text(json.dumps(document))
    kenya = Kenya(config, Identity.load(config), database)
    (refused,) = (await kenya.stage(NATIONAL)).refused
    assert told(refused) == ("type", "not-allowed", "Allowed are Offer.")


# Withdrawal and erasure.


@pytest.mark.parametrize("op", ["withdraw", "erase"])
async def test_a_record_leaves_force_and_its_entry_says_why(kenya, op):
    (iri,) = await kenya.publish(NATIONAL)
    assert await getattr(kenya.publisher, op)(iri, "outdated") == 2
    await kenya.sequence()
    assert (await kenya.shown(iri), await kenya.harvested()) == (None, {})
    put, end = await kenya.entries()
    assert (end.op, end.id, end.rev, end.reason, end.sha256) == (op, iri, 2, "outdated", None)
    assert (end.type, end.government, end.countries, end.regions) == (put.type, "KE", put.countries, put.regions)


async def test_erasure_deletes_every_revision_also_of_a_withdrawn_record(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    await kenya.publish(NATIONAL | {"id": iri, "title": {"en": "Better"}})
    await kenya.publisher.withdraw(iri, "owner-request")
    assert await kenya.publisher.erase(iri, "personal-data") == 4
    await kenya.sequence()
    hashes = [entry.sha256 for entry in await kenya.entries() if entry.sha256]
    assert [await kenya.store.body(kenya.origin, sha256) for sha256 in hashes] == [(None, True)] * 2


async def test_a_record_that_still_waits_can_be_withdrawn(kenya):
    (iri,) = (await kenya.stage(NATIONAL)).accepted
    assert await kenya.publisher.withdraw(iri, "error") == 2
    await kenya.sequence()
    assert [entry.op for entry in await kenya.entries()] == ["put", "withdraw"]
    assert await kenya.harvested() == {}


@pytest.mark.parametrize(
    ("reason", "mend"),
    [
        ("outdate", "did you mean outdated?"),
        ("because", "give one of duplicate, error, legal, outdated, owner-request"),
    ],
)
async def test_a_reason_that_is_not_in_the_vocabulary_is_refused(small, reason, mend):
    (iri,) = await small.publish(NATIONAL)
    with pytest.raises(PublishingError, match=mend):
        await small.publisher.withdraw(iri, reason)
    assert await small.waiting() == 0


@pytest.mark.parametrize("iri", [f"{BASE}/records/none", "https://chm.example.ug/records/1"])
async def test_only_our_own_records_can_be_ended(small, iri):
    with pytest.raises(PublishingError, match="is no record of this node"):
        await small.publisher.withdraw(iri, "error")
    with pytest.raises(PublishingError, match="is no record of this node"):
        await small.publisher.erase(iri, "error")


async def test_nothing_ends_twice(small):
    (iri,) = await small.publish(NATIONAL)
    await small.publisher.withdraw(iri, "error")
    with pytest.raises(PublishingError, match="was withdrawn already, by revision 2"):
        await small.publisher.withdraw(iri, "error")
    await small.publisher.erase(iri, "error")
    for end in (small.publisher.erase, small.publisher.withdraw):
        with pytest.raises(PublishingError, match="was erased already, by revision 3"):
            await end(iri, "error")
    assert await small.waiting() == 2


async def test_of_two_withdrawals_at_once_one_is_told_that_it_came_too_late(kenya):
    (iri,) = await kenya.publish(NATIONAL)
    ends = [kenya.publisher.withdraw(iri, "error") for _ in range(2)]
    answers = await asyncio.gather(*ends, return_exceptions=True)
    assert sorted(type(answer) for answer in answers if answer != 2) in ([PublishingError], [Conflict])
    await kenya.sequence()
    assert [entry.rev for entry in await kenya.entries()] == [1, 2]


# Files.


def lines_of(folder, data):
    path = folder / "drafts.jsonl"
    path.write_bytes(data)
    return list(read_drafts(path))


def test_a_file_is_read_line_by_line(folder):
    assert lines_of(folder, b'{"a":1}\n{"b":2}\n') == [Draft(1, {"a": 1}), Draft(2, {"b": 2})]


def test_the_last_line_needs_no_end_and_blank_ones_are_skipped(folder):
    data = b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n{"b":2}'
    assert lines_of(folder, data) == [Draft(1, {"a": 1}), Draft(4, {"b": 2})]


def test_an_empty_file_holds_no_drafts(folder):
    assert lines_of(folder, b"") == []
    assert lines_of(folder, b"\xef\xbb\xbf\n") == []


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b'{"a":1,"a":2}', (None, "form", None)),
        (b'{"title":{"en":1.5}}', ("title.en", "form", None)),
        (b'{"amount":9007199254740993}', ("amount", "form", None)),
        (b'{"title":"\\ud800"}', ("title", "form", None)),
        (b'{"a":NaN}', ("a", "form", None)),
        (b'{"a":', (None, "form", "Check the quotes, commas and brackets of the line.")),
        (b'{"a":"\xff"}', (None, "form", "Save the file as UTF-8.")),
        (b"[", (None, "form", "Write each record on one line, without a list around them.")),
        (b"[1]", (None, "type", "Write one record a line: { ... }.")),
        (b'{"a":"' + b"x" * RECORD_BYTES + b'"}', (None, "too-long", "Link to what is so long.")),
        (b"x" * 3 * RECORD_BYTES, (None, "too-long", "Link to what is so long.")),
    ],
)
def test_a_bad_line_is_refused_and_the_next_is_read(folder, line, answer):
    refused, good = lines_of(folder, line + b'\n{"a":1}\n')
    assert isinstance(refused, Refused)
    assert (refused.line, *told(refused)) == (1, *answer)
    assert good == Draft(2, {"a": 1})


def test_a_position_is_told_within_the_line(folder):
    _, refused = lines_of(folder, b'{"a":1}\n{"b" 2}\n')
    assert "not JSON at column 6" in refused.detail


def test_a_line_as_long_as_a_record_may_be_is_read(folder):
    text = b"x" * (RECORD_BYTES - len(b'{"a":""}'))
    for end in (b"", b"\n", b"\r\n"):
        assert lines_of(folder, b'{"a":"' + text + b'"}' + end) == [Draft(1, {"a": text.decode()})]


def test_a_file_that_is_not_there_is_refused_readably(folder):
    with pytest.raises(PublishingError, match=r"nowhere\.jsonl cannot be read"):
        list(read_drafts(folder / "nowhere.jsonl"))


# Every record.


@given(record=any_records())
@settings(deadline=None)
def test_whatever_is_sealed_is_accepted_by_harvesters(record, sealer):
    """Any valid record, as a draft of what its author owns; no vocabulary is asked."""
    owned = {field.name for field in CATALOGUE.of(record).fields if field.owner == "node"}
    draft = {name: value for name, value in record.items() if name not in {*owned, "government"}}
    draft.setdefault("source", {"url": "https://example.org"})
    if "government" in CATALOGUE.of(record).required:
        draft["government"] = "KE"
    sealed = sealer.seal(sealer.prepare(Draft(1, draft), None, f"{record['issued'][:19]}Z"), 1)
    entry = Entry.parse(sealed.leaf)
    accepted = check_record(entry, 0, sealed.body, sealer.identity.member, Harvester())
    assert accepted.iri == sealed.iri
    assert {name: decode(accepted.body)[name] for name in draft} == draft


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["en", "url", "id", "type"]), inner),
    max_leaves=6,
)


@given(member=st.sampled_from(sorted(CATALOGUE.types["Need"].by_name)), value=JSON)
@settings(deadline=None, max_examples=300)
def test_whatever_an_author_writes_is_sealed_or_refused_in_words(member, value, strict_sealer):
    done = strict_sealer.prepare(Draft(1, NATIONAL | {member: value}), None, "2026-01-01T00:00:00Z")
    if isinstance(done, Refused):
        assert all(problem.detail for problem in done.problems)
        assert done.document()["line"] == 1
    else:
        sealed = strict_sealer.seal(done, 1)
        check_record(Entry.parse(sealed.leaf), 0, sealed.body, strict_sealer.identity.member, Harvester())


@pytest.fixture(scope="session")
def strict_sealer(tmp_path_factory):
    return Sealer(*settle(tmp_path_factory.mktemp("strict")), CATALOGUE, CONCEPTS)


@pytest.fixture(scope="session")
def sealer(tmp_path_factory):
    class Anything:
        def get(self, scheme, notation):
            return notation

        def closest(self, scheme, code):
            return ()

    return Sealer(*settle(tmp_path_factory.mktemp("sealer")), CATALOGUE, Anything())
