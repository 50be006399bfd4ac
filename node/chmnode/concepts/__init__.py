"""SKOS concept schemes at run time: look-ups, labels in six languages, hierarchy, countries of regions and groups.

Owns the compiled form that `vocab/build.py` writes. It refuses to know Turtle: rdflib belongs to the edges and to the
tests, which prove that both forms agree. See records.md, section Vocabularies, and vocab/README.md.
"""

from chmnode.concepts.catalogue import Concepts
from chmnode.concepts.model import Concept, Label, Scheme, Status

__all__ = ["Concept", "Concepts", "Label", "Scheme", "Status"]
