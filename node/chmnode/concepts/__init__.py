"""SKOS concept schemes at run time: look-ups, labels in six languages, hierarchy, equivalence, countries of regions.

Owns the compiled form that `vocab/build.py` writes, and `turtle`, which gives it to other programs. It refuses to read
Turtle: rdflib belongs to the edges and to the tests, which prove that both forms agree. See records.md, section
Vocabularies, and vocab/README.md.
"""

from chmnode.concepts.catalogue import Concepts
from chmnode.concepts.model import Concept, Label, Rights, Scheme, Status

__all__ = ["Concept", "Concepts", "Label", "Rights", "Scheme", "Status"]
