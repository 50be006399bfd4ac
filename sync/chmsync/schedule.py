"""When to harvest a peer next: a pure function of what happened and what time it is (CHM-Sync 1 section 10).

Each peer has its own schedule. Success returns to the usual interval; failures double it up to a bound, so that a
dead peer costs little and a recovered one is found soon; `Retry-After` is honoured. Jitter keeps peers from marching
in step.
"""

from dataclasses import dataclass

#: Doublings of the interval at most: with 15 minutes, sixteen hours.
_MOST_DOUBLINGS = 6
#: Longest wait after failures, in seconds, whatever the interval.
_LONGEST_BACK_OFF = 86_400.0
#: Share of the interval by which a wait varies.
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last run of a peer says about the next.

    Args:
        failures: consecutive failed runs, 0 after success.
        retry_after: seconds the peer asked for, if it did.
    """

    failures: int
    retry_after: float | None = None


def next_due(outcome: Outcome, now: float, interval: float, chance: float) -> float:
    """POSIX time of the next run.

    Args:
        outcome: of the run that has just ended.
        now: POSIX seconds.
        interval: seconds between runs of a healthy peer.
        chance: a number from 0 to 1, drawn by the caller.
    """
    doublings = min(outcome.failures, _MOST_DOUBLINGS)
    wait: float = min(interval * (1 << doublings), max(interval, _LONGEST_BACK_OFF))
    wait *= 1 - _JITTER / 2 + _JITTER * chance
    return now + max(wait, outcome.retry_after or 0.0)
