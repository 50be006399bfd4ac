"""One demonstration and one browser for all tests here, and two ways to a page: a window that stays, and fresh ones.

xdist hands out tests in the order of their files and steals from the far end, so that these, which come first, stay
with one worker as long as there are others to run: mostly one browser a run, and a second one for its last tests.
"""

from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.chromium import Window, chromium, reader
from tests.browser.demonstration import demonstration
from tests.programs import npm

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    with demonstration(tmp_path_factory.mktemp("demonstration")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    async with chromium() as launched:
        yield launched


@pytest.fixture(scope="session")
def axe():
    return (npm(HERE) / "node_modules/axe-core/axe.min.js").read_text()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(demo, browser):
    """A window that is kept, and turned to page after page: quick, for all that does not depend on what was loaded."""
    context = await reader(browser)
    yield Window(demo, await context.new_page())
    await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def magnified(demo, browser):
    """A window of 1280 × 1024 pixels in which everything is drawn at four times its size."""
    context = await reader(browser, zoom=4)
    yield Window(demo, await context.new_page(), width=1280 // 4, height=1024 // 4)
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(demo, browser):
    """Readers who come for the first time, each with a cache of their own; their windows close with the test."""
    contexts = []

    async def arrive(lang="en", **seen):
        contexts.append(await reader(browser, lang, **seen))
        return Window(demo, await contexts[-1].new_page())

    yield arrive
    for context in contexts:
        await context.close()
