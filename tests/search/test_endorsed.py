"""The mark of a record that a government endorses: of this very text, as long as the endorsement is in force."""

from chmnode.search.model import Ask
from tests.search.shelf import HOME, names


async def endorsed(shelf):
    """Records with a mark, and by whom."""
    answer = await shelf.search.find(Ask(limit=100))
    return {name: list(hit.endorsed) for name, hit in zip(names(answer), answer.hits, strict=True) if hit.endorsed}


async def test_a_record_has_the_mark_when_the_endorsement_comes(shelf):
    await shelf.put("need")
    await shelf.put("other")
    assert await endorsed(shelf) == {}
    await shelf.endorse("yes", "need", "KE")
    assert await endorsed(shelf) == {"need": ["KE"]}
    assert await shelf.found(chosen={"endorsed": ("yes",)}) == ["need"]
    assert await shelf.found(chosen={"endorsed": ("KE",)}) == ["need"]
    assert await shelf.found(chosen={"endorsed": ("UG",)}) == []


async def test_an_endorsement_that_came_before_its_record_marks_it_when_it_comes(shelf):
    """Logs are harvested in any order."""
    await shelf.put("need")
    sha256 = shelf.sha256("need")
    await shelf.withdraw("need")
    await shelf.endorse("yes", "need", "KE", sha256=sha256)
    assert await endorsed(shelf) == {}
    await shelf.put("need")
    assert await endorsed(shelf) == {"need": ["KE"]}


async def test_an_endorsement_in_the_same_change_as_its_record_marks_it(shelf):
    await shelf.put("need")
    sha256 = shelf.sha256("need")
    await shelf.withdraw("need")
    endorsement = {
        "type": "Endorsement",
        "government": "KE",
        "endorsed": {"id": HOME + "need", "revision": 1, "sha256": sha256},
    }
    await shelf.put_all({"yes": endorsement, "need": {}})
    assert await endorsed(shelf) == {"need": ["KE"]}


async def test_the_mark_ends_with_the_endorsement(shelf):
    await shelf.put("need")
    await shelf.endorse("yes", "need", "KE")
    await shelf.endorse("too", "need", "UG")
    assert await endorsed(shelf) == {"need": ["KE", "UG"]}
    await shelf.withdraw("yes")
    assert await endorsed(shelf) == {"need": ["UG"]}
    await shelf.erase("too")
    assert await endorsed(shelf) == {}


async def test_a_new_revision_of_the_record_is_not_endorsed(shelf):
    await shelf.put("need")
    await shelf.endorse("yes", "need", "KE")
    await shelf.put("need", title={"en": "Something else"})
    assert await endorsed(shelf) == {}
    assert await shelf.counts("endorsed") == {}


async def test_the_same_text_again_is_endorsed_again(shelf):
    await shelf.put("need")
    await shelf.endorse("yes", "need", "KE")
    await shelf.put("need", title={"en": "Something else"})
    await shelf.put("need")
    assert await endorsed(shelf) == {"need": ["KE"]}


async def test_an_endorsement_that_is_changed_marks_what_it_names_now(shelf):
    await shelf.put("one")
    await shelf.put("two")
    await shelf.endorse("yes", "one", "KE")
    await shelf.endorse("yes", "two", "KE")
    assert await endorsed(shelf) == {"two": ["KE"]}


async def test_an_endorsement_of_another_text_marks_nothing(shelf):
    await shelf.put("need")
    await shelf.endorse("yes", "need", "KE", sha256="0" * 64)
    assert await endorsed(shelf) == {}


async def test_an_endorsement_that_names_nothing_marks_nothing_and_stops_nothing(shelf):
    await shelf.put("need")
    for number, named in enumerate((None, {}, {"id": 1}, [], "need", {"id": "x", "revision": "1", "sha256": "y"})):
        await shelf.put(f"odd{number}", type="Endorsement", government="KE", endorsed=named)
    assert await endorsed(shelf) == {}
    assert await shelf.found() == ["need"]


async def test_an_endorsed_record_that_leaves_takes_its_mark_along_and_brings_it_back(shelf):
    await shelf.put("need")
    await shelf.endorse("yes", "need", "KE")
    await shelf.withdraw("need")
    assert await shelf.counts("endorsed") == {}
    await shelf.put("need")
    assert await endorsed(shelf) == {"need": ["KE"]}


async def test_the_mark_leaves_words_and_other_facets_as_they_are(shelf):
    await shelf.put("need", title={"en": "Sponge"}, countries=["KE"])
    await shelf.endorse("yes", "need", "KE")
    assert await shelf.found("sponge", chosen={"country": ("KE",)}) == ["need"]
    await shelf.withdraw("yes")
    assert await shelf.found("sponge", chosen={"country": ("KE",)}) == ["need"]
