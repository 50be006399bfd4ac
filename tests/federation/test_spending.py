"""Memory and requests that a peer can make us spend are bounded."""

import tracemalloc

from chmsync import fetching
from chmsync.simulator import PeerSource


class Newlines:
    name, is_origin = "evil", True

    async def fetch(self, path, limit):
        return b"ab\n" * (6_000_000 // 3)  # a tenth of what the limit of a growing bundle allows


async def test_a_bundle_of_short_lines_costs_no_more_than_its_bytes():
    """A growing bundle may have 67 MB; cut at every newline it takes eighteen times that."""
    puts = {0: fetching.Put("0" * 64, 100)}
    block = fetching.Block(0, puts, puts, growing=True)
    tracemalloc.start()
    await block.bundle(Newlines())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 6_000_000


async def test_a_retry_is_bounded(region, peer):
    """Every quarantined text is fetched and kept at once; and each costs a request in every harvest for ever."""
    for number in range(300):
        peer.put(f"r{number}")
    dict(peer.bodies)
    peer.bodies.clear()
    await region.harvest(peer)
    source = PeerSource(peer)
    await region.harvest(peer, source)
    assert len(source.asked) < 200
