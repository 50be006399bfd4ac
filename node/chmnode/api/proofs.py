"""Proof of one record, to take away: a C2SP tlog-proof of its newest entry (CHM-Sync 1 section 3).

`<base>/records/{id}/proof` for our own records, `<base>/view/proof?id=IRI` for those of other nodes, from the mirrored
tree and under the publisher's own checkpoint. The `extra` line holds the entry, so that the file is enough for a
verifier with the publisher's key. Withdrawn, erased and quarantined records have a proof too.
"""

from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.api.delivery import tag_of
from chmnode.api.problems import missing
from chmnode.api.records import requested_iri
from chmnode.node import Node
from chmnode.storage import Records, StoredEntry
from chmsync import mirror, tiles
from chmsync.tlog_proof import TlogProof


class ProofResources:
    """Serves proofs of entries.

    Args:
        node: whose.
        addresses: of the node.
    """

    def __init__(self, node: Node, addresses: Addresses) -> None:
        self._node = node
        self._addresses = addresses

    def routes(self) -> list[web.RouteDef]:
        """The routes of proofs."""
        base = self._addresses.base
        return [
            web.get(f"{base}/records/{{id}}/proof", self.at_home),
            web.get(f"{base}/view/proof", self.elsewhere),
        ]

    async def at_home(self, request: web.Request) -> web.Response:
        """Proof of one of our own records."""
        path = request.rel_url.raw_path.removesuffix("/proof")
        return await self._answer(self._addresses.root + path)

    async def elsewhere(self, request: web.Request) -> web.Response:
        """Proof of any record that we hold."""
        return await self._answer(requested_iri(request))

    async def _answer(self, iri: str) -> web.Response:
        records = Records(self._node.database.read)
        entry = await records.entry_of(iri)
        if entry is None:
            raise missing(f"{iri}: this node knows no such record")
        body = await self._prove(entry)
        headers = {
            hdrs.CONTENT_TYPE: mirror.NOTE_TYPE,
            hdrs.CONTENT_DISPOSITION: 'attachment; filename="record.tlog-proof"',
            hdrs.CACHE_CONTROL: "public, max-age=60",
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
            hdrs.ETAG: tag_of(body),
        }
        return web.Response(body=body, headers=headers)

    async def _prove(self, entry: StoredEntry) -> bytes:
        state = await self._node.logs.load(entry.origin)
        if state.note is None or entry.index >= state.size:
            raise missing(f"{entry.iri}: its entry is not under a checkpoint yet; try again in a moment")
        needed = tiles.inclusion_tiles(entry.index, state.size)
        found = await mirror.read_tiles(self._node.logs, entry.origin, needed)
        hashes = tuple(tiles.inclusion_proof(entry.index, state.size, found))
        return TlogProof(entry.index, hashes, state.note, extra=entry.leaf).encode()
