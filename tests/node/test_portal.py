"""The pages as a reader gets them: every one in six languages, honest, whole without scripts."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import apsw
import pytest
from babel.messages.pofile import read_po
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chmnode.app import build
from chmnode.config import LANGUAGES
from chmnode.portal import strings, words
from chmnode.portal.facts import Teller, linked
from chmnode.portal.i18n import FOLDER, NAMES, best, load
from chmnode.storage import Peers
from chmsync.errors import LogCode, RecordCode
from tests.node.conftest import NEED, NOW, OFFER, foreign, harvest, publish
from tests.node.strategies import CATALOGUE, any_records

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
READERS = load(NAMES)
#: Members that records of every type share.
SHARED = sorted(CATALOGUE.documents["https://w3id.org/chm/schemas/envelope/1.0"]["properties"])
CSS = Path(strings.__file__).parent / "static" / "portal.css"
#: Elements without an end tag.
VOID = {"meta", "link", "br", "input", "path"}


class Page(HTMLParser):
    """What a page is made of; complains about tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.headings = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if data.strip():
            self.words.append((self.open[-1] if self.open else "", data.strip()))

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def text(self, tag=None):
        return " ".join(data for within, data in self.words if tag in {None, within})


async def page(client, path, **headers):
    response = await client.get(path, headers={"Accept": "text/html", **headers})
    return response, Page(await response.text())


def paths(site):
    foreign = site.peer.iri
    return {
        "/ke/": 200,
        "/ke/records": 200,
        "/ke/records?type=Need": 200,
        "/ke/federation": 200,
        "/ke/about": 200,
        site.path(site.need): 200,
        site.path(site.offer): 200,
        f"/ke/view?id={foreign('reef')}": 200,
        site.path(site.gone): 410,
        site.path(site.erased): 410,
        f"/ke/view?id={foreign('forged')}": 404,
        "/ke/records/never": 404,
        "/ke/nowhere": 404,
        "/ke/view?id=x": 400,
    }


@pytest.mark.parametrize("lang", NAMES)
async def test_every_page_speaks_the_readers_language(site, client, lang):
    for path, status in paths(site).items():
        response, found = await page(client, path, **{"Accept-Language": f"{lang};q=0.9, de"})
        assert response.status == status, path
        assert response.headers["Content-Language"] == lang
        html = next(attrs for tag, attrs in found.tags if tag == "html")
        assert html == {"lang": lang, "dir": "rtl" if lang == "ar" else "ltr"}
        assert READERS[lang].say("Skip to the content") in found.text()
        assert "Accept-Language" in response.headers["Vary"]


async def test_every_page_has_one_main_heading_landmarks_and_a_way_past_the_menu(site, client):
    for path in paths(site):
        _, found = await page(client, path)
        tags = [tag for tag, _ in found.tags]
        assert [tags.count(name) for name in ("h1", "main", "header", "footer", "title")] == [1] * 5, path
        assert next(attrs for tag, attrs in found.tags if tag == "a") == {"class": "skip", "href": "#main"}
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = found.attributes("id")
        assert len(ids) == len(set(ids))
        assert set(found.attributes("aria-labelledby")) <= set(ids)


async def test_no_page_runs_a_script_or_loads_anything_from_elsewhere(site, client):
    for path in paths(site):
        _, found = await page(client, path)
        assert not {"script", "style", "iframe", "img"} & {tag for tag, _ in found.tags}
        assert not [name for _, attrs in found.tags for name in attrs if name == "style" or name.startswith("on")]
        loaded = [
            attrs["href"] for tag, attrs in found.tags if tag == "link" and attrs["rel"] in {"stylesheet", "icon"}
        ]
        assert all(address.startswith("/ke/static/") for address in loaded)
        for address in loaded:
            response = await client.get(address)
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]


