"""Search and record by the keyboard alone: every stop is seen, in the order of reading, and leads where it says."""

import pytest

from tests.browser.chromium import DESK, PHONE

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: More stops than any page may have.
MOST_STOPS = 400
#: Pixels and contrast of the outline of what has the focus (WCAG 2.2, 2.4.13 and 1.4.11).
LEAST_OUTLINE, LEAST_CONTRAST = 2, 3
#: The box of the facet "kind of record" for offers.
OFFERS = "input[name=type][value=Offer]"
WITH_AND_WITHOUT_SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


async def walk(window):
    """Every stop from the address bar on, until the focus leaves the page."""
    stops = []
    for _ in range(MOST_STOPS):
        await window.page.keyboard.press("Tab")
        stop = await window.ask("focus")
        names = [before["name"] for before in stops]
        if stop is None or stop["name"] in names[:-1]:
            return stops
        if [stop["name"]] != names[-1:]:  # the parts of a date are one control
            stops.append(stop)
    return pytest.fail(f"more than {MOST_STOPS} stops", pytrace=False)


async def tab_to(window, selector):
    """Press Tab until the focus is on what the selector names."""
    for _ in range(MOST_STOPS):
        await window.page.keyboard.press("Tab")
        if await window.ask("focused", selector):
            return
    pytest.fail(f"no way with the keyboard to {selector} on {window.page.url}", pytrace=False)


async def go(window, key="Enter"):
    """Press a key that leads to another page."""
    async with window.page.expect_navigation():
        await window.page.keyboard.press(key)


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("kind", ["search-facets", "need"])
async def test_the_focus_is_seen_at_every_stop_and_goes_in_the_order_of_reading(window, kind, lang, width):
    await window.show(kind, lang, width=width)
    await window.ask("unfold")
    reachable = await window.ask("reachable")
    stops = await walk(window)
    found = [f"never reached: {name}" for name in reachable if name not in {stop["name"] for stop in stops}]
    for stop in stops:
        if stop["outline"] < LEAST_OUTLINE or stop["contrast"] < LEAST_CONTRAST:
            found.append(f"no visible focus: {stop['name']}: {stop['outline']} px, {stop['contrast']:.1f}:1")
        if stop["hidden"]:
            found.append(f"focus hidden: {stop['name']}")
    found += await window.ask("disorder")
    assert not found, "\n".join(found)


@WITH_AND_WITHOUT_SCRIPTS
@pytest.mark.parametrize("kind", ["home", "search-query", "need"])
async def test_the_first_stop_leads_past_the_menu(visitor, kind, scripts):
    window = await visitor(scripts=scripts)
    await window.show(kind)
    await window.page.keyboard.press("Tab")
    assert await window.ask("focused", "a.skip")
    assert not (await window.ask("focus"))["hidden"]
    await window.page.keyboard.press("Enter")
    await window.page.keyboard.press("Tab")
    assert await window.ask("focused", "main *"), (await window.ask("focus"))["name"]


@WITH_AND_WITHOUT_SCRIPTS
@pytest.mark.parametrize("lang", ["en", "ar"])
async def test_a_query_is_typed_a_facet_chosen_and_a_hit_opened(visitor, lang, scripts):
    window = await visitor(lang=lang, scripts=scripts)
    await window.show("home")
    await tab_to(window, "main input[name=q]")
    await window.page.keyboard.type("restoration")
    await go(window)
    assert "q=restoration" in window.page.url
    before = await window.ask("hits")
    assert before
    await choose_an_offer(window, scripts=scripts)
    after = await window.ask("hits")
    assert after
    assert len(after) <= len(before)
    await tab_to(window, "main .rows .title a")
    await go(window)
    assert await window.page.locator("h1").inner_text() == after[0]


async def choose_an_offer(window, *, scripts):
    """Unfold what folds the facet away, tick its box, and send the form, which scripts do by themselves."""
    while not await window.page.locator(OFFERS).is_visible():
        await tab_to(window, f"details:not([open]):has({OFFERS}) > summary")
        await window.page.keyboard.press("Enter")
    await tab_to(window, OFFERS)
    await window.page.keyboard.press("Space")
    if not scripts:
        await tab_to(window, "main details button")
        await go(window)
    await window.page.locator("main .chosen .chip").first.wait_for()
    assert "type=Offer" in window.page.url
