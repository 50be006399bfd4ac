"""A record edited by one byte anywhere on its way is refused with its code, and shown as refused.

The way: a country's database, its static export on any web server, its ZIP on a stick, the region's mirror, the centre.
"""

import contextlib
import functools
import http.server
import threading
import urllib.request
import zipfile

import apsw
import pytest

from chmsync.mirror import mirror_name
from tests.node.command import chm, chm_json, draft, free_port, make_node, member_of, publish, records_of, served

TRUE, FALSE = b"Rangers", b"Rongers"


@pytest.fixture
def kenya(folder):
    node = make_node(folder / "kenya", port=free_port())
    publish(node, draft("Rangers"), draft("Divers"))
    return node


@pytest.fixture
def region(folder, kenya):
    node = make_node(folder / "region", "UG", port=free_port())
    chm("-C", node, "peer", "add", kenya / "member.json", "--government", "KE")
    return node


@pytest.fixture
def centre(folder, kenya, region):
    """Reads Kenya from the region's mirror alone."""
    node = make_node(folder / "centre", "CR", port=free_port())
    mirror = f"{member_of(region).base_url}/mirror/{mirror_name(member_of(kenya).origin)}"
    chm("-C", node, "peer", "add", kenya / "member.json", "--government", "KE", "--source", mirror)
    return node


def edit_database(node):
    """One byte of one stored text, behind the back of the node."""
    connection = apsw.Connection(str(node / "chm.sqlite"))
    [(rowid, body)] = connection.execute("select rowid, body from revision where instr(body, ?)", (TRUE,)).fetchall()
    connection.execute("update revision set body = ? where rowid = ?", (body.replace(TRUE, FALSE), rowid))
    connection.close()


def edit_files(tree):
    """One byte in every file of an export that holds the text."""
    edited = [path for path in tree.rglob("*") if path.is_file() and TRUE in path.read_bytes()]
    for path in edited:
        path.write_bytes(path.read_bytes().replace(TRUE, FALSE))
    assert len(edited) == 2  # its bundle, and its own file


@contextlib.contextmanager
def web(folder):
    """Any static web server: the standard library's."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *_: None
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refused(node, kenya, *words):
    """The harvest says so, the record is not in force, its neighbour is, and the page and the report show it."""
    [log] = chm_json("-C", node, "harvest", *words)["logs"]
    assert (log["status"], log["size"], log["accepted"]) == ("ok", 2, 1)
    [found] = log["quarantined"]
    assert found["code"] == "HASH"
    assert found["id"] in {record.iri for record in records_of(kenya).values()}
    assert set(records_of(node)) == {"Divers"}
    with served(node, "--no-worker"):
        base = member_of(node).base_url
        report = f"{base}/harvest/report/{mirror_name(member_of(kenya).origin)}"
        assert b'"code":"HASH"' in urllib.request.urlopen(report).read()
        page = urllib.request.Request(f"{base}/federation?lang=en", headers={"Accept": "text/html"})
        text = urllib.request.urlopen(page).read().decode()
        assert "Its text is not the one that was announced." in text
        assert '<bdi dir="ltr">HASH</bdi>' in text


def healed(node, *words):
    """The next harvest from a true copy brings the record in."""
    [log] = chm_json("-C", node, "harvest", *words)["logs"]
    assert (log["status"], log["accepted"], log["quarantined"]) == ("ok", 1, [])
    assert set(records_of(node)) == {"Rangers", "Divers"}


def test_in_the_countrys_own_database(kenya, region):
    edit_database(kenya)
    with served(kenya, "--no-worker"):
        refused(region, kenya)


def test_in_the_regions_mirror(kenya, region, centre):
    with served(kenya, "--no-worker"):
        chm("-C", region, "harvest")
    edit_database(region)
    with served(region, "--no-worker"):
        refused(centre, kenya)


def test_in_a_static_export_on_a_web_server(kenya, region):
    tree = kenya.parent / "static"
    chm("-C", kenya, "log", "export", tree)
    edit_files(tree)
    with web(tree) as url:
        chm("-C", region, "peer", "add", kenya / "member.json", "--government", "KE", "--source", f"{url}/log")
        refused(region, kenya)
        chm("-C", kenya, "log", "export", tree)
        healed(region)


def test_an_untouched_static_export_is_harvested_like_the_live_node(kenya, region):
    tree = kenya.parent / "static"
    chm("-C", kenya, "log", "export", tree)
    with web(tree) as url:
        chm("-C", region, "peer", "add", kenya / "member.json", "--government", "KE", "--source", f"{url}/log")
        [log] = chm_json("-C", region, "harvest")["logs"]
        assert (log["status"], log["accepted"], log["quarantined"]) == ("ok", 2, [])


@pytest.mark.parametrize("name", ["stick", "stick.zip"])
def test_on_a_stick(kenya, region, name):
    tree = kenya.parent / "stick"
    chm("-C", kenya, "log", "export", tree)
    edit_files(tree)
    if name.endswith(".zip"):
        with zipfile.ZipFile(kenya.parent / name, "w") as archive:
            for path in sorted(tree.rglob("*")):
                archive.write(path, path.relative_to(tree))
    refused(region, kenya, "--from", kenya.parent / name)
    chm("-C", kenya, "log", "export", tree)
    healed(region, "--from", tree)
