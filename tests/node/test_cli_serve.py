"""`chm serve` and `chm worker` start at once and stop when asked."""

import logging
import os
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from chmnode.cli.serve import _Plain
from chmnode.errors import DatabaseDamaged
from chmnode.worker import _Guarded
from tests.node.command import CHM, chm, chm_json, draft, free_port, make_node, member_of, publish, served, wait_for


@pytest.fixture
def kenya(folder):
    node = make_node(folder / "kenya", port=free_port())
    publish(node, draft("Rangers"))
    return node


def fetch(node, path):
    with urllib.request.urlopen(f"{member_of(node).base_url}{path}") as answer:
        return answer.read()


def test_it_serves_the_log_and_ends_when_asked(kenya):
    with served(kenya):
        assert fetch(kenya, "/log/checkpoint").startswith(member_of(kenya).origin.encode())


def test_it_answers_within_two_seconds(kenya):
    started = time.monotonic()
    with served(kenya):
        assert time.monotonic() - started < 4  # twice the goal: the machine of a test run is shared


def test_a_port_in_use_is_told_with_the_mend(kenya):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [CHM, "-C", kenya, "serve", "--port", str(port)], capture_output=True, text=True, check=False, timeout=20
        )
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_worker_nothing_is_harvested(kenya, folder):
    region = make_node(folder / "region", "UG", port=free_port())
    chm("-C", region, "peer", "add", kenya / "member.json")
    with served(kenya), served(region, "--no-worker"):
        time.sleep(0.5)
        [peer] = chm_json("-C", region, "peer", "list")["peers"]
        assert peer["last_try"] is None


def test_the_worker_alone_harvests_what_is_due(kenya, folder):
    region = make_node(folder / "region", "UG")
    chm("-C", region, "peer", "add", kenya / "member.json")
    with served(kenya):
        worker = subprocess.Popen([CHM, "-C", region, "worker"], stderr=subprocess.PIPE, text=True)
        wait_for(lambda: chm_json("-C", region, "peer", "list")["peers"][0]["last_ok"])
        os.kill(worker.pid, signal.SIGTERM)
        said = worker.communicate(timeout=20)[1]
    assert worker.returncode == 0
    assert "is at work" in said
    assert "Traceback" not in said


def test_ctrl_c_ends_it_like_any_stop(kenya):
    with served(kenya) as server:
        os.kill(server.pid, signal.SIGINT)
        assert server.wait(20) == 0


def test_a_port_that_cannot_be_is_wrong_usage(kenya):
    assert "--port" in chm("-C", kenya, "serve", "--port", "70000", status=2).stderr


def test_a_second_server_of_one_folder_is_refused(kenya):
    with served(kenya, "--port", "0"):
        refused = chm("-C", kenya, "serve", "--port", "0", status=1).stderr
        assert "another `chm serve` of this node is running" in refused
        assert "stop it" in refused
    with served(kenya, "--port", "0"):
        assert chm_json("-C", kenya, "check")["ok"]


def test_a_lock_of_another_user_is_told_with_the_mend(kenya, monkeypatch):
    """Root, who may run the tests, can open everything; so the refusal of the system is played."""
    true = os.open

    def refused(path, *words, **options):
        if str(path).endswith("running.lock"):
            raise PermissionError(13, "Permission denied", str(path))
        return true(path, *words, **options)

    monkeypatch.setattr(os, "open", refused)
    assert "run chm as the owner" in chm("-C", kenya, "serve", status=1).stderr


async def test_the_same_failure_is_told_once_then_once_an_hour(caplog):
    now = 0.0
    failures = iter([DatabaseDamaged("bad page")] * 4 + [DatabaseDamaged("gone"), None, DatabaseDamaged("gone")])

    async def job():
        if (failure := next(failures)) is not None:
            raise failure

    guarded = _Guarded(job, lambda: now)
    for at in (0.0, 0.5, 3599.0, 3600.0, 3601.0, 3602.0, 3603.0):
        now = at
        await guarded.run()
    assert caplog.messages == ["bad page", "bad page", "gone", "gone"]


def test_a_message_is_one_line_whatever_a_peer_has_written():
    record = logging.LogRecord("chm", logging.WARNING, "", 0, "%s", ("said\nERROR all is lost\x1b[2J",), None)
    assert (
        _Plain("%(message)s").format(record)
        == "said\N{REPLACEMENT CHARACTER}ERROR all is lost\N{REPLACEMENT CHARACTER}[2J"
    )
