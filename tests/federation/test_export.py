"""An export is the live log in files: complete before it is seen, renewed in place, never a step back."""

import zipfile
from contextlib import AsyncExitStack

import pytest

from chmnode.storage import migrate, open_database
from chmsync.canonical import encode
from chmsync.export import ExportRefused, export
from chmsync.limits import Limits
from chmsync.mirror import mirror_name, serve
from chmsync.ports import LogState
from chmsync.simulator import Peer
from chmsync.sources import open_tree
from chmsync.tiles import bundles_of, tiles_of
from tests.federation.conftest import codes
from tests.federation.publisher import Publisher

DOCUMENTS = {"member.json": b"{}", ".well-known/did.json": b"{}", "node.jsonld": b"{}"}


@pytest.fixture
async def publisher(tmp_path):
    """A publishing node with a database of its own, beside the one that harvests."""
    async with AsyncExitStack() as stack:
        folder = tmp_path / "node"
        folder.mkdir()
        database = await stack.enter_async_context(open_database("sqlite:///own.sqlite", folder=folder))
        await migrate(database)
        yield Publisher(database)


@pytest.fixture
def web(tmp_path):
    return tmp_path / "web"


async def publish(publisher, count, first=0):
    for number in range(first, first + count):
        publisher.peer.put(f"r{number}")
    await publisher.publish()


async def export_own(publisher, target, **options):
    return await export(publisher.store, publisher.peer.origin, target, {}, mirrors=(), **options)


