"""When a peer is harvested next."""

from hypothesis import given
from hypothesis import strategies as st

from chmsync.schedule import Outcome, next_due

NOW, INTERVAL = 1_000_000.0, 900.0
CHANCE = st.floats(0, 1)


@given(CHANCE)
def test_a_healthy_peer_is_due_about_one_interval_later(chance):
    assert NOW + 0.9 * INTERVAL <= next_due(Outcome(0), NOW, INTERVAL, chance) <= NOW + 1.1 * INTERVAL


@given(st.integers(0, 5), CHANCE)
def test_each_failure_doubles_the_wait(failures, chance):
    waits = [next_due(Outcome(count), NOW, INTERVAL, chance) - NOW for count in (failures, failures + 1)]
    assert abs(waits[1] - 2 * waits[0]) < 1e-3


@given(st.integers(0, 10**9), CHANCE)
def test_no_number_of_failures_means_never_again(failures, chance):
    assert next_due(Outcome(failures), NOW, INTERVAL, chance) <= NOW + 86_400 * 1.1


@given(st.integers(0, 50), st.floats(0, 86_400), CHANCE)
def test_a_peer_is_not_asked_before_it_wants_to_be(failures, retry_after, chance):
    assert next_due(Outcome(failures, retry_after), NOW, INTERVAL, chance) >= NOW + retry_after


def test_two_peers_with_the_same_interval_drift_apart():
    assert next_due(Outcome(0), NOW, INTERVAL, 0.1) != next_due(Outcome(0), NOW, INTERVAL, 0.9)
