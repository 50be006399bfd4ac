"""The life of the index: with the record, seen by every process at once, made anew while searches go on."""

import asyncio

import pytest

from chmnode.analysis import Analyzer, Indexed
from chmnode.search import indexing as module
from chmnode.search.indexing import Indexing, pack, unpack
from chmnode.search.model import Ask
from chmnode.search.upkeep import Upkeep
from chmnode.storage import Documents, Logs, LogStore, open_database
from chmsync.errors import RecordCode
from chmsync.ports import Batch, Refusal
from tests.contracts.material import ORIGIN, Tree, accepted, iri, leaf
from tests.search.shelf import HOME, analyzer, concepts, indexer, names, opened, searching

#: What some upgrade might leave behind: no index at all.
ROWS = "delete from document; delete from endorsement;"
LOST = {
    "sqlite": f"insert into document_words (document_words) values ('delete-all'); {ROWS}",
    "postgres": f"delete from document_words; {ROWS}",
}
PURGE_STEPS = 20


@pytest.fixture
async def elsewhere(shelf, database_url, folder):
    """The search of another process: another connection, another snapshot, begun before the writes."""
    async with open_database(database_url, folder=folder) as database:
        search = searching(database)
        await search.find(Ask())
        yield search


async def seen(search, text=""):
    """Names of what a search finds."""
    return set(names(await search.find(Ask(text=text, limit=500))))


def renewed():
    """The indexing of a release with another analysis."""
    other = Analyzer(concepts())
    other.__dict__["version"] = "another"
    return Indexing(other, indexer())


async def test_a_record_is_found_by_everybody_as_soon_as_it_is_committed(shelf, elsewhere):
    await shelf.put("a", title={"en": "Sponge"}, countries=["KE"])
    assert await seen(elsewhere, "sponge") == {"a"}
    assert await seen(elsewhere, "country:KE") == {"a"}


async def test_a_withdrawn_record_leaves_at_once(shelf, elsewhere):
    await shelf.put("a", title={"en": "Sponge"})
    await shelf.withdraw("a")
    assert await seen(elsewhere) == await seen(elsewhere, "sponge") == set()
    await shelf.put("a", title={"en": "Sponge"})
    assert await seen(elsewhere, "sponge") == {"a"}


async def test_an_erased_record_leaves_at_once(shelf, elsewhere):
    await shelf.put("a", title={"en": "Sponge"})
    await shelf.erase("a")
    assert await seen(elsewhere) == await seen(elsewhere, "sponge") == set()


async def test_a_replaced_record_is_found_by_its_new_text_only(shelf, elsewhere):
    await shelf.put("a", title={"en": "Sponge"}, countries=["KE"])
    await shelf.put("a", title={"en": "Kelp"}, countries=["UG"])
    assert await seen(elsewhere, "sponge") == set()
    assert await seen(elsewhere, "country:KE") == set()
    assert await seen(elsewhere, "kelp") == await seen(elsewhere, "country:UG") == {"a"}


async def test_several_entries_of_one_record_in_one_step_leave_the_last_one(shelf, elsewhere):
    first, second = shelf._staged("a", "put", record("a", "Sponge")), shelf._staged("a", "put", record("a", "Kelp"))
    await shelf._append([first, second])
    assert await seen(elsewhere, "sponge") == set()
    assert await seen(elsewhere, "kelp") == {"a"}
    await shelf._append([shelf._staged("a", "put", record("a", "Sponge")), shelf._staged("a", "withdraw")])
    assert await seen(elsewhere) == set()


def record(name, title):
    return {"id": HOME + name, "type": "Need", "title": {"en": title}, "modified": "2026-11-01T00:00:00Z"}


async def test_a_quarantined_record_leaves_at_once(shelf, elsewhere):
    store, tree = shelf.store, Tree()
    await tree.harvest(store, [leaf(0, 0), leaf(1, 1)], accepted=[accepted(0, 0), accepted(1, 1)])
    assert await seen(elsewhere) == {"0", "1"}
    await tree.save(store, [leaf(2, 0, rev=2)])
    await tree.prove(store)
    await store.judge(ORIGIN, 3, [], [(0, 2)])
    assert await seen(elsewhere) == {"0", "1"}
    await store.apply(ORIGIN, Batch(2, 3, refused=[Refusal(2, iri(0), RecordCode.PROOF, "forged")]))
    assert await seen(elsewhere) == {"1"}


