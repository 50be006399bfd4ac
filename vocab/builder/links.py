"""What is said across files: mappings between our own schemes, from both sides, and each label once.

A mapping to a vocabulary of somebody else is stated once: its other side is not ours to write.
"""

from collections.abc import Sequence

from builder.graph import VOCABULARIES, Concept, Document, iri

INVERSE = {
    "exactMatch": "exactMatch",
    "closeMatch": "closeMatch",
    "relatedMatch": "relatedMatch",
    "broadMatch": "narrowMatch",
    "narrowMatch": "broadMatch",
}


def complete(documents: Sequence[Document]) -> None:
    """Lead mappings to the IRI a concept really has, and add the other side of those between concepts of ours.

    Raises:
        ValueError: A mapping leads below our own vocabularies, where nothing is: a misspelt target.
    """
    declared = [each for document in documents for each in document.concepts if each.declared]
    by_iri = {iri(each.scheme, each.notation): each for each in declared} | {each.iri: each for each in declared}
    for concept in declared:
        concept.matches = {(relation, _real(concept, target, by_iri)) for relation, target in concept.matches}
    for concept in declared:
        for relation, target in sorted(concept.matches):
            other = by_iri.get(target)
            if other is not None and other is not concept:
                other.matches.add((INVERSE[relation], concept.iri))


def _real(concept: Concept, target: str, by_iri: dict[str, Concept]) -> str:
    if target not in by_iri:
        if target.startswith(VOCABULARIES):
            message = f"{concept.iri} is mapped to {target}, which does not exist"
            raise ValueError(message)
        return target
    meant = by_iri[target]
    return target if meant is concept else meant.iri


def once(documents: Sequence[Document]) -> None:
    """Take from marked files what the file of the scheme says too: each label has one status and one source."""
    declared = {each.iri: each for document in documents for each in document.concepts if each.declared}
    for document in documents:
        for concept in document.concepts:
            if not concept.declared:
                stated = {(label.lang, label.text) for label in declared[concept.iri].labels}
                concept.labels = [label for label in concept.labels if (label.lang, label.text) not in stated]
