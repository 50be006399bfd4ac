"""Pages that everybody can use: the rules of axe-core, targets that a finger can hit, and hardly any motion."""

import pytest

from tests.browser.chromium import DESK, PHONE
from tests.browser.pages import PAGES

pytestmark = pytest.mark.asyncio(loop_scope="session")

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL_RULES = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
#: Rules whose outcome depends on the colours.
OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
#: Longest that anything may move, in seconds (look.md, "Restraint").
MOST_MOTION = 0.15


async def violations(window, rules):
    found = await window.page.evaluate("rules => axe.run(document, {...rules, resultTypes: ['violations']})", rules)
    return [
        f"{violation['id']}: {node['target'][-1]}: {node['failureSummary'].splitlines()[1].strip()}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize(("lang", "width"), [("en", DESK), ("ar", PHONE)])
@pytest.mark.parametrize("kind", PAGES)
async def test_axe_finds_nothing(window, axe, kind, lang, width):
    await window.show(kind, lang, width=width)
    await window.ask("unfold")
    await window.page.evaluate(axe)
    found = await violations(window, ALL_RULES)
    await window.page.emulate_media(color_scheme="dark")
    found += [f"in the dark: {violation}" for violation in await violations(window, OF_COLOURS)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", PAGES)
async def test_a_finger_can_hit_every_link_and_control(window, kind):
    await window.show(kind, "en", width=PHONE)
    await window.ask("unfold")
    found = await window.ask("small")
    assert not found, "\n".join(found)


async def test_nothing_moves_long_and_nothing_at_all_for_those_who_ask_for_less(window):
    for kind in PAGES:
        await window.show(kind, "en", reduced_motion="no-preference")
        assert await window.ask("motion") <= MOST_MOTION, kind
        await window.page.emulate_media(reduced_motion="reduce")
        assert await window.ask("motion") == 0, kind
