"""What the vocabularies are, in words for readers: a sentence for each, their parts, how far a label may be trusted.

Pure tables of English messages; they are translated where they are shown.
"""

from collections.abc import Mapping
from typing import Final

from chmnode.concepts import Status
from chmnode.portal.i18n import N_

#: Schemes whose concepts have numbers, and are known in that order.
ORDERED: Final = frozenset({"gbf-targets", "gbf-goals", "gbf-indicators", "aichi-targets", "sdg"})

#: Parts of the list of schemes; schemes that no part names come in the last one.
PARTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (N_("What records are about"), ("cbd-subjects", "domain-concepts")),
    (N_("Goals and targets"), ("gbf-goals", "gbf-targets", "gbf-indicators", "sdg", "aichi-targets")),
    (N_("Places and languages"), ("countries", "regions", "groups", "languages")),
    (N_("Kinds of help"), ("assistance-types", "activity-types", "resource-types", "event-types")),
    (N_("Other lists"), ()),
)

SENTENCES: Final[Mapping[str, str]] = {
    "activity-types": N_("What is done to build capacity."),
    "aichi-targets": N_("The twenty targets for 2020, which older records name."),
    "assistance-types": N_("The kinds of help that needs ask for and offers give."),
    "audiences": N_("For whom a training or a resource is made."),
    "cbd-subjects": N_("The subjects by which the Convention sorts its records."),
    "cooperation-modalities": N_("Who works with whom."),
    "countries": N_("Countries and territories, with the records of each."),
    "degrees-of-alignment": N_("How closely a national target follows a global one."),
    "domain-concepts": N_("The words of biodiversity, by which search understands one language in another."),
    "event-types": N_("The kinds of meeting, course and fair."),
    "focal-point-types": N_("The offices that speak for a country under the Convention."),
    "gbf-goals": N_("The four goals of the Framework for 2050."),
    "gbf-indicators": N_("What is measured to see whether the targets are met."),
    "gbf-targets": N_("The twenty-three targets of the Framework for 2030, with their official text."),
    "groups": N_("Countries that belong together by treaty or situation."),
    "jurisdictions": N_("How far an organisation or a rule reaches."),
    "languages": N_("Languages that records can be in."),
    "lead-groups": N_("Groups of people who lead an activity."),
    "organization-roles": N_("What an organisation does in the clearing-house."),
    "organization-types": N_("The kinds of organisation."),
    "progress-ratings": N_("How far a target has been reached."),
    "regions": N_("Parts of the world, with the countries in them."),
    "removal-reasons": N_("Why a publisher took a record back."),
    "resource-types": N_("The kinds of document, tool and course."),
    "sdg": N_("The goals of the United Nations for sustainable development."),
    "technology-stages": N_("How far a technology is ready for use."),
    "terms-of-transfer": N_("On which terms a technology is passed on."),
    "treaties": N_("The Convention and its protocols."),
}

#: How far a label may be trusted.
STATUSES: Final[Mapping[Status, str]] = {
    Status.OFFICIAL: N_("official"),
    Status.PUBLISHED: N_("published by a maintained source"),
    Status.DRAFTED: N_("written for this project"),
    Status.UNVERIFIED: N_("not checked by anybody"),
    Status.MACHINE_TRANSLATED: N_("machine translation, not reviewed"),
}

#: How concepts of two vocabularies are related.
RELATIONS: Final[Mapping[str, str]] = {
    "exactMatch": N_("The same"),
    "closeMatch": N_("Nearly the same"),
    "broadMatch": N_("Broader"),
    "narrowMatch": N_("Narrower"),
    "relatedMatch": N_("Related"),
}

#: Vocabularies of others, by a part of their addresses.
OUTSIDE: Final[Mapping[str, str]] = {
    "eionet.europa.eu/gemet": "GEMET",
    "dbpedia.org": "DBpedia",
    "vocabularies.unesco.org": "UNESCO Thesaurus",
    "aims.fao.org": "AGROVOC",
    "id.loc.gov": "ISO 639, Library of Congress",
    "eurovoc.europa.eu": "EuroVoc",
    "metadata.cbd.int": "KMGBF Ontology",
    "metadata.un.org/sdg": "SDG Knowledge Organization System",
}
