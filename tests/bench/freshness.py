"""From the commit of a record to its being found: `chm import --publish` beside `chm serve`, asked over HTTP.

The moment of the commit is when the record can be read from the database by anybody; it is looked for every
millisecond. From then on the search is asked again and again until it has the record.
"""

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import apsw

from tests.bench import drafts
from tests.bench.figures import Figure
from tests.bench.processes import CHM, kept
from tests.bench.workshop import GOVERNMENT, Site, Workshop

DOES = "from the commit of a record to its being found by another process"
RECORDS = 20
WANTED = 2_000
_LOOK_SECONDS = 0.001


def run(workshop: Workshop) -> Iterator[Figure]:
    """Milliseconds of each of 20 records, in a log of the ordinary size."""
    site = workshop.published(workshop.size).copy(workshop.place("fresh"))
    waited = []
    with site.served():
        _found(site, "ballast")  # the first search reads the whole index
        waited += [_waited(site, number) for number in range(5 if workshop.quick else RECORDS)]
    yield Figure("from the commit to a search of another process", [one * 1000 for one in waited], "ms", at_most=WANTED)
    yield Figure("the same, the longest", [max(waited) * 1000], "ms", at_most=WANTED)


def _waited(site: Site, number: int) -> float:
    """Publish one record; seconds from its commit until it is found."""
    word = f"freshness{'abcdefghijklmnopqrstuvwxyz'[number]}"
    draft = next(drafts.drafts(GOVERNMENT))
    file = site.folder.with_suffix(f".{number}.jsonl")
    file.write_text(json.dumps({**draft, "languages": ["en"], **_only(draft, word)}))
    count = _count(site.folder)
    command = [CHM, "-C", site.folder, "import", file, "--publish"]
    with kept(command, log=file.with_suffix(".log"), ready=lambda: True) as importing:
        while _count(site.folder) == count:
            if importing.poll():
                raise RuntimeError(file.with_suffix(".log").read_text())
            time.sleep(_LOOK_SECONDS)
        committed = time.perf_counter()
        while not _found(site, word):
            if time.perf_counter() - committed > 30:
                raise RuntimeError(f"{word} is not found")
        waited = time.perf_counter() - committed
        importing.wait()
    return waited


def _only(draft: dict[str, object], word: str) -> dict[str, object]:
    """Its texts in English alone."""
    text = next(name for name in ("problem", "summary") if name in draft)
    return {"title": {"en": f"A matter of {word}"}, text: {"en": f"How soon {word} can be found."}}


def _count(folder: Path) -> int:
    """Records in force that others can read."""
    connection = apsw.Connection(str(folder / "chm.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute("select count(*) from record").fetchone()[0]
    finally:
        connection.close()


def _found(site: Site, word: str) -> bool:
    """Whether a search has a record with this word."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    try:
        connection.request("GET", f"/search?{urlencode({'q': word, 'format': 'json'})}")
        answer = connection.getresponse()
        said = answer.read().decode()
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{answer.status} for a search: {said[:1000]}")
    return json.loads(said)["total"] > 0
