"""The arrays in memory: what follows the changes equals what is loaded anew, on every step of any history."""

import random

import numpy as np
import pytest

from chmnode.search.columns import Columns, Dictionary, follow, load
from chmnode.storage import Documents, Standing
from chmnode.storage.documents import PACKED

STEPS = 40


def same(one, other):
    """Whether two snapshots tell the same of every document, and count the same."""
    size = max(one.documents, other.documents)
    assert grown(one.alive, size).tolist() == grown(other.alive, size).tolist()
    alive = np.flatnonzero(one.alive)
    for name in ("modified", "closes", "ranking"):
        assert getattr(one, name)[alive].tolist() == getattr(other, name)[alive].tolist(), name
    for facet in {*one.dictionary.facets, *other.dictionary.facets}:
        assert one.counts(facet, one.alive) == other.counts(facet, other.alive), facet
        for value in one.counts(facet, one.alive):
            ours, theirs = one.having(facet, [value]), other.having(facet, [value])
            assert np.flatnonzero(ours).tolist() == np.flatnonzero(theirs).tolist(), (facet, value)


def grown(mask, size):
    longer = np.zeros(size, np.bool_)
    longer[: len(mask)] = mask
    return longer


async def act(shelf, dice, names):
    """Write anything."""
    living = sorted(names)
    what = dice.choice(["put", "put", "change", "change", "withdraw", "erase", "endorse", "many"])
    countries = dice.sample(["KE", "UG", "CR", "FR", "ES"], 2)
    if what == "many":
        fresh = [f"r{len(shelf.revisions) + number}" for number in range(4)]
        await shelf.put_all({name: {"countries": countries} for name in fresh})
        names.update(fresh)
    elif what == "put" or not living:
        name = f"r{len(shelf.revisions)}"
        await shelf.put(name, countries=countries, validUntil=f"2026-12-{dice.randint(10, 28)}")
        names.add(name)
    elif what == "endorse":
        await shelf.endorse(f"e{len(shelf.revisions)}", dice.choice(living), dice.choice(["KE", "UG"]))
    elif what == "change":
        await shelf.put(dice.choice(living), countries=countries, modified=f"2026-10-{dice.randint(10, 28)}T00:00:00Z")
    else:
        gone = dice.choice(living)
        names.discard(gone)
        await (shelf.withdraw if what == "withdraw" else shelf.erase)(gone)


@pytest.mark.parametrize("seed", range(3))
async def test_following_changes_gives_what_loading_anew_does(shelf, seed):
    """One follows every change, one looks now and then."""
    dice, names = random.Random(seed), set()
    documents = Documents(shelf.database.read)
    close, lazy = Columns(), Columns()
    for step in range(STEPS):
        await act(shelf, dice, names)
        anew = await load(documents)
        close = await follow(close, documents)
        same(close, anew)
        assert close.change == await documents.change()
        if step % 7 == 0:
            lazy = await follow(lazy, documents)
            same(lazy, anew)


async def test_an_unchanged_index_is_not_read_again(shelf):
    await shelf.put("a")
    columns = await shelf.search.current()
    assert await shelf.search.current() is columns
    await shelf.put("b")
    assert await shelf.search.current() is not columns


async def test_a_snapshot_stays_as_it_was_when_a_newer_one_is_made(shelf):
    """A search that is under way is not disturbed."""
    await shelf.put("a", countries=["KE"])
    before = await shelf.search.current()
    alive = before.alive.tolist()
    await shelf.withdraw("a")
    await shelf.put("b", countries=["UG"])
    await shelf.search.current()
    assert before.alive.tolist() == alive
    assert before.counts("country", before.alive) == {"KE": 1}


def test_an_empty_index_has_nothing():
    columns = Columns()
    assert columns.counts("type", columns.alive) == {}
    assert not columns.having("type", ["Need"]).any()


def test_values_of_one_document_are_told_as_far_as_they_are_known():
    dictionary = Dictionary().with_values([(1, "type", "Need"), (2, "country", "KE")])
    packed = np.array([1, 2, 3], PACKED).tobytes()
    assert dictionary.pairs(packed) == {("type", "Need"), ("country", "KE")}
    assert dictionary.pairs(b"") == frozenset()


def test_a_document_that_left_has_no_values():
    dictionary = Dictionary().with_values([(1, "type", "Need")])
    packed = np.array([1], PACKED).tobytes()
    columns = Columns().changed([Standing(1, packed, 5, None, 7), Standing(2, packed, 6, 3, 8)], dictionary, 1)
    left = columns.changed([Standing(1, None, 5, None, 7)], dictionary, 2)
    assert columns.counts("type", columns.alive) == {"Need": 2}
    assert left.counts("type", left.alive) == {"Need": 1}
    assert np.flatnonzero(left.having("type", ["Need"])).tolist() == [2]
