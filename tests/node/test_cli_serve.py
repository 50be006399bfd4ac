"""`chm serve` and `chm worker` start at once and stop when asked."""

import os
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

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