async def test_every_link_within_the_site_leads_somewhere(site, client):
    seen = set()
    for path in paths(site):
        _, found = await page(client, path)
        seen |= {attrs["href"] for tag, attrs in found.tags if tag == "a" and attrs["href"].startswith("/")}
    for address in sorted(seen):
        # The pages of what is gone link to themselves in other languages.
        assert (await client.get(address, headers={"Accept": "text/html"})).status in {200, 400, 404, 410}
    assert not [address for address in seen if not address.startswith("/ke/")]


async def test_text_of_a_record_never_becomes_markup(site, client):
    _, found = await page(client, site.path(site.offer))
    assert "<script>alert(1)</script>" in found.text()
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}")
    assert "javascript:alert(1)" in found.text()
    assert not [address for address in found.attributes("href") if address.startswith("javascript")]


async def test_a_record_says_where_it_comes_from(site, client):
    _, found = await page(client, site.path(site.need), **{"Accept-Language": "en"})
    said = found.text()
    assert "Published by CHM Kenya on 31 March 2026." in said
    assert "Signed with the key of this node" in said
    assert f"{site.path(site.need)}/proof" in found.attributes("href")
    assert f"{site.path(site.need)}?format=ttl" in found.attributes("href")
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}")
    assert "Checked: the signature of the publisher is valid" in found.text()
    assert "Réseau des récifs" in found.text()
    assert next(attrs["href"] for tag, attrs in found.tags if attrs.get("rel") == "canonical") == site.peer.iri("reef")


async def test_facts_are_told_with_the_labels_of_the_reader(site, client):
    _, found = await page(client, site.path(site.need), **{"Accept-Language": "es"})
    said = found.text()
    for word in ("Tipos de ayuda", "Presupuesto solicitado", "Kenya", "31 de diciembre de 2026", "125.000"):
        assert word in said
    _, found = await page(client, site.path(site.offer), **{"Accept-Language": "fr"})
    for word in ("Admissibilité", "Gratuit", "Afrique", "novembre 2025", "Barcoding"):
        assert word in found.text()


async def test_a_text_in_another_language_is_marked_and_so_is_a_machines(site, client):
    _, found = await page(client, site.path(site.need), **{"Accept-Language": "ru"})
    assert ("bdi", {"lang": "fr", "dir": "ltr"}) in found.tags
    assert "французский" in found.text()
    _, found = await page(client, site.path(site.need), **{"Accept-Language": "en"})
    assert "machine-translated" in found.text()
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}", **{"Accept-Language": "en"})
    assert ("bdi", {"lang": "ar", "dir": "rtl"}) in found.tags


async def test_a_latin_name_in_an_arabic_sentence_is_kept_apart(site, client):
    """Else it would pull the date beside it to its own side."""
    for path in ("/ke/", site.path(site.need)):
        _, found = await page(client, path, **{"Accept-Language": "ar"})
        assert ("bdi", "CHM Kenya") in found.words


async def test_what_left_force_is_explained_in_words(site, client):
    for iri, heading in ((site.gone, "This record was withdrawn"), (site.erased, "This record was erased")):
        _, found = await page(client, site.path(iri), **{"Accept-Language": "en"})
        assert found.text("h1") == heading
        assert ("bdi", "CHM Kenya") in found.words
        assert "did this on 31 March 2026." in found.text()
        assert "Reason:" in found.text()
    _, found = await page(client, f"/ke/view?id={site.peer.iri('forged')}", **{"Accept-Language": "en"})
    assert "did not pass the checks of this node" in found.text()
    assert "Its signature is not valid." in found.text()


async def test_the_federation_page_tells_who_is_followed_and_what_was_refused(site, client):
    _, found = await page(client, "/ke/federation", **{"Accept-Language": "en"})
    said = found.text("td") + found.text("th") + found.text("bdi") + found.text("li") + found.text("span")
    for word in ("Réseau des récifs", "2 hours ago", "Up to date", "Its signature is not valid.", "chm.example.ke/log"):
        assert word in said


