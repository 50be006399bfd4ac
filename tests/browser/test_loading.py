"""Pages on a slow line, and what they load: little, from here alone, and whole without scripts."""

from collections import Counter
from urllib.parse import urlsplit

import pytest

from tests.browser.chromium import PHONE
from tests.browser.pages import PAGES

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: 250 kbit/s, 300 ms there and back.
LINE = {"offline": False, "latency": 300, "downloadThroughput": 250_000 / 8, "uploadThroughput": 250_000 / 8}
#: The browser does not delay the opening of a connection; a real line does, once.
OPENING_MS = 300
MOST_MS = 3000
#: Bytes, compressed, with headers.
MOST_DOCUMENT, MOST_PAGE = 30_000, 100_000


async def on_the_line(requests):
    """Bytes by type of what was loaded."""
    loaded = Counter()
    for request in requests:
        sizes = await request.sizes()
        loaded[request.resource_type] += sizes["responseBodySize"] + sizes["responseHeadersSize"]
    return loaded


@pytest.mark.parametrize("kind", PAGES)
async def test_a_first_visit_is_light_asks_no_other_host_and_keeps_the_rules_of_the_page(visitor, kind):
    newcomer, asked, loaded, complaints = await visitor(), [], [], []
    page = newcomer.page
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfinished", lambda request: loaded.append(request))  # noqa: PLW0108 - it is marked by the library
    page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await newcomer.show(kind)
    sizes = await on_the_line(loaded)
    document, everything = sizes["document"] + sizes["stylesheet"], sizes.total()
    print(f"{kind}: {document / 1000:.1f} kB of HTML and CSS, {everything / 1000:.1f} kB in all")
    assert document <= MOST_DOCUMENT
    assert everything <= MOST_PAGE
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(page.url).netloc}
    # That a missing page is missing is told on the console by the browser itself.
    assert [text for text in complaints if f"status of {PAGES[kind].status} " not in text] == []
    assert await page.context.cookies() == []


@pytest.mark.parametrize("kind", ["search-query", "search-facets", "need", "record-foreign"])
async def test_something_is_to_be_seen_within_three_seconds_of_a_slow_line(visitor, kind):
    newcomer = await visitor(width=PHONE)
    cdp = await newcomer.page.context.new_cdp_session(newcomer.page)
    await cdp.send("Network.enable")
    await cdp.send("Network.emulateNetworkConditions", LINE)
    await newcomer.show(kind, width=PHONE)
    seen = await newcomer.ask("painted") + OPENING_MS
    print(f"{kind}: first contentful paint after {seen:.0f} ms")
    assert seen < MOST_MS


async def test_pages_say_the_same_without_scripts(window, visitor):
    careful = await visitor(scripts=False)
    for kind in ("home", "search-query", "need", "history", "concept-target", "federation"):
        await window.show(kind, "en")
        await careful.show(kind)
        assert await careful.ask("words") == await window.ask("words"), kind