async def test_records_that_are_judged_again_stay_findable_meanwhile_and_leave_if_they_are_refused(shelf, elsewhere):
    store, tree = shelf.store, Tree()
    both = [accepted(0, 0), accepted(1, 1)]
    await tree.harvest(store, [leaf(0, 0), leaf(1, 1)], accepted=both)
    async with shelf.database.transaction() as session:
        await Logs(session, lambda: 0).rejudge(ORIGIN)
    assert await seen(elsewhere) == {"0", "1"}
    await store.judge(ORIGIN, 2, [], [])
    refused = Refusal(0, iri(0), RecordCode.SCHEMA, "another rule")
    await store.apply(ORIGIN, Batch(0, 2, accepted=both[1:], refused=[refused]))
    assert await seen(elsewhere) == {"1"}
    assert (await shelf.upkeep.coverage()).documents == 1


async def test_a_transaction_that_fails_leaves_no_trace(shelf, elsewhere):
    await shelf.put("a", title={"en": "Sponge"})
    broken = LogStore(shelf.database, on_change=failing(shelf.indexing))
    kept, shelf.store = shelf.store, broken
    with pytest.raises(ZeroDivisionError):
        await shelf.put_all({"a": {"title": {"en": "Kelp"}}, "b": {"title": {"en": "Kelp"}, "countries": ["FR"]}})
    assert await seen(elsewhere) == await seen(elsewhere, "sponge") == {"a"}
    assert await seen(elsewhere, "kelp") == set()
    assert (await shelf.upkeep.coverage()).documents == 1
    shelf.store = kept
    shelf.revisions["a"] = (1, shelf.revisions["a"][1])
    await shelf.put("a", title={"en": "Kelp"})
    assert await seen(elsewhere, "kelp") == {"a"}


def failing(indexing):
    """Writes the index and then fails, as a full disk would at the end of a transaction."""

    async def follow(session, change):
        await indexing.follow(session, change)
        raise ZeroDivisionError

    return follow


async def test_numbers_of_values_that_a_failed_transaction_gave_are_not_used(shelf, elsewhere):
    """Also where an endorsement within it looked the values up once more."""
    await shelf.put("need")
    await shelf.endorse("yes", "need", "KE")
    endorsement = {
        "type": "Endorsement",
        "government": "KE",
        "endorsed": {"id": HOME + "need", "revision": 1, "sha256": shelf.sha256("need")},
    }
    shelf.store = LogStore(shelf.database, on_change=failing(shelf.indexing))
    with pytest.raises(ZeroDivisionError):
        await shelf.put_all({"lost": {"countries": ["FR"], "languages": ["fr"]}, "too": endorsement})
    shelf.store = LogStore(shelf.database, on_change=shelf.indexing.follow)
    shelf.revisions.clear()
    await shelf.put("spanish", countries=["ES"], languages=["es"])
    await shelf.put("french", countries=["FR"], languages=["fr"])
    assert await seen(elsewhere, "country:ES") == {"spanish"}
    assert await seen(elsewhere, "country:FR") == {"french"}


async def test_what_the_check_made_of_a_harvested_record_is_what_finds_it(shelf):
    made = Indexed("zebra ¦ ˙zebra", ("country=KE", "type=Need"), "2026-12-01", None)
    one = accepted(0, 0)._replace(derived=pack(made))
    await Tree().harvest(shelf.store, [leaf(0, 0)], accepted=[one])
    assert await shelf.found("title:zebra country:KE", chosen={"open": ("soon",)}) == ["0"]


@pytest.mark.parametrize("made", [Indexed("", (), None, None), Indexed("a ¦ ˙b", ("x=1", "y==="), "2026-01-01", None)])
def test_what_is_packed_is_unpacked(made):
    assert unpack(pack(made)) == made