async def note(site, **changes):
    """Change what is known of the last harvest of the peer."""
    async with site.node.database.transaction() as session:
        (row,) = await Peers(session).list()
        await Peers(session).save(row.origin, replace(row.schedule, **changes))


@pytest.mark.parametrize("code", ["UNREACHABLE", "BAD_SIGNATURE", "FORK"])
async def test_a_node_that_could_not_be_read_is_not_called_up_to_date(site, client, code):
    await note(site, code=code)
    _, found = await page(client, "/ke/federation", **{"Accept-Language": "en"})
    assert "Up to date" not in found.text()
    assert "Unknown: the last reading failed" in found.text("span")
    assert words.LOG_CODES[code] in found.text("span")


async def test_home_does_not_say_that_nodes_were_read_lately_when_they_were_not(site, client):
    for seen in (None, NOW - 7 * 86_400):
        await note(site, last_ok=seen)
        _, found = await page(client, "/ke/", **{"Accept-Language": "en"})
        assert "were read lately" not in found.text()


@pytest.mark.parametrize("which", ["need", "reef"])
async def test_a_text_altered_in_the_database_is_never_shown_as_unchanged(site, client, which):
    iri = site.need if which == "need" else site.peer.iri("reef")
    path = site.path(iri) if which == "need" else f"/ke/view?id={iri}"
    connection = apsw.Connection(str(site.node.config.folder / "chm.sqlite"))
    connection.execute("update revision set body = cast('{}' as blob) where instr(body, ?)", (iri.encode(),))
    connection.close()
    response, found = await page(client, path, **{"Accept-Language": "en"})
    assert response.status == 503
    assert found.text("h1") == "This record is damaged here"
    assert "the operator should run “chm check”" in found.text()
    _, listed = await page(client, "/ke/records", **{"Accept-Language": "en"})
    assert iri in listed.text("bdi")


async def test_a_narrow_screen_gets_the_name_of_each_cell_with_the_cell(client):
    for lang, label in (("en", "Behind by:"), ("fr", "Retard\u00a0:"), ("zh", "落后：")):
        _, found = await page(client, "/ke/federation", **{"Accept-Language": lang})
        assert len(found.attributes("data-label")) == sum(tag == "td" for tag, _ in found.tags)
        assert label in found.attributes("data-label")


async def test_chinese_sentences_end_and_pause_in_chinese(site, client):
    _, found = await page(client, "/ke/about", **{"Accept-Language": "zh"})
    assert "：国家信息交换所。" in found.text("p")
    _, found = await page(client, site.path(site.gone), **{"Accept-Language": "zh"})
    assert "原因：" in found.text("p")


async def test_the_about_page_sends_to_each_publisher_for_its_key(client):
    _, found = await page(client, "/ke/about", **{"Accept-Language": "en"})
    assert "this node's is below; others' are on their own About pages" in found.text("p")


async def test_global_targets_are_told_with_their_numbers(site, client):
    for lang, said in (("en", "Target 6: "), ("fr", "Cible 6\u00a0: "), ("ar", "الغاية 6: ")):
        _, found = await page(client, site.path(site.need), **{"Accept-Language": lang})
        assert said in found.text("bdi")


async def test_a_kind_that_this_node_does_not_know_is_said_to_be_unchecked(site, client):
    unchecked = "This node does not know this kind of record; its content was not checked."
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}", **{"Accept-Language": "en"})
    assert unchecked in found.text("p")
    _, found = await page(client, site.path(site.need), **{"Accept-Language": "en"})
    assert unchecked not in found.text()


async def test_a_long_title_is_cut_in_lists_and_a_long_text_on_its_page(node, folder, aiohttp_client):
    peer = foreign()
    long = {"title": {"en": "reef" * 200}, "description": {"en": "coral " * 5000}}
    peer.put("long", peer.record("long", **long))
    await harvest(node, peer, folder / "copy")
    client = await aiohttp_client(build(node))
    _, found = await page(client, "/ke/records", **{"Accept-Language": "en"})
    assert [len(title) for title in found.text("bdi").split() if title.startswith("reef")] == [500]
    _, found = await page(client, f"/ke/view?id={peer.iri('long')}", **{"Accept-Language": "en"})
    assert "reef" * 200 in found.text("bdi")
    assert 19_500 < found.text("p").count("coral ") * len("coral ") < 20_500
    assert "The text is longer; the raw formats have the rest." in found.text("span")