def files(root):
    """Every file below a folder, with its content."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


async def test_every_file_is_what_the_live_node_serves_and_nothing_is_left_out(publisher, web):
    await publish(publisher, 600)
    publisher.peer.put("r5", publisher.peer.record("r5", title={"en": "Newer"}))
    publisher.peer.remove("r6")
    publisher.peer.remove("r7", "erase")
    await publisher.publish()
    await export_own(publisher, web)
    found, origin = files(web / "log"), publisher.peer.origin
    for path, data in found.items():
        assert (await serve(publisher.store, origin, path)).body == data, path
    expected = {place.path() for place in (*tiles_of(603), *bundles_of(0, 603))}
    expected |= {"checkpoint", "records/000", "records/001", "records/002"}
    assert {path for path in found if not path.startswith("record/")} == expected
    texts = {f"record/{digest}" for digest in publisher.peer.bodies}
    assert {path for path in found if path.startswith("record/")} == texts


async def test_an_empty_log_is_a_checkpoint(publisher, web):
    await publisher.publish()
    done = await export_own(publisher, web)
    assert list(files(web)) == ["log/checkpoint"]
    assert done.logs == ((publisher.peer.origin, 0),)


async def test_a_log_that_was_never_opened_is_no_export(publisher, web):
    with pytest.raises(ExportRefused, match="no checkpoint yet"):
        await export_own(publisher, web)
    assert not web.exists()


@pytest.mark.parametrize("name", ["web", "web.zip"])
async def test_a_country_without_a_server_is_harvested_from_its_export(region, publisher, tmp_path, name):
    await publish(publisher, 300)
    await export_own(publisher, tmp_path / name)
    with open_tree(tmp_path / name, Limits()) as tree:
        [(origin, source)] = tree.logs()
        report = await region.harvest(publisher.peer, source)
    assert origin == publisher.peer.origin
    assert (report.status, report.accepted, codes(report)) == ("ok", 300, {})


async def test_mirrored_logs_stand_below_the_hash_of_their_origin(region, publisher, web):
    """A regional centre exports what it has harvested, with its receipt on the checkpoint."""
    peer = Peer("https://chm.example.ug", governments=("UG",))
    peer.put("a")
    region.store = publisher.store
    await publish(publisher, 1)
    await region.harvest(peer, governments=("UG",))
    done = await export(publisher.store, publisher.peer.origin, web, DOCUMENTS)
    assert done.logs == ((publisher.peer.origin, 1), (peer.origin, 1))
    mirrored = web / "mirror" / mirror_name(peer.origin)
    assert (mirrored / "records/000").read_bytes() == peer.resource("records/000")
    assert "region.example.org/mirror" in (mirrored / "checkpoint").read_text()
    assert {name: (web / name).read_bytes() for name in DOCUMENTS} == DOCUMENTS


async def test_a_second_export_without_news_touches_nothing(publisher, web):
    await publish(publisher, 300)
    first = await export_own(publisher, web)
    times = {path: path.stat().st_mtime_ns for path in web.rglob("*") if path.is_file()}
    again = await export_own(publisher, web)
    assert (again.written, again.kept, again.removed) == (0, first.written, 0)
    assert {path: path.stat().st_mtime_ns for path in web.rglob("*") if path.is_file()} == times


async def test_what_is_full_is_written_once_and_never_again(publisher, web):
    await publish(publisher, 300)
    await export_own(publisher, web)
    full = [web / "log" / name for name in ("tile/0/000", "tile/entries/000", "records/000")]
    times = [path.stat().st_mtime_ns for path in full]
    await publish(publisher, 300, 300)
    await export_own(publisher, web)
    assert [path.stat().st_mtime_ns for path in full] == times


async def test_a_damaged_file_is_mended_by_the_next_export(publisher, web):
    await publish(publisher, 300)
    await export_own(publisher, web)
    before = files(web)
    (web / "log/tile/entries/000").write_bytes(b"")
    (web / "log/records/000").unlink()
    done = await export_own(publisher, web)
    assert (done.written, files(web)) == (2, before)


async def test_partial_tiles_stay_until_the_full_one_is_there(publisher, web):
    await publish(publisher, 200)
    await export_own(publisher, web)
    await publish(publisher, 50, 200)
    await export_own(publisher, web)
    for folder in ("tile/0/000.p", "tile/entries/000.p"):
        assert sorted(path.name for path in (web / "log" / folder).iterdir()) == ["200", "250"]
    await publish(publisher, 50, 250)
    done = await export_own(publisher, web)
    assert not list(web.rglob("000.p/2*"))
    assert (web / "log/tile/0/000").stat().st_size == 256 * 32
    assert done.removed == 4


async def test_erased_text_is_deleted_and_so_is_what_is_not_served_any_more(publisher, web):
    await publish(publisher, 2)
    publisher.peer.put("r0", publisher.peer.record("r0", title={"en": "Sensitive"}))
    await publisher.publish()
    await export_own(publisher, web)
    assert sum(b"Sensitive" in data for data in files(web).values()) == 2
    publisher.peer.remove("r0", "erase")
    await publisher.publish()
    done = await export_own(publisher, web)
    assert done.removed == 2
    assert not any(b"Sensitive" in data for data in files(web).values())


async def test_an_export_that_is_cut_short_leaves_the_old_tree_valid(region, publisher, web):
    """Killed at the last moment before the checkpoint, and taken up by the next one."""
    await publish(publisher, 300)
    await export_own(publisher, web)
    old = (web / "log/checkpoint").read_bytes()
    await publish(publisher, 300, 300)

    def cut(_origin, done, size):
        if done == size:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await export_own(publisher, web, progress=cut)
    assert (web / "log/checkpoint").read_bytes() == old
    with open_tree(web, Limits()) as tree:
        report = await region.harvest(publisher.peer, tree.logs()[0][1])
    assert (report.status, report.size, report.accepted) == ("ok", 300, 300)
    await export_own(publisher, web)
    with open_tree(web, Limits()) as tree:
        report = await region.harvest(publisher.peer, tree.logs()[0][1])
    assert (report.status, report.size, report.accepted) == ("ok", 600, 300)


async def test_the_checkpoint_of_a_log_that_grows_meanwhile_is_the_one_it_had_at_first(region, publisher, web):
    """All files are as of one checkpoint: a line that a later entry empties still stands."""
    await publish(publisher, 300)
    grown = False

    class Reader:
        """Grows while it is read."""

        def __getattr__(self, name):
            return getattr(publisher.store, name)

        async def leaf_bytes(self, origin, start, end):
            nonlocal grown
            if not grown:
                grown = True
                publisher.peer.put("r290", publisher.peer.record("r290", title={"en": "Newer"}))
                await publisher.publish()
            return await publisher.store.leaf_bytes(origin, start, end)

    await export(Reader(), publisher.peer.origin, web, {}, mirrors=())
    with open_tree(web, Limits()) as tree:
        report = await region.harvest(publisher.peer, tree.logs()[0][1])
    assert (report.status, report.size, report.accepted, codes(report)) == ("ok", 300, 300, {})


async def test_files_of_others_are_left_alone(publisher, web):
    stranger = web / "mirror" / ("0" * 64) / "checkpoint"
    for path in (web / "index.html", web / "log/notes.txt", stranger):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    await publish(publisher, 3)
    done = await export_own(publisher, web)
    assert [(web / name).read_bytes() for name in ("index.html", "log/notes.txt")] == [b"mine", b"mine"]
    assert done.strangers == (f"mirror/{'0' * 64}",)
    assert stranger.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["web", "web.zip"])
async def test_a_tree_that_is_newer_or_another_is_not_written_over(publisher, tmp_path, name):
    target, peer = tmp_path / name, publisher.peer
    await publish(publisher, 5)

    async def refuses(other, complaint):
        await export(Reading(other), other.origin, target, {}, mirrors=())
        with pytest.raises(ExportRefused, match=complaint):
            await export_own(publisher, target)
        target.unlink() if target.is_file() else [path.unlink() for path in target.rglob("*") if path.is_file()]

    newer = peer.copy()
    newer.put("more")
    await refuses(newer, "6 entries, more than the 5 that we have")
    fork = peer.forked(2)
    fork.put("other")
    await refuses(fork, "another history")
    await refuses(Peer("https://chm.example.ug"), "is of 'chm.example.ug/log'")


class Reading:
    """A `LogReader` over a simulated peer, for trees that no store of ours would give."""

    def __init__(self, peer):
        self.peer = peer

    async def load(self, origin):
        return LogState(origin=origin, note=self.peer.checkpoint(), size=len(self.peer.leaves))

    async def leaf_bytes(self, origin, start, end):
        return self.peer.leaves[start:end]

    async def bodies(self, origin, start, end, size):
        return [line or None for line in self.peer.resource("records/000").split(b"\n")[start:end]]

    async def body(self, origin, sha256):
        return self.peer.bodies.get(sha256), False

    async def origins(self):
        return [self.peer.origin]


async def test_what_is_no_export_is_not_taken_for_one(publisher, web, tmp_path):
    await publish(publisher, 1)
    (web / "log").mkdir(parents=True)
    (web / "log/checkpoint").write_text("hello\n")
    with pytest.raises(ExportRefused, match="a note is text"):
        await export_own(publisher, web)
    other = tmp_path / "photos.zip"
    other.write_bytes(b"not a ZIP archive")
    with pytest.raises(ExportRefused, match="no ZIP archive"):
        await export_own(publisher, other)
    assert other.read_bytes() == b"not a ZIP archive"
    with pytest.raises(ExportRefused, match="photos"):
        await export_own(publisher, other / "below")


async def test_an_archive_of_the_same_log_is_the_same_to_the_byte(publisher, tmp_path):
    await publish(publisher, 300)
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    await export_own(publisher, first)
    await export_own(publisher, second)
    assert first.read_bytes() == second.read_bytes()
    assert zipfile.ZipFile(first).testzip() is None


async def test_an_archive_holds_what_the_directory_holds(publisher, tmp_path, web):
    await publish(publisher, 300)
    await export_own(publisher, web)
    await export_own(publisher, tmp_path / "web.zip")
    with zipfile.ZipFile(tmp_path / "web.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files(web)


async def test_an_archive_that_is_cut_short_leaves_the_old_one(publisher, tmp_path):
    await publish(publisher, 3)
    target = tmp_path / "web.zip"
    await export_own(publisher, target)
    old = target.read_bytes()
    await publish(publisher, 3, 3)

    def cut(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await export_own(publisher, target, progress=cut)
    assert target.read_bytes() == old
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["web.zip"]


async def test_two_exports_to_one_directory_do_not_meet(publisher, web):
    await publish(publisher, 3)
    met = []

    async def second(reader):
        with pytest.raises(ExportRefused, match="under way") as refused:
            await export_own(publisher, web)
        met.append(refused.value)

    class Reader:
        def __getattr__(self, name):
            return getattr(publisher.store, name)

        async def leaf_bytes(self, *place):
            if not met:
                await second(self)
            return await publisher.store.leaf_bytes(*place)

    await export(Reader(), publisher.peer.origin, web, {}, mirrors=())
    assert len(met) == 1
    assert (web / "log/checkpoint").exists()
    assert not (web / ".export").exists()


@pytest.mark.parametrize(
    "name", ["../up", "/etc/up", "log/checkpoint", "mirror/x", "a//b", "./a", ".export/new", "ä", ""]
)
async def test_documents_stand_beside_the_logs_and_nowhere_else(publisher, web, name):
    await publisher.publish()
    with pytest.raises(ExportRefused, match="no path of a document"):
        await export(publisher.store, publisher.peer.origin, web, {name: b"x"}, mirrors=())


async def test_a_place_that_cannot_be_written_is_named(publisher, web):
    await publisher.publish()
    web.mkdir()
    (web / ".export").write_text("a file where a folder must be")
    with pytest.raises(ExportRefused, match=r"web: (Not a directory|File exists)"):
        await export_own(publisher, web)


async def test_a_folder_with_other_things_in_it_stays_as_it_is(publisher, web):
    await publish(publisher, 1)
    web.mkdir()
    (web / "letter.txt").write_text("Dear colleague")
    with pytest.raises(ExportRefused, match="give an empty folder"):
        await export_own(publisher, web)
    assert files(web) == {"letter.txt": b"Dear colleague"}


async def test_an_export_that_was_broken_off_is_gone_on_with(publisher, web):
    await publish(publisher, 1)
    (web / ".export").mkdir(parents=True)
    (web / "member.json").write_text("{}")
    await export_own(publisher, web)
    assert (web / "log/checkpoint").exists()


async def test_progress_is_told_to_the_last_entry(publisher, web):
    await publish(publisher, 600)
    told = []
    await export_own(publisher, web, progress=lambda *step: told.append(step))
    assert told == [(publisher.peer.origin, done, 600) for done in (256, 512, 600)]


async def test_text_that_is_no_line_still_stands_under_its_hash(region, peer, web):
    """A quarantined record that contains a newline cannot stand in a bundle; its own file gives it."""
    document = peer.sign(peer.record("bad"))
    body = encode(document).replace(b",", b",\n", 1)
    digest = peer.put_bytes("bad", body, document)
    peer.put("good")
    peer.lies.append(lambda path, answer: answer.replace(body, b"") if path == "records/000" else answer)
    assert codes(await region.harvest(peer)) == {0: "CANONICAL"}
    await export(region.store, peer.origin, web, {}, mirrors=())
    assert {path.name: path.read_bytes() for path in (web / "log/record").iterdir()} == peer.bodies
    assert digest in peer.bodies
