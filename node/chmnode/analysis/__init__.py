"""Words and concepts of texts in any language, the same for every database.

`Analyzer` turns texts into tokens and finds the concepts whose labels they have; `Indexer` makes of a record what the
index holds of it. See records.md, sections Search and Vocabularies.
"""

from chmnode.analysis.analyzer import PREFIX, Analyzer
from chmnode.analysis.labels import TAGGED, Found
from chmnode.analysis.records import GAP, TITLE, Indexed, Indexer
from chmnode.analysis.words import Token

__all__ = ["GAP", "PREFIX", "TAGGED", "TITLE", "Analyzer", "Found", "Indexed", "Indexer", "Token"]
