"""What the codes of the protocol mean, in words for readers (CHM-Sync 1 section 7; look.md, "Voice").

Pure tables of English messages; they are translated where they are shown.
"""

from collections.abc import Mapping
from typing import Final

from chmnode.portal.i18n import N_

#: What a node of each kind is, for the first sentence of the home page.
KINDS: Final[Mapping[str, str]] = {
    "national": N_("National clearing-house"),
    "regional": N_("Regional centre"),
    "partner": N_("Partner organisation"),
    "central": N_("Central portal"),
}

#: Why a whole node could not be read.
LOG_CODES: Final[Mapping[str, str]] = {
    "UNREACHABLE": N_("It did not answer."),
    "REDIRECT": N_("It sent us to another place, and we do not follow."),
    "LIMIT": N_("Its answer was larger than we accept."),
    "BAD_NOTE": N_("Its latest summary could not be read."),
    "BAD_SIGNATURE": N_("Its signature is not valid."),
    "ROLLBACK": N_("It showed an older state than before."),
    "FORK": N_("It showed two histories that contradict each other; an operator has to look at this."),
    "BAD_BUNDLE": N_("Its data did not match its own summary."),
    "NOT_A_MEMBER": N_("It is not a member of this federation."),
}

#: Why one record was refused.
RECORD_CODES: Final[Mapping[str, str]] = {
    "ENTRY": N_("Its entry is malformed."),
    "FOREIGN_IRI": N_("It uses the address of another publisher."),
    "REV": N_("Its revision is out of sequence."),
    "AUTHORITY": N_("Its publisher may not speak for this government or publish this kind of record."),
    "MISSING": N_("Its text was not delivered."),
    "HASH": N_("Its text is not the one that was announced."),
    "CANONICAL": N_("Its text is not in the agreed form."),
    "MISMATCH": N_("Its text contradicts its entry."),
    "CONTEXT": N_("It uses terms that this node does not know."),
    "PROOF": N_("Its signature is not valid."),
    "SCHEMA": N_("Required information is missing or wrong."),
}

#: How records are related.
RELATIONS: Final[Mapping[str, str]] = {
    "answers": N_("Answers"),
    "offeredBy": N_("Offered by"),
    "convenedFor": N_("Convened for"),
    "replicates": N_("Replicates"),
    "partOf": N_("Part of"),
    "supersedes": N_("Replaces"),
}

#: Title and advice of an error page, by HTTP status.
ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    400: (N_("This address is incomplete"), N_("Check the address, or search for what you need.")),
    404: (N_("There is nothing here"), N_("Check the address, or search for what you need.")),
    405: (N_("This is not possible here"), N_("Go back and use the links of the page.")),
    406: (N_("This is not available in that form"), N_("Open the page of the record and choose one of its formats.")),
    413: (N_("This is too large"), N_("Send less at a time.")),
    503: (N_("The node is busy"), N_("Try again in a moment.")),
}
#: For a record whose stored text is no longer what was signed.
DAMAGED: Final = (
    N_("This record is damaged here"),
    N_("Its stored text is damaged here; the operator should run “chm check”."),
)
#: For all others.
FAILURE: Final = (
    N_("The node could not answer"),
    N_("Try again later. If it stays like this, tell whoever runs this node; the reason is in its log."),
)
