"""Pages on narrow screens, enlarged, with more space, printed, mirrored, and in the script of the reader."""

import pytest

from tests.browser.chromium import DESK, PHONE
from tests.browser.pages import LANGUAGES, PAGES

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Names of fonts that draw Chinese.
CHINESE = "CJK SC"
#: Languages that need the most room, one in each direction.
LONG_WORDED = ("ar", "ru")


async def spoilt(window, lang):
    """What of a page cannot be read without scrolling sideways, or not at all."""
    await window.ask("unfold")
    return [f"{lang}: {found}" for found in await window.ask("spoilt")]


@pytest.mark.parametrize("kind", PAGES)
async def test_a_page_in_any_language_fits_320_pixels_which_is_what_a_desk_has_at_400_per_cent(magnified, kind):
    found = []
    for lang in LANGUAGES:
        await magnified.show(kind, lang)
        assert await magnified.ask("language") == [lang, "rtl" if lang == "ar" else "ltr"]
        found += await spoilt(magnified, lang)
        found += [f"{lang}: {pinned} stays in the way" for pinned in await magnified.ask("pinned")]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", PAGES)
async def test_more_space_between_letters_and_lines_cuts_nothing_off(window, kind):
    found = []
    for lang in LONG_WORDED:
        await window.show(kind, lang, width=PHONE)
        await window.ask("space")
        found += await spoilt(window, f"{lang}, {PHONE} px")
        await window.page.set_viewport_size({"width": DESK, "height": window.height})
        found += await spoilt(window, f"{lang}, {DESK} px")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", PAGES)
async def test_a_printed_page_is_dark_on_white_and_leaves_out_what_paper_cannot_do(window, kind):
    await window.show(kind, "en", color_scheme="dark", media="print")
    assert await window.page.locator("h1").is_visible()
    for useless in ("nav", "form", "button", ".skip"):
        assert await window.page.locator(f"{useless}:visible").count() == 0, useless
    found = await window.ask("faint")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", PAGES)
async def test_an_arabic_page_is_mirrored_and_keeps_latin_words_apart(window, kind):
    await window.show(kind, "ar")
    assert await window.ask("side", ".name") == "right"
    assert await window.ask("edge", "h1") == "right"
    found = await window.ask("mixed")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", PAGES)
async def test_chinese_is_drawn_by_a_chinese_font(window, kind):
    await window.show(kind, "zh")
    counted = await window.ask("han")
    assert counted
    cdp = await window.page.context.new_cdp_session(window.page)
    await cdp.send("DOM.enable")
    await cdp.send("CSS.enable")
    root = (await cdp.send("DOM.getDocument"))["root"]["nodeId"]
    found = []
    for index, (name, characters) in enumerate(counted):
        node = await cdp.send("DOM.querySelector", {"nodeId": root, "selector": f'[data-han="{index}"]'})
        fonts = (await cdp.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]}))["fonts"]
        if sum(font["glyphCount"] for font in fonts if CHINESE in font["familyName"]) < characters:
            found.append(f"{name} is drawn by {', '.join(font['familyName'] for font in fonts)}")
    await cdp.detach()
    assert not found, "\n".join(found)
