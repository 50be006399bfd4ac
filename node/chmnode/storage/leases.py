"""Leases: who does what only one process may do, one row a name.

A lease runs out by itself, so that a killed process blocks nobody for longer than its time. Each method is one atomic
statement on both databases. The clock is the caller's: processes that share a database share a machine, or keep time.
"""

from chmnode.storage.database import Database


class Leases:
    """The leases of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, name: str, holder: str, seconds: float, now: float) -> bool:
        """Take a lease that is free, has run out, or is ours already; whether it is ours now."""
        async with self._database.transaction() as session:
            taken = await session.execute(
                "lease_acquire", name=name, holder=holder, expires=int(now + seconds), now=int(now)
            )
        return bool(taken)

    async def renew(self, name: str, holder: str, seconds: float, now: float) -> bool:
        """Keep a lease; False if it has run out, for somebody else may have acted meanwhile."""
        async with self._database.transaction() as session:
            kept = await session.execute(
                "lease_renew", name=name, holder=holder, expires=int(now + seconds), now=int(now)
            )
        return bool(kept)

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back, if it is ours."""
        async with self._database.transaction() as session:
            await session.execute("lease_release", name=name, holder=holder)
