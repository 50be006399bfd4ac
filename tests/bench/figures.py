"""What a benchmark says: figures of several rounds, each against what was wanted of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

HEADINGS = ("figure", "median", "lowest", "highest", "wanted", "ratio", "verdict")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        what: was measured.
        rounds: what each round gave; the median counts.
        unit: of the rounds.
        at_least: what was wanted, when more is better.
        at_most: what was wanted, when less is better.
    """

    what: str
    rounds: Sequence[float]
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def wanted(self) -> float | None:
        """The bound, whichever it is."""
        return self.at_most if self.at_least is None else self.at_least

    @property
    def ratio(self) -> float | None:
        """The median as a part of what was wanted."""
        return None if self.wanted is None else self.value / self.wanted

    @property
    def verdict(self) -> str:
        """Met, or by how much not."""
        if self.ratio is None:
            return ""
        if self.at_least is not None:
            return "met" if self.ratio >= 1 else f"short by {1 - self.ratio:.0%}"
        return "met" if self.ratio <= 1 else f"over by {self.ratio - 1:.0%}"

    def cells(self) -> tuple[str, ...]:
        """The line, in the order of the headings."""
        wanted = f"{'>=' if self.at_most is None else '<='} {self._shown(self.wanted)}" if self.wanted else ""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        numbers = (self._shown(number) for number in (self.value, min(self.rounds), max(self.rounds)))
        return (self.what, *numbers, wanted, ratio, self.verdict)

    def _shown(self, number: float) -> str:
        digits = 0 if number >= 1000 else 1 if number >= 100 else 2
        return f"{number:,.{digits}f} {self.unit}".rstrip()


def paired(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The ratio of each round: what is measured side by side meets the same weather."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def table(figures: Sequence[Figure]) -> str:
    """All lines, in columns."""
    lines = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(_row(line, widths) for line in lines)


def _row(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(line, widths, strict=True)
    cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return "  ".join(cells).rstrip()
