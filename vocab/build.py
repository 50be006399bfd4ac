"""Builds every Turtle file and the compiled form of the vocabularies from `vocab/sources`.

`python vocab/build.py [FOLDER]` writes into FOLDER, by default the folder of this script. It needs the standard library
only, reads no clock and no network, and gives the same bytes each time. Sources and licences: `vocab/README.md`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from builder import (
    compiled,
    countries,
    domain,
    drafted,
    framework,
    goals,
    groups,
    indicators,
    languages,
    links,
    regions,
    thesaurus,
    turtle,
)
from builder.graph import Document
from builder.sources import Sources

HERE = Path(__file__).resolve().parent


def documents(sources: Sources) -> list[Document]:
    """Every document, in a fixed order."""
    modules = (countries, domain, drafted, framework, goals, groups, indicators, languages, regions, thesaurus)
    built = [document for module in modules for document in module.documents(sources)]
    links.complete(built)
    links.once(built)
    return built


def files(sources: Sources) -> Iterator[tuple[str, str]]:
    """Relative path and content of every file of the vocabularies."""
    built = documents(sources)
    yield from ((document.name, turtle.write(document)) for document in built)
    yield from ((f"compiled/{name}", text) for name, text in compiled.compile_documents(built).items())


def main(folder: Path) -> None:
    """Write everything into a folder and say what was written."""
    (folder / "compiled").mkdir(parents=True, exist_ok=True)
    for name, text in files(Sources(HERE / "sources")):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