async def test_an_index_that_is_lost_is_made_anew(shelf, database_url, folder):
    await shelf.put_all({f"r{number}": {"title": {"en": "Sponge"}, "countries": ["KE"]} for number in range(5)})
    await shelf.put("gone")
    await shelf.withdraw("gone")
    await shelf.endorse("yes", "r1", "KE")
    async with shelf.database.transaction() as session:
        await session.script(LOST[shelf.database.dialect])
    assert (await shelf.upkeep.coverage()).documents == 0
    assert await shelf.upkeep.rebuild() == 6
    async with open_database(database_url, folder=folder) as database:
        search = searching(database)
        assert await seen(search, "sponge country:KE") == {f"r{number}" for number in range(5)}
        assert names(await search.find(Ask(chosen={"endorsed": ("KE",)}))) == ["r1"]
    coverage = await shelf.upkeep.coverage()
    assert (coverage.records, coverage.documents, coverage.current) == (6, 6, 6)


async def test_while_everything_is_made_anew_nothing_is_missing(shelf, elsewhere, monkeypatch):
    monkeypatch.setattr(module, "CATCH_UP", 3)
    everything = {f"r{number}" for number in range(10)}
    await shelf.put_all({name: {"title": {"en": "Sponge"}} for name in everything})
    await shelf.upkeep.forget()
    assert (await shelf.upkeep.coverage()).current == 0
    steps = 0
    while await shelf.indexing.catch_up(shelf.database):
        steps += 1
        assert await seen(elsewhere, "sponge") == set(await shelf.found("sponge")) == everything
    assert steps == 4
    assert (await shelf.upkeep.coverage()).current == 10


async def test_another_analysis_makes_everything_anew_beside_searches_and_writes(shelf, elsewhere, monkeypatch):
    monkeypatch.setattr(module, "CATCH_UP", 2)
    everything = {f"r{number}" for number in range(20)}
    await shelf.put_all({name: {"title": {"en": "Sponge"}} for name in everything})
    upkeep = Upkeep(shelf.database, renewed())
    work = asyncio.create_task(upkeep.rebuild())
    looks = 0
    while not work.done():
        assert await seen(elsewhere, "sponge") >= everything
        looks += 1
        await shelf.put(f"new{looks}", title={"en": "Sponge"})
    assert await work
    await upkeep.rebuild()
    assert await seen(elsewhere, "sponge") == everything | {f"new{number}" for number in range(1, looks + 1)}
    coverage = await upkeep.coverage()
    assert coverage.records == coverage.documents == coverage.current


async def test_catching_up_that_is_interrupted_goes_on_where_it_was(shelf, elsewhere, monkeypatch):
    monkeypatch.setattr(module, "CATCH_UP", 4)
    everything = {f"r{number}" for number in range(10)}
    await shelf.put_all({name: {"title": {"en": "Sponge"}} for name in everything})
    async with shelf.database.transaction() as session:
        await session.script(LOST[shelf.database.dialect])
    dying = Indexing(analyzer(), Dying(7))
    assert await dying.catch_up(shelf.database) == 4
    with pytest.raises(ZeroDivisionError):
        await dying.catch_up(shelf.database)
    coverage = await shelf.upkeep.coverage()
    assert (coverage.documents, coverage.current) == (4, 4)
    assert await shelf.upkeep.rebuild() == 6
    assert await seen(elsewhere, "sponge") == everything


class Dying:
    """The indexer of a process that is killed after so many records."""

    def __init__(self, left):
        self.left = left

    def document(self, one):
        self.left -= 1
        if self.left < 0:
            raise ZeroDivisionError
        return indexer().document(one)


async def test_two_processes_that_catch_up_share_the_work(shelf, elsewhere, database_url, folder, monkeypatch):
    monkeypatch.setattr(module, "CATCH_UP", 3)
    everything = {f"r{number}" for number in range(20)}
    await shelf.put_all({name: {"title": {"en": "Sponge"}} for name in everything})
    async with shelf.database.transaction() as session:
        await session.script(LOST[shelf.database.dialect])
    async with open_database(database_url, folder=folder) as second:
        other = Upkeep(second, Indexing(analyzer(), indexer()))
        assert sum(await asyncio.gather(shelf.upkeep.rebuild(), other.rebuild())) == 20
    assert await seen(elsewhere, "sponge") == everything
    assert (await shelf.upkeep.coverage()).documents == 20


