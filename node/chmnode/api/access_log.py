"""An access log that costs next to nothing: failures and slow requests always, of the others a sample.

A line holds no address and no query of the client: who reads what is nobody's business, ours included. (The log that
aiohttp brings halves the throughput.)
"""

import itertools

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

#: One in so many ordinary requests is written.
SAMPLE = 100
#: Requests that take longer, in seconds, are always written.
SLOW = 1.0


class AccessLog(AbstractAccessLogger):
    """Writes `METHOD /path status bytes milliseconds`; a sampled line ends in `1/100`."""

    _turn = itertools.count()

    @property
    def enabled(self) -> bool:
        """Whether anybody reads it."""
        return self.logger.isEnabledFor(20)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write a request down, or let it pass."""
        always = response.status >= 500 or time > SLOW
        if not always and next(self._turn) % SAMPLE:
            return
        line = f"{request.method} {request.path} {response.status} {response.body_length} {time * 1000:.1f}ms"
        self.logger.info(line if always else f"{line} 1/{SAMPLE}")
