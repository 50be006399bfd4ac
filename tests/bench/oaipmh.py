"""The same records as OAI-PMH, in pages written beforehand, from nginx, read by sickle: whether trust costs time.

Both readers are processes of their own, from start to end, in turn. Theirs verifies nothing.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from chmnode.node import open_node
from chmnode.storage import Records, StoredRecord
from tests.bench.figures import Figure, paired
from tests.bench.processes import answers, kept, module
from tests.bench.processes import run as run_process
from tests.bench.workshop import Site, Workshop
from tests.node.command import free_port
from tests.programs import debian

DOES = "the same harvest against OAI-PMH (nginx, sickle) without verification"
#: Records of one page, as repositories have it.
PAGE = 100
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-01-01T00:00:00Z</responseDate>'
    '<request verb="ListRecords" metadataPrefix="oai_dc">http://localhost/oai</request><ListRecords>\n'
)
_RECORD = (
    "<record><header><identifier>{iri}</identifier><datestamp>{modified}</datestamp></header><metadata>"
    '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<dc:description>{body}</dc:description></oai_dc:dc></metadata></record>\n"
)
_TAIL = '<resumptionToken cursor="{cursor}">{token}</resumptionToken></ListRecords></OAI-PMH>\n'
#: As toolchain notes have it: no daemon, all of it in one folder, as the user who has the folder.
_NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr warn; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; default_type text/xml; sendfile on; tcp_nopush on;
  client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
  map $arg_resumptionToken $page {{ "~^(?<number>[0-9]+)$" /$number.xml; default /0.xml; }}
  server {{ listen 127.0.0.1:{port}; root {root}; location = /oai {{ rewrite ^ $page break; }} }}
}}
"""


def run(workshop: Workshop) -> Iterator[Figure]:
    """Rates of both, and their ratio round by round."""
    size = workshop.size
    site = workshop.published(size)
    pages = workshop.place("pages")
    pages.mkdir()
    asyncio.run(_write_pages(site, pages))
    ours, theirs = [], []
    port = free_port()
    with (
        site.served(),
        kept(_nginx(pages, port), log=pages / "nginx.log", ready=answers(port, "/oai?verb=ListRecords")),
    ):
        for _ in range(workshop.rounds):
            ours.append(size / workshop.harvest(size).process.seconds)
            theirs.append(size / _read(f"http://127.0.0.1:{port}/oai", workshop.place("oai"), size))
    yield Figure(f"harvest of {size:,} records, as a process", ours, "/s")
    yield Figure("OAI-PMH without verification, as a process", theirs, "/s")
    yield Figure("harvest : OAI-PMH", paired(ours, theirs), at_least=1)


def _read(url: str, file: Path, size: int) -> float:
    done = run_process(module("oaipmh_reader", url, file))
    if int(done.output) != size:
        raise RuntimeError(f"{done.output} records came instead of {size}")
    return done.seconds


def _nginx(folder: Path, port: int) -> list[object]:
    """Start nginx on a folder, with a configuration of its own."""
    program = debian("nginx-light", program="nginx")
    user = "user root;" if folder.owner() == "root" else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(user=user, port=port, root=folder))
    return [program, "-p", folder, "-e", "stderr", "-c", configuration]


async def _write_pages(site: Site, folder: Path) -> None:
    """Every record of a node as pages, each with the token of the next."""
    async with open_node(site.folder) as node:
        number, records = 0, await Records(node.database.read).page(limit=PAGE)
        while records:
            following = await Records(node.database.read).page(after=records[-1].cursor, limit=PAGE)
            (folder / f"{number}.xml").write_text(_page(records, number, last=not following), "utf-8")
            number, records = number + 1, following


def _page(records: list[StoredRecord], number: int, *, last: bool) -> str:
    texts = (
        _RECORD.format(iri=escape(one.iri), modified=one.modified, body=escape(one.body.decode())) for one in records
    )
    return _HEAD + "".join(texts) + _TAIL.format(cursor=number * PAGE, token="" if last else number + 1)
