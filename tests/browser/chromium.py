"""Debian's Chromium, closed off from every host but this one, and the window of a reader of any kind."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.demonstration import Demonstration
from tests.browser.pages import PAGES
from tests.programs import debian

PACKAGES: Final = ("chromium", "fonts-noto-core", "fonts-noto-cjk")
#: What the packages of fonts must have brought.
FONTS: Final = (
    "/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
CLOSED: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
#: What a page is asked: an object of functions.
PROBES: Final = (Path(__file__).parent / "probes.js").read_text()
#: Milliseconds for anything a page is asked to do.
PATIENCE: Final = 20_000
PHONE, TABLET, DESK = 360, 768, 1280
HEIGHT: Final = 800
#: A screen by day, of somebody who wants nothing to move: what changes, changes at once.
STILL: Final = {"color_scheme": "light", "media": "screen", "reduced_motion": "reduce"}


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser, for the time of the block."""
    program = debian(*PACKAGES, program="chromium", files=FONTS)
    async with async_playwright() as playwright:
        launching = playwright.chromium.launch(executable_path=program, args=[CLOSED, "--font-render-hinting=none"])
        async with await launching as browser:
            yield browser


async def reader(
    browser: Browser, lang: str | None = None, *, width: int = DESK, scripts: bool = True, zoom: int = 1
) -> BrowserContext:
    """Somebody with a cache of their own: their language, if they never change it; window, scripts or none, zoom."""
    context = await browser.new_context(
        locale=lang,
        viewport={"width": width, "height": HEIGHT},
        java_script_enabled=scripts,
        device_scale_factor=zoom,
    )
    context.set_default_timeout(PATIENCE)
    return context


@dataclass
class Window:
    """A window on the demonstration."""

    demo: Demonstration
    page: Page
    width: int = DESK
    height: int = HEIGHT

    async def show(self, kind: str, lang: str | None = None, *, width: int | None = None, **media: str) -> None:
        """Go to a page of this type, which must be there, as a reader of this language sees it.

        Args:
            kind: of page.
            lang: what the browser asks for from now on; heeded where it was made for no language.
            width: of the window, in pixels of the page.
            media: `color_scheme`, `reduced_motion`, `media`.
        """
        if lang:  # the locale of a context would win over the header
            await self.page.set_extra_http_headers({"Accept-Language": lang})
        await self.page.set_viewport_size({"width": width or self.width, "height": self.height})
        await self.page.emulate_media(**{**STILL, **media})
        wanted = PAGES[kind]
        address = wanted.address(self.demo)
        answer = await self.page.goto(address)
        if answer.status != wanted.status:
            pytest.fail(f"the page {kind} is not there: {address} answers {answer.status}", pytrace=False)

    async def ask(self, probe: str, *values: object) -> Any:
        """Ask the page one of the probes."""
        return await self.page.evaluate(f"values => {PROBES}.{probe}(...values)", list(values))
