"""Logs for the contract suites: real entries, real records, real trees; no signatures, which storage does not read."""

import hashlib
from dataclasses import dataclass, field

from chmsync.canonical import encode
from chmsync.entry import Entry
from chmsync.growth import Growth
from chmsync.merkle import CompactRange
from chmsync.ports import Accepted, Append, Batch, Leaf, Staged

ORIGIN = "chm.example.ke/log"
OTHER = "chm.example.ug/log"
COUNTRY = {ORIGIN: "KE", OTHER: "UG"}


def iri(number, origin=ORIGIN):
    return f"https://{origin.removesuffix('/log')}/records/{number}"


def document(number, rev=1, origin=ORIGIN, **members):
    """A record, as far as storage looks into it."""
    return {
        "id": iri(number, origin),
        "type": "Need",
        "government": COUNTRY[origin],
        "identifier": f"CHM-BBR-{COUNTRY[origin]}-{number}",
        "modified": f"2026-11-{number % 28 + 1:02}T00:00:{rev:02}Z",
        "title": {"en": f"Need {number}, revision {rev}"},
        **members,
    }


def accepted(index, number, rev=1, origin=ORIGIN, **members):
    """A put that passed all checks."""
    found = document(number, rev, origin, **members)
    body = encode(found)
    digest = hashlib.sha256(body).hexdigest()
    return Accepted.of(index, found["id"], rev, digest, body, found)


def entry(number, op="put", rev=1, origin=ORIGIN, **members):
    """The entry of a record that `accepted` makes alike."""
    record = accepted(0, number, rev, origin, **members)
    text = {"sha256": record.sha256, "size": len(record.body)} if op == "put" else {"reason": "error"}
    return Entry(
        op=op, id=record.iri, type=record.type, rev=rev, at="2026-11-20T00:00:00Z", government=record.government, **text
    )


def leaf(index, number, op="put", rev=1, origin=ORIGIN):
    made = entry(number, op, rev, origin)
    return Leaf(index, made.encode(), made.id, op, rev)


def staged(seq, number, op="put", rev=1):
    made, record = entry(number, op, rev), accepted(0, number, rev)
    text = (record.sha256, record.body) if op == "put" else (None, None)
    return Staged(seq, made.id, op, rev, made.encode(), *text)


@dataclass
class Tree:
    """Grows beside a store and says what the store must be told."""

    growth: Growth = field(default_factory=lambda: Growth(CompactRange(), []))

    @property
    def size(self):
        return self.growth.frontier.size

    @property
    def root(self):
        return self.growth.frontier.root()

    def step(self, entries):
        """One sequencing step of a log of our own."""
        size = self.size
        nodes = self.growth.add([made.leaf for made in entries])
        return Append(size, entries, nodes, self.growth.frontier, b"note %d" % self.size, self.root)

    async def save(self, store, leaves, origin=ORIGIN):
        nodes = self.growth.add([made.leaf for made in leaves])
        await store.save_entries(origin, leaves, nodes, self.growth.frontier)

    async def prove(self, store, origin=ORIGIN):
        await store.retarget(origin, b"target", self.size)
        await store.prove(origin, self.size)

    async def harvest(self, store, leaves, *, refused=(), superseded=(), origin=ORIGIN, **batch):
        """Everything of one harvest, from the entries to the trusted checkpoint."""
        start = self.size
        await self.save(store, leaves, origin)
        await self.prove(store, origin)
        await store.judge(origin, self.size, refused, superseded)
        applied = await store.apply(origin, Batch(start, self.size, **batch))
        await store.trust(origin, b"note", self.size, self.root)
        return applied
