"""What a part of the benchmark found: goals, tables and curves, kept as JSON until the page is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A figure that was to be reached.

    Attributes:
        what: what was compared, such as "training, batch 128, beside PyTorch".
        measured: the figure, NaN where the peer was missing.
        wanted: the bound.
        at_least: whether larger is better.
        unit: "×", "ms", "%" and so on.

    >>> Goal("rows a second beside PyTorch", 1.31, 1.25, unit="×").line()
    '| rows a second beside PyTorch | ≥ 1.25 × | 1.31 × | yes |'
    """

    what: str
    measured: float
    wanted: float
    at_least: bool = True
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted

    def line(self) -> str:
        """The goal as a row of a table in Markdown."""
        unit = f" {self.unit}" if self.unit else ""
        sign = "≥" if self.at_least else "≤"
        met = "yes" if self.met else "**no**"
        return f"| {self.what} | {sign} {self.wanted:g}{unit} | {self.measured:.3g}{unit} | {met} |"


@dataclass(frozen=True)
class Table:
    """A table: a caption, the names of its columns, and rows of texts that are ready to be shown."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table in Markdown.

        >>> print(Table("Speed", ["who", "rows/s"], [["digitnet", "70,000"]]).markdown())
        **Speed**
        <BLANKLINE>
        | who | rows/s |
        |---|---|
        | digitnet | 70,000 |
        """
        lines = [f"**{self.caption}**", "", _row(self.columns), "|" + "---|" * len(self.columns)]
        return "\n".join([*lines, *map(_row, self.rows)])


@dataclass(frozen=True)
class Curves:
    """One picture: named curves, each a list of points (x, y).

    Attributes:
        title, x_label, y_label: in words, with units.
        series: the points by name, in the order of the legend.
        log_x, log_y: whether an axis is logarithmic.
    """

    title: str
    x_label: str
    y_label: str
    series: dict[str, list[tuple[float, float]]]
    log_x: bool = False
    log_y: bool = False


@dataclass
class Part:
    """What one part of the benchmark found.

    Attributes:
        title: of its section.
        text: paragraphs in Markdown before the tables: what was done, with how many turns and threads, how
            it was warmed up, and what the floor is.
        goals, tables, curves: as their names say.
        left_out: contestants that did not take part, and why.
        losses: sentences, one for each comparison in which digitnet is behind.
    """

    title: str
    text: str = ""
    goals: list[Goal] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    curves: list[Curves] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def load(cls, path: Path) -> Part:
        """Read what :meth:`save` wrote."""
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        values["goals"] = [Goal(**one) for one in values["goals"]]
        values["tables"] = [Table(**one) for one in values["tables"]]
        for one in values["curves"]:
            # JSON knows no tuples.
            one["series"] = {name: [(x, y) for x, y in points] for name, points in one["series"].items()}
        values["curves"] = [Curves(**one) for one in values["curves"]]
        return cls(**values)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