async def test_home_shows_needs_and_offers_side_by_side_and_the_network_in_a_line(site, client):
    _, found = await page(client, "/ke/", **{"Accept-Language": "en"})
    assert found.text("h2") == "Newest needs Newest offers The network"
    assert {site.path(site.need), site.path(site.offer)} <= set(found.attributes("href"))
    assert "3 records are shown here. This node follows 1 other node. All of them were read lately." in " ".join(
        found.text("p").split()
    )


async def test_an_empty_node_invites(node, aiohttp_client):
    client = await aiohttp_client(build(node))
    for path, said in (
        ("/ke/", "No needs have been published yet."),
        ("/ke/records", "There are no such records yet."),
        ("/ke/federation", "This node follows no other node yet."),
    ):
        _, found = await page(client, path, **{"Accept-Language": "en"})
        assert said in found.text()


async def test_the_list_is_paged_and_keeps_filter_and_language(node, aiohttp_client):
    await publish(node, *[{**OFFER, "title": {"en": f"Offer {n}"}} for n in range(30)], NEED)
    client, path, seen = await aiohttp_client(build(node)), "/ke/records?type=Offer&lang=fr", []
    while path:
        response, found = await page(client, path)
        assert response.headers["Content-Language"] == "fr"
        seen += [data for tag, data in found.words if data.startswith("Offer ")]
        more = [attrs["href"] for tag, attrs in found.tags if tag == "a" and attrs.get("rel") == "next"]
        path = more[0] if more else None
        if path:
            assert "lang=fr" in path
            assert "type=Offer" in path
    assert sorted(seen) == sorted(f"Offer {n}" for n in range(30))
    assert (await client.get(f"/ke/records?after={'9' * 40}.1.x", headers={"Accept": "text/html"})).status == 200


async def test_a_language_chosen_by_hand_stays_and_sets_no_cookie(site, client):
    response, found = await page(client, "/ke/?lang=ar", **{"Accept-Language": "ru"})
    assert response.headers["Content-Language"] == "ar"
    assert "Set-Cookie" not in response.headers
    own = [urlsplit(attrs["href"]) for tag, attrs in found.tags if tag == "a" and attrs["href"].startswith("/ke/")]
    assert all("lang=" in address.query for address in own)


async def test_a_page_that_has_not_changed_is_not_sent_again(client):
    response, _ = await page(client, "/ke/about")
    again = await client.get("/ke/about", headers={"Accept": "text/html", "If-None-Match": response.headers["ETag"]})
    assert (again.status, again.headers["Cache-Control"]) == (304, "no-cache")


async def test_a_node_speaks_only_the_languages_its_operator_chose(node, aiohttp_client):
    narrowed = replace(node, config=replace(node.config, languages=("fr", "sw")))
    client = await aiohttp_client(build(narrowed))
    response, found = await page(client, "/ke/", **{"Accept-Language": "en"})
    assert response.headers["Content-Language"] == "fr"
    assert found.attributes("hreflang") == ["fr", "fr"]


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        (None, "en"),
        ("fr-CA, en;q=0.5", "fr"),
        ("de", "en"),
        ("de, es;q=0.1", "es"),
        ("zh-Hant-TW", "zh"),
        ("ru;q=0", "en"),
        ("en;q=0.3,ar;q=0.31", "ar"),
        ("fr" * 400, "en"),
    ],
)
def test_the_language_that_a_browser_wants_most_is_taken(header, lang):
    assert best(header, ("en", "ar", "es", "fr", "ru", "zh")) == lang


