"""An access log that costs next to nothing: failures and slow requests always, of the others a sample.

A line holds no address and no query of the client: who reads what is nobody's business, ours included. (The log that
aiohttp brings halves the throughput.) Nor can a client write lines of its own: what it sent stays percent-encoded.
"""

import itertools
import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http import HttpProcessingError

#: One in so many ordinary requests is written.
SAMPLE = 100
#: Requests that take longer, in seconds, are always written.
SLOW = 1.0


def terse(record: logging.LogRecord) -> bool:
    """A filter for the server's log: a request that nobody can parse is one line, without trace or address."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "a request could not be parsed (%s)", (type(error).__name__,)
        record.exc_info = record.exc_text = None
    return True


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
        asked, answered = f"{request.method} {request.rel_url.raw_path}", f"{response.status} {response.body_length}"
        line = f"{asked} {answered} {time * 1000:.1f}ms"
        self.logger.info(line if always else f"{line} 1/{SAMPLE}")
