"""The node as a member of the federation: pinned peers, harvest runs, their schedule and their signed reports."""

from chmnode.federation.harvesting import Federation
from chmnode.federation.peers import PinnedPeer, PinRefused, pin, pinned, sources_of
from chmnode.federation.reports import signed_report

__all__ = ["Federation", "PinRefused", "PinnedPeer", "pin", "pinned", "signed_report", "sources_of"]
