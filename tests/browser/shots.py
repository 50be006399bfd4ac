"""`python -m tests.browser.shots` (`make shots`): every page type in six languages and three widths, light and dark.

For eyes: what the tests cannot judge. Writes PNG files and `index.html`, which shows them side by side, and replaces
what was there.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.chromium import DESK, PHONE, TABLET, Window, chromium, reader
from tests.browser.demonstration import Demonstration, demonstration
from tests.browser.pages import LANGUAGES, PAGES

FOLDER = Path("shots")
SCHEMES = ("light", "dark")
#: Pages that are taken at the same time, and the most pixels that are taken of one.
AT_ONCE = 4
HIGHEST = 6000
CONTACT_SHEET = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>Shots</title>
<style>
body {{ font: 14px system-ui; margin: 24px; background: #999 }}
section {{ display: flex; gap: 12px; overflow-x: auto; align-items: start }}
figure {{ margin: 0 }}
img {{ max-inline-size: 480px; max-block-size: 640px }}
</style>
{sections}
</html>
"""


def main() -> None:
    """Take the shots that are asked for, or all."""
    asked = arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="chm-shots-") as folder, demonstration(Path(folder)) as demo:
            begin = time.perf_counter()
            taken, missing = asyncio.run(take(demo, asked))
    except (pytest.skip.Exception, pytest.fail.Exception) as absent:
        sys.exit(str(absent))
    write_contact_sheet(asked.to, taken)
    print(f"{len(taken)} shots in {time.perf_counter() - begin:.0f} s: {asked.to / 'index.html'}")
    if missing:
        sys.exit("\n".join(missing))


def arguments() -> argparse.Namespace:
    """What is asked for; page types may be named by their beginning."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.shots", description=main.__doc__)
    parser.add_argument("--only", type=words, default=list(PAGES), help="page types, or how they begin: search,need")
    parser.add_argument("--langs", type=words, default=list(LANGUAGES), help="en,ar")
    parser.add_argument("--widths", type=words, default=[PHONE, TABLET, DESK], help="360,1280")
    parser.add_argument("--schemes", type=words, default=list(SCHEMES), help="light,dark")
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder for them")
    asked = parser.parse_args()
    asked.only = [kind for kind in PAGES if kind.startswith(tuple(asked.only))]
    asked.widths = [int(width) for width in asked.widths]
    return asked


def words(text: str) -> list[str]:
    """A list as it is typed."""
    return text.split(",")


async def take(demo: Demonstration, asked: argparse.Namespace) -> tuple[list[Path], list[str]]:
    """Take all shots; their files, and which pages are not there."""
    asked.to.mkdir(parents=True, exist_ok=True)
    for old in asked.to.glob("*.png"):
        old.unlink()
    left = asyncio.Queue()
    for kind, lang in itertools.product(asked.only, asked.langs):
        left.put_nowait((kind, lang))
    async with chromium() as browser:
        found = await asyncio.gather(*(photographer(browser, demo, asked, left) for _ in range(AT_ONCE)))
    taken, missing = ([*itertools.chain.from_iterable(part)] for part in zip(*found, strict=True))
    return sorted(taken, key=in_order), sorted(missing)


async def photographer(
    browser: Browser, demo: Demonstration, asked: argparse.Namespace, left: asyncio.Queue
) -> tuple[list[Path], list[str]]:
    """Take shots as long as there are pages left."""
    context = await reader(browser)
    window = Window(demo, await context.new_page())
    taken, missing = [], []
    while not left.empty():
        kind, lang = left.get_nowait()
        try:
            await window.show(kind, lang)
        except (pytest.fail.Exception, StopIteration) as absent:
            missing.append(f"{kind}, {lang}: {absent}")
            continue
        for width, scheme in itertools.product(asked.widths, asked.schemes):
            taken.append(await shot(window, asked.to / f"{kind}.{lang}.{width}.{scheme}.png", width, scheme))
    await context.close()
    return taken, missing


async def shot(window: Window, file: Path, width: int, scheme: str) -> Path:
    """Take the page that the window shows."""
    await window.page.set_viewport_size({"width": width, "height": window.height})
    await window.page.emulate_media(color_scheme=scheme)
    height = min(await window.page.evaluate("document.documentElement.scrollHeight"), HIGHEST)
    area = {"x": 0, "y": 0, "width": width, "height": max(height, window.height)}
    await window.page.screenshot(path=file, full_page=True, clip=area, animations="disabled")
    return file


def in_order(file: Path) -> tuple[int, str, int, int]:
    """As pages are listed; narrow before wide, light before dark."""
    kind, lang, width, scheme, _ = file.name.split(".")
    return list(PAGES).index(kind), lang, int(width), SCHEMES.index(scheme)


def write_contact_sheet(folder: Path, taken: Sequence[Path]) -> None:
    """One row a page type and language."""
    rows = itertools.groupby(taken, lambda file: file.name.split(".")[:2])
    sections = [
        f"<h2>{kind}, {lang}</h2>\n<section>{''.join(map(figure, files))}</section>" for (kind, lang), files in rows
    ]
    (folder / "index.html").write_text(CONTACT_SHEET.format(sections="\n".join(sections)))


def figure(file: Path) -> str:
    """One shot in the contact sheet, smaller than it is, and a link to all of it."""
    _, _, width, scheme, _ = file.name.split(".")
    image = f'<a href="{file.name}"><img src="{file.name}" loading="lazy" alt=""></a>'
    return f"<figure>{image}<figcaption>{width} px, {scheme}</figcaption></figure>"


if __name__ == "__main__":
    main()
