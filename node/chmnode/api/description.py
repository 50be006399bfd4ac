"""What a node says of itself: description, member descriptor, DID document, harvest reports, health.

`describe` is also what an export writes as `node.jsonld`, so that a static copy says the same.
"""

from importlib.metadata import version
from typing import Final

import orjson
from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.api.delivery import tag_of
from chmnode.api.negotiation import JSON, JSON_LD
from chmnode.api.problems import missing
from chmnode.node import Node
from chmnode.storage import Peers
from chmsync.canonical import JsonValue
from chmsync.member import did_document, did_document_url
from chmsync.mirror import mirror_name

CONTEXT: Final = "https://w3id.org/chm/context/v1"
PROTOCOL: Final = "CHM-Sync 1"


async def describe(node: Node) -> dict[str, JsonValue]:
    """The node description (CHM-Sync 1 section 3)."""
    member, url = node.member, node.member.base_url
    return {
        "@context": CONTEXT,
        "id": f"{url}/node.jsonld",
        "type": "Node",
        "name": node.config.name,
        "kind": node.config.kind,
        "did": member.did,
        "governments": list(node.config.governments),
        "languages": list(node.config.languages),
        "protocol": PROTOCOL,
        "software": {"name": "chm-node", "version": version("chm-node")},
        "log": {"origin": member.origin, "prefix": f"{url}/log", "size": (await node.logs.load(member.origin)).size},
        "mirrors": await _mirrors(node),
        "interfaces": {
            "member": f"{url}/member.json",
            "didDocument": f"{url}{did_document_url(url)}",
            "records": f"{url}/records",
            "view": f"{url}/view?id={{iri}}",
            "search": f"{url}/search?q={{text}}",
            "suggest": f"{url}/search/suggest?q={{typed}}",
            "concepts": f"{url}/concepts",
            "harvestReport": f"{url}/harvest/report/{{sha256OfOrigin}}",
            "health": f"{url}/health",
        },
    }


async def _mirrors(node: Node) -> list[JsonValue]:
    if not node.config.mirror:
        return []
    origins = [origin for origin in await node.logs.origins() if origin != node.origin]
    return [
        {
            "origin": origin,
            "prefix": f"{node.member.base_url}/mirror/{mirror_name(origin)}",
            "size": (await node.logs.load(origin)).size,
        }
        for origin in origins
    ]


class NodeResources:
    """Serves what the node says of itself.

    Args:
        node: whose.
        addresses: of the node.
    """

    def __init__(self, node: Node, addresses: Addresses) -> None:
        self._node = node
        self._base = addresses.base

    def routes(self) -> list[web.RouteDef]:
        """The routes of the node's description."""
        base = self._base
        return [
            web.get(f"{base}/node.jsonld", self.description),
            web.get(f"{base}/member.json", self.member),
            web.get(f"{base}{did_document_url(self._node.member.base_url)}", self.did),
            web.get(f"{base}/harvest/report/{{name:[0-9a-f]{{64}}}}", self.report),
            web.get(f"{base}/health", self.health),
        ]

    async def description(self, _: web.Request) -> web.Response:
        """The node description."""
        return _document(JSON_LD, orjson.dumps(await describe(self._node), option=orjson.OPT_INDENT_2), seconds=300)

    async def member(self, _: web.Request) -> web.Response:
        """The member descriptor: what an operator pins."""
        return _document(JSON, self._node.member.encode(), seconds=60)

    async def did(self, _: web.Request) -> web.Response:
        """The DID document."""
        document = did_document(self._node.member)
        return _document("application/did+json", orjson.dumps(document, option=orjson.OPT_INDENT_2), seconds=60)

    async def report(self, request: web.Request) -> web.Response:
        """Our signed report on a log that we harvest."""
        wanted = request.match_info["name"]
        peers = await Peers(self._node.database.read).list()
        origin = next((peer.origin for peer in peers if mirror_name(peer.origin) == wanted), None)
        report = await self._node.report(origin) if origin is not None else None
        if report is None:
            raise missing("no log of that name has been harvested here")
        return _document(JSON, report, seconds=60)

    async def health(self, _: web.Request) -> web.Response:
        """Whether the node can read its log; a failure is answered by the error boundary."""
        state = await self._node.logs.load(self._node.origin)
        headers = {hdrs.CONTENT_TYPE: JSON, hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=orjson.dumps({"status": "ok", "size": state.size}), headers=headers)


def _document(content_type: str, body: bytes, *, seconds: int) -> web.Response:
    headers = {
        hdrs.CONTENT_TYPE: content_type,
        hdrs.CACHE_CONTROL: f"public, max-age={seconds}",
        hdrs.ETAG: tag_of(body),
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    }
    return web.Response(body=body, headers=headers)
