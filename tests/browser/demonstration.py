"""The federation of `chm demo`, served for a browser, with what real records seldom have.

To the records of the demonstration it adds: one that strains a layout (long words and addresses, six languages, text
that looks like markup) and has a history, one that was withdrawn, one that the centre refuses.
"""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.request import urlopen

from tests.node.command import CHM, START_SECONDS, member_of, wait_for

READY = "Press Ctrl-C"
#: Words and addresses that find no place to break on a phone.
LONG_WORD = "Biodiversitätsinformationssystemverantwortlichenfortbildungsveranstaltung"
LONG_ADDRESS = f"https://example.org/{'observatorio-de-especies-invasoras-' * 6}?consulta={'a1b2' * 20}"
STRAINED = {
    "type": "Need",
    "languages": ["es", "en", "ar", "zh"],
    "title": {
        "es": f"Seguimiento de arrecifes: {LONG_WORD}",
        "en": "Reef monitoring <script>document.title='broken'</script> after bleaching (2024–2026), 3rd phase",
        "ar": "رصد الشعاب المرجانية (المرحلة 3) مع Reef Check",
        "zh": "珊瑚礁监测（第三阶段）与 Reef Check 合作",
    },
    "translations": {"en": {"machine": True, "reviewed": False}, "ar": {"machine": True, "reviewed": False}},
    "problem": {
        "es": f"Faltan personas que cuenten corales. Véase {LONG_ADDRESS}\n\n{'Hace falta formación continua. ' * 30}",
        "en": f"Nobody can count corals. See {LONG_ADDRESS}\n\n{'Continuous training is needed. ' * 30}",
        "ar": f"لا أحد يستطيع عدّ المرجان.\n\n{'نحتاج إلى تدريب مستمر. ' * 30}",
        "zh": f"没有人会统计珊瑚。见 {LONG_ADDRESS}\n\n{'需要持续培训。' * 30}",
    },
    "government": "CR",
    "countries": ["CR"],
    "regions": ["013"],
    "assistanceTypes": ["CHM-ASSIST-TRAINING", "CHM-ASSIST-GUIDANCE-TOOLS"],
    "cbdSubjects": ["CBD-SUBJECT-IAS", "CBD-SUBJECT-PA"],
    "gbfTargets": ["GBF-TARGET-03", "GBF-TARGET-06"],
    "budgetSought": {"amount": "125000", "currency": "USD"},
    "validUntil": "2099-12-31",
    "source": {"url": LONG_ADDRESS, "date": "2026-01"},
}
OUTDATED = {**STRAINED, "title": {**STRAINED["title"], "es": "Necesidad ya resuelta"}}
OF_CAMEROON = {**STRAINED, "government": "CM", "countries": ["CM"]}


@dataclass(frozen=True)
class Demonstration:
    """Where the nodes are, and the addresses of the records that were added."""

    nodes: dict[str, str]
    strained: str
    withdrawn: str
    refused: str

    @cached_property
    def records(self) -> list[dict]:
        """What the centre holds, as its list for machines has it."""
        with urlopen(f"{self.nodes['centre']}/records?format=jsonld&limit=500") as answer:
            return json.load(answer)["items"]

    def held(self, kind: str, node: str, lang: str | None = None) -> str:
        """The address of a record of this kind that a node has published, with a title in this language."""
        return next(
            record["id"]
            for record in self.records
            if record["type"] == kind
            if record["id"].startswith(self.nodes[node])
            if lang is None or lang in record["title"]
        )


@contextlib.contextmanager
def demonstration(folder: Path) -> Iterator[Demonstration]:
    """Make the four nodes in a folder and serve them inside the block."""
    run("demo", "--once", "--dir", folder)
    strained, withdrawn = published(folder / "costa-rica", STRAINED, OUTDATED)
    (refused,) = published(folder / "cameroon", OF_CAMEROON)
    run("-C", folder / "costa-rica", "record", "withdraw", withdrawn, "--reason", "outdated")
    published(folder / "costa-rica", {**STRAINED, "id": strained, "validUntil": "2099-06-30"})
    with serving(folder) as nodes:
        # The centre believes Cameroon's node for its government no longer.
        run("-C", folder / "centre", "peer", "add", folder / "cameroon" / "member.json")
        run("-C", folder / "centre", "harvest")
        yield Demonstration(nodes, strained, withdrawn, refused)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """Serve the nodes of a folder by a process, which ends with this one; their base URLs by name."""
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    log = folder / "demo.log"
    with log.open("w") as output:
        server = subprocess.Popen([*guard, CHM, "demo", "--dir", folder], stdout=output, stderr=output)
    try:
        wait_for(lambda: READY in log.read_text() or server.poll() is not None)
        assert server.poll() is None, log.read_text()
        yield {place.parent.name: member_of(place.parent).base_url for place in folder.glob("*/member.json")}
    finally:
        server.terminate()
        server.wait(START_SECONDS)


def published(folder: Path, *drafts: dict) -> list[str]:
    """Publish drafts; the addresses of the records."""
    file = folder.parent / "drafts.jsonl"
    file.write_text("".join(json.dumps(draft) + "\n" for draft in drafts))
    told = json.loads(run("-C", folder, "import", file, "--publish", "--json"))
    assert not told["refused"], told["refused"]
    return [record["id"] for record in told["records"]]


def run(*words: str | Path) -> str:
    """Run the command; what it prints."""
    done = subprocess.run([CHM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"chm {' '.join(map(str, words))}: {done.stdout}{done.stderr}"
    return done.stdout
