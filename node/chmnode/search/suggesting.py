"""Typing help: concepts by the beginnings of their labels, in the reader's language first.

Owns one sorted list of folded labels per language, made when first asked for. Pure.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

from chmnode.analysis.folding import fold
from chmnode.concepts import Concept, Concepts, Label

#: Schemes that help is given from, in the order of preference among equal labels.
SUGGESTED: Final = (
    "cbd-subjects",
    "domain-concepts",
    "assistance-types",
    "countries",
    "regions",
    "groups",
    "gbf-targets",
    "gbf-goals",
)
_LAST: Final = "\U0010ffff"

Entry = tuple[str, int, Label, Concept]


@dataclass(slots=True)
class Labels:
    """Labels of concepts, by their beginnings."""

    concepts: Concepts
    _by_language: dict[str, list[Entry]] = field(default_factory=dict)

    def beginning(self, typed: str, lang: str, limit: int) -> list[tuple[Label, Concept]]:
        """Concepts with a label that begins like this, or has a word that does; each once."""
        wanted = " ".join(map(fold, typed.split()))
        if not wanted:
            return []
        found: dict[str, tuple[Label, Concept]] = {}
        for language in dict.fromkeys((lang, "en")):
            entries = self._entries(language)
            start = bisect_left(entries, wanted, key=lambda entry: entry[0])
            end = bisect_left(entries, wanted + _LAST, key=lambda entry: entry[0])
            for _, _, label, concept in sorted(entries[start:end], key=lambda entry: (entry[1], len(entry[2].text))):
                found.setdefault(concept.key, (label, concept))
        return list(found.values())[:limit]

    def _entries(self, lang: str) -> list[Entry]:
        if lang not in self._by_language:
            self._by_language[lang] = sorted(self._labels(lang), key=lambda entry: entry[0])
        return self._by_language[lang]

    def _labels(self, lang: str) -> list[Entry]:
        """Each label under its beginning, and under the beginning of each further word."""
        entries: list[Entry] = []
        for name in SUGGESTED:
            scheme = self.concepts.scheme(name)
            for concept in scheme.concepts.values() if scheme else ():
                own = [concept.labels[lang]] if lang in concept.labels else []
                for label in (*own, *concept.alternatives.get(lang, ())):
                    words = [fold(word) for word in label.text.split()]
                    entries += [(" ".join(words[at:]), min(at, 1), label, concept) for at in range(len(words))]
        return entries