@given(st.text())
def test_no_header_makes_the_choice_of_a_language_fail(header):
    assert best(header, tuple(NAMES)) in NAMES


@pytest.mark.parametrize("lang", NAMES)
def test_a_catalogue_has_every_message_whole_and_nothing_else(lang):
    with (FOLDER / f"{lang}.po").open("rb") as file:
        catalogue = read_po(file, locale=lang)
    wanted = {message.id for message in strings.messages() if message.id}
    held = {message.id: message for message in catalogue if message.id}
    assert held.keys() == wanted
    assert not catalogue.obsolete
    for message in held.values():
        given_texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert len(given_texts) == (catalogue.num_plurals if message.pluralizable else 1)
        names = set(re.findall(r"%\(\w+\)s", str(message.id)))
        assert all(text and set(re.findall(r"%\(\w+\)s", text)) == names for text in given_texts), message.id
        assert not message.fuzzy


def test_bringing_catalogues_up_to_date_changes_nothing_now():
    template = strings.messages()
    for lang in NAMES:
        assert strings.written(strings.updated(lang, template)) == (FOLDER / f"{lang}.po").read_bytes()


@pytest.mark.parametrize("lang", sorted(set(NAMES) - {"en"}))
def test_translations_are_in_the_script_of_their_language(lang):
    reader = READERS[lang]
    script = {"ar": r"[\u0600-\u06ff]", "ru": r"[\u0400-\u04ff]", "zh": r"[\u4e00-\u9fff]"}.get(lang, r"[A-Za-z]")
    assert all(
        re.search(script, reader.say(message.id))
        for message in strings.messages()
        if isinstance(message.id, str) and re.search("[A-Za-z]", re.sub(r"%\(\w+\)s", "", message.id))
    )


def test_every_code_of_the_protocol_has_words():
    assert set(words.LOG_CODES) == {str(code) for code in LogCode}
    assert set(words.RECORD_CODES) == {str(code) for code in RecordCode}


@pytest.mark.parametrize(
    ("lang", "n", "said"),
    [
        ("en", 1, "1 entry"),
        ("ru", 22, "22 строки"),
        ("ru", 5, "5 строк"),
        ("ar", 3, "3 قيود"),
        ("ar", 11, "11 قيدًا"),
        ("ar", 100, "100 قيد"),
    ],
)
def test_numbers_are_counted_as_each_language_does(lang, n, said):
    assert READERS[lang].count("%(n)s entry", "%(n)s entries", n) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-03-03", "3 mars 2026"),
        ("2026-03-03T10:00:00Z", "3 mars 2026"),
        ("2026-03", "mars 2026"),
        ("2026", "2026"),
        ("soon", "soon"),
        ([1], "[1]"),
        ("2026-13-45", "2026-13-45"),
    ],
)
def test_dates_are_told_in_words(text, said):
    assert READERS["fr"].day(text) == said


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(any_records(), st.sampled_from(sorted(NAMES)))
def test_any_valid_record_can_be_told_to_anybody(concepts_of_all, record, lang):
    teller = Teller(READERS[lang], CATALOGUE, concepts_of_all, {})
    assert teller.title(record).text
    assert all(fact.label and (fact.values or fact.parts) for fact in teller.facts(record))
    assert all(passage.paragraphs for passage in teller.passages(record))
    assert teller.kind(record)
    assert isinstance(linked(record, CATALOGUE.of(record)), list)


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from([*SHARED, "title"]), JSON, max_size=8))
def test_a_record_of_an_unknown_kind_is_told_whatever_it_holds(concepts_of_all, members):
    record = {"type": "Riddle", "id": "https://x.example.org/1", **members}
    teller = Teller(READERS["en"], CATALOGUE, concepts_of_all, {})
    assert teller.title(record) is not None
    teller.facts(record)
    teller.passages(record)
    teller.gist(record)
    teller.place(record)
    teller.helps(record)