async def test_upkeep_with_nothing_to_do_changes_nothing(shelf):
    await shelf.put("a")
    await shelf.upkeep.step()
    before = await Documents(shelf.database.read).change()
    await shelf.upkeep.step()
    assert await Documents(shelf.database.read).change() == before
    assert await shelf.found() == ["a"]


async def test_a_stored_text_that_cannot_be_read_any_more_stops_nothing(shelf):
    await shelf.put("a", title={"en": "Sponge"})
    await shelf.put("b", title={"en": "Sponge"})
    damage = "update revision set body = {} where idx = 0"
    async with shelf.database.transaction() as session:
        await session.script(damage.format("cast('{' as blob)" if session.dialect == "sqlite" else "'{'"))
        await session.script(LOST[session.dialect])
    await shelf.upkeep.rebuild()
    assert set(await shelf.found()) >= {"b"}
    assert await shelf.found("sponge") == ["b"]


#: A word that no stemmer shortens, and that begins as no other does, so that it stands in the index letter by letter.
SECRET = "zxjkvwpsecretnum"


async def bytes_of(folder):
    """Everything in the files of the database."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("chm.sqlite*")))


async def kept_house(shelf):
    """Upkeep steps until there is nothing to do, as the worker takes them."""
    for _ in range(PURGE_STEPS):
        await shelf.upkeep.step()


@pytest.fixture
async def filed(folder):
    """A shelf on SQLite, whose files can be looked into; PostgreSQL removes what is deleted by its own vacuum."""
    async with opened("sqlite:///chm.sqlite", folder) as shelf:
        yield shelf


async def fill(shelf, more=30):
    """Other records around the secret one, in several segments of the index."""
    for number in range(more):
        await shelf.put(f"other{number}", title={"en": f"Sponge number {number} quartz"})


@pytest.mark.parametrize("others", [1, 30])
async def test_the_words_of_an_erased_record_are_in_no_file_any_more(filed, folder, others):
    """Also where few segments leave the index no reason of its own to merge them."""
    await fill(filed, others)
    await filed.put("secret", title={"en": f"About {SECRET}"}, problem={"en": SECRET})
    await fill(filed, others)
    assert SECRET.encode() in await bytes_of(folder)
    await filed.erase("secret")
    await kept_house(filed)
    assert SECRET.encode() not in await bytes_of(folder)
    assert await filed.found(SECRET) == []
    assert len(await filed.found("quartz")) == others


@pytest.mark.parametrize("others", [1, 30])
async def test_so_are_those_of_a_record_that_was_withdrawn_or_replaced_before(filed, folder, others):
    await filed.put("withdrawn", title={"en": SECRET})
    await filed.put("replaced", title={"en": f"{SECRET}too"})
    await fill(filed, others)
    await filed.withdraw("withdrawn")
    await filed.put("replaced", title={"en": "Harmless"})
    await kept_house(filed)
    await filed.erase("withdrawn")
    await kept_house(filed)
    await filed.erase("replaced")
    await kept_house(filed)
    assert SECRET.encode() not in await bytes_of(folder)


@pytest.mark.parametrize("withdrawn", [False, True], ids=["in force", "withdrawn before"])
async def test_the_words_of_one_erased_record_among_many_are_purged(filed, folder, withdrawn):
    """One in a hundred of a single segment: SQLite by itself would keep it for as long as it has no reason to merge.

    It is the erasure that counts, also where nothing leaves by it.
    """
    many = {f"other{number}": {"title": {"en": f"Sponge number {number} quartz"}} for number in range(99)}
    await filed.put_all({**many, "secret": {"title": {"en": SECRET}}})
    if withdrawn:
        await filed.withdraw("secret")
    await filed.erase("secret")
    await kept_house(filed)
    assert SECRET.encode() not in await bytes_of(folder)
    assert len(await filed.found("quartz")) == 99


async def test_the_index_of_words_is_sound_after_all_this(shelf):
    await fill(shelf)
    for number in range(0, 30, 3):
        await shelf.erase(f"other{number}")
    await kept_house(shelf)
    async with shelf.database.transaction() as session:
        await Documents(session).check()
    assert len(await shelf.found("quartz")) == 20
