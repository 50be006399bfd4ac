"""A publishing node over a real database: the records of a simulated peer, through the real sequencer."""

from dataclasses import dataclass, field

from chmnode.storage import LogStore, NewEntry, Staging
from chmsync.entry import Entry
from chmsync.log import Cosigner, Sequencer
from chmsync.member import cosigner_name
from chmsync.simulator import Peer, _seed
from tests.federation.conftest import NOW


@dataclass
class Publisher:
    """Logs what its peer has published, with the peer's keys; peer and log must then be the same to the byte."""

    database: object
    peer: Peer = field(default_factory=Peer)

    @property
    def store(self) -> LogStore:
        return LogStore(self.database)

    @property
    def witness(self) -> Cosigner:
        return Cosigner(cosigner_name(self.peer.base_url, "witness"), _seed(self.peer.base_url, "witness"))

    async def publish(self) -> bytes:
        """Log whatever is new, and give the checkpoint."""
        sequencer = Sequencer(self.peer.origin, [self.peer.log_key], self.witness, self.store, lambda: NOW)
        state = await sequencer.recover()
        async with self.database.transaction() as session:
            new = [self._new(leaf) for leaf in self.peer.leaves[state.size :]]
            await Staging(session, self.peer.origin).stage(new)
        while await sequencer.sequence():
            pass
        return (await self.store.load(self.peer.origin)).note

    def _new(self, leaf):
        entry = Entry.parse(leaf)
        return NewEntry(entry.id, entry.op, entry.rev, leaf, entry.sha256, self.peer.bodies.get(entry.sha256))