def test_texts_end_where_a_page_does(concepts_of_all):
    teller = Teller(READERS["en"], CATALOGUE, concepts_of_all, {})
    record = {"type": "Riddle", "id": "https://x.example.org/1", "title": {"en": "a" * 30_000}, "clue": ["b" * 30_000]}
    title, (fact,) = teller.title(record), teller.facts(record)
    assert (len(title.text), title.cut) == (20_000, True)
    assert (len(fact.values[0].text), fact.values[0].cut) == (20_000, True)
    row = title.within(500)
    assert (len(row.text), row.text[-1]) == (500, "…")
    assert row.within(500) == row


def test_shared_members_of_an_unknown_kind_are_told_as_those_of_a_known_one(concepts_of_all):
    teller = Teller(READERS["en"], CATALOGUE, concepts_of_all, {})
    record = {
        "type": "Riddle",
        "id": "https://x.example.org/1",
        "source": {"url": "https://x.example.org/", "date": "2025"},
        "description": {"en": "Told in full."},
        "validUntil": "2026-12-31",
        "countries": ["KE"],
        "relation": [{"type": "partOf", "id": "https://x.example.org/2"}],
        "answer": {"en": "A reef.", "sw": "Mwamba."},
        "weights": {"heavy": "yes", "en": "no"},
    }
    assert [(passage.label, passage.paragraphs) for passage in teller.passages(record)] == [
        ("Description", ("Told in full.",)),
        ("answer", ("A reef.",)),
    ]
    assert [(fact.label, [value.text for value in fact.values]) for fact in teller.facts(record)] == [
        ("Valid until", ["31 December 2026"]),
        ("Countries", ["Kenya"]),
        ("Related records", ["Part of: https://x.example.org/2"]),
        ("weights", ['{"heavy":"yes","en":"no"}']),
    ]


@pytest.fixture(scope="session")
def concepts_of_all():
    from chmnode import resources
    from chmnode.concepts import Concepts

    return Concepts.load(resources.folder("vocab"))


def test_a_summary_leads_and_a_text_told_below_is_not_told_twice(concepts_of_all):
    teller = Teller(READERS["en"], CATALOGUE, concepts_of_all, {})
    record = {"schema": "https://w3id.org/chm/schemas/need/1.0", "languages": ["en"], "problem": {"en": "One.\n\nTwo."}}
    assert teller.gist(record) is None
    assert [passage.paragraphs for passage in teller.passages(record)] == [("One.", "Two.")]
    led = {**record, "summary": {"en": "In short."}}
    assert teller.gist(led).paragraphs == ("In short.",)
    assert [passage.label for passage in teller.passages(led)] == ["Problem"]


@pytest.mark.parametrize(
    ("amount", "lang", "said"),
    [("125000", "en", "US$125,000"), ("125000.5", "en", "US$125,000.50"), ("125000", "fr", "125\u202f000\xa0$US")],
)
def test_money_is_told_as_the_language_does_without_empty_cents(amount, lang, said):
    assert READERS[lang].money(amount, "USD") == said


def test_visitors_who_ask_for_nothing_get_the_operators_first_language_or_english():
    assert next(iter(load(LANGUAGES))) == "en"
    assert next(iter(load(("fr", "en")))) == "fr"
    assert list(load(("sw",))) == ["en"]


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_colours_are_readable(mode):
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS.read_text().split(":root {")[mode + 1]))
    for ink in ("ink", "quiet", "leaf", "need", "offer", "good", "warn", "bad"):
        for ground in ("paper", "surface"):
            assert contrast(tokens[ink], tokens[ground]) >= 4.5, (ink, ground)
    for kind in ("need", "offer"):
        assert contrast(tokens[kind], tokens[f"{kind}-tint"]) >= 4.5
        assert contrast(tokens["ink"], tokens[f"{kind}-tint"]) >= 4.5


def test_the_style_sheet_is_small_and_loads_nothing():
    css = CSS.read_text()
    assert len(css) < 10_000
    assert "url(" not in css
    assert "@import" not in css
