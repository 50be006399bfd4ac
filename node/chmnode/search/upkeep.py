"""What keeps the search index in order, a little at a time: catching up, merging, purging.

Owns when: after an upgrade or a change of vocabularies records are made findable anew while searches go on; merges that
a harvest left are done when there is leisure; the words of erased records are purged from the index at once, as far as
one step reaches. Everything it has to know stands in the database, so a killed process loses nothing and several may
share the work.
"""

import logging
from dataclasses import dataclass
from typing import Final

from chmnode.search.indexing import PURGE, Indexing
from chmnode.storage import Coverage, Database, Documents

#: Pages of the index of words merged by one transaction, and transactions of one step.
PAGES: Final = 500
STEPS: Final = 8
#: Steps after which everything is looked through again.
LOOK_AGAIN: Final = 3_600
_LOG = logging.getLogger("chm.search")


@dataclass(slots=True)
class Upkeep:
    """The recurring work on the index of one node."""

    database: Database
    indexing: Indexing
    _complete_for: int = 0

    async def step(self) -> None:
        """Do a bounded amount of whatever is to be done."""
        if self._complete_for:
            self._complete_for -= 1
        elif not await self.indexing.catch_up(self.database):
            self._complete_for = LOOK_AGAIN
        await self._merge()

    async def rebuild(self) -> int:
        """Make everything findable that is not, by the present analysis; how many records it were."""
        made = 0
        while count := await self.indexing.catch_up(self.database):
            made += count
        return made

    async def forget(self) -> None:
        """Have everything made anew by the steps that follow, as if another analysis had made it."""
        async with self.database.transaction() as session:
            await session.execute("document_outdate")
        self._complete_for = 0

    async def coverage(self) -> Coverage:
        """How much of what is in force can be found."""
        return await Documents(self.database.read).coverage(self.indexing.version)

    async def _merge(self) -> None:
        """Merge, and purge if something was erased; fewer than two changed rows mean that nothing was left to do."""
        purge = await self.database.read.fetch_one("meta_get", key=PURGE)
        for _ in range(STEPS):
            async with self.database.transaction() as session:
                done = await Documents(session).merge(-PAGES if purge else PAGES) < 2
                if done and purge:
                    await session.execute("meta_remove", key=PURGE, value=purge[0])
            if done and purge:
                await self.database.forget()
                _LOG.info("what was erased is purged from the search index")
            if done:
                return
