"""From an approved draft to an entry that waits for its place in our log: the public names.

Read `drafts.py` (what comes in), `sealing.py` (what is decided and signed), `publisher.py` (the transactions);
`standing.py` looks up what a record is before an edit.
"""

from chmnode.publishing.drafts import Draft, PublishingError, Refused, read_drafts
from chmnode.publishing.publisher import Accepted, Publisher, StageResult

__all__ = ["Accepted", "Draft", "Publisher", "PublishingError", "Refused", "StageResult", "read_drafts"]
