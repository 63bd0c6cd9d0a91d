"""Compare digitnet.MLPClassifier with scikit-learn's on scikit-learn's toy data sets, and write the table."""

from __future__ import annotations

import math
import os
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy import stats
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_circles,
    make_classification,
    make_moons,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier as Reference
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from digitnet import MLPClassifier

PAGE = Path(__file__).resolve().parent.parent / "docs" / "guide" / "classifier_comparison.md"

Data = tuple[NDArray[Any], NDArray[Any]]

DATA_SETS: dict[str, Callable[[], Data]] = {
    "iris": lambda: load_iris(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
    "breast cancer": lambda: load_breast_cancer(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
    "two moons": lambda: make_moons(500, noise=0.25, random_state=0),
    "two circles": lambda: make_circles(500, noise=0.15, factor=0.5, random_state=0),
    "made-up classes": lambda: make_classification(
        1000, n_features=20, n_informative=10, n_classes=3, random_state=0
    ),
}

#: How often both start anew. With five, differences of a tenth of a point would drown in the noise.
SEEDS = 20


@dataclass(frozen=True)
class Comparison:
    """What came of one data set.

    Attributes:
        name, rows, classes: of the data set.
        ours, theirs: ``(seeds,)`` accuracy on the held-out halves.
        seconds: time in ``fit``, ours and theirs.
    """

    name: str
    rows: int
    classes: int
    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]
    seconds: tuple[float, float]

    @property
    def difference(self) -> float:
        """Mean of ours minus theirs, seed by seed."""
        return float((self.ours - self.theirs).mean())

    @property
    def error(self) -> float:
        """Standard error of that mean."""
        return float((self.ours - self.theirs).std(ddof=1)) / math.sqrt(len(self.ours))

    @property
    def keeps_up(self) -> bool:
        """Whether ours is better, or worse by no more than the 95 % interval allows."""
        return self.difference >= -student(len(self.ours)) * self.error


def student(seeds: int) -> float:
    """Half of the 95 % interval of a mean of so many, in standard errors, by Student's t.

    >>> round(student(5), 3)
    2.776
    """
    return float(stats.t.ppf(0.975, seeds - 1))


def compare(name: str, seeds: int = SEEDS, **settings: Any) -> Comparison:
    """Fit both on each half of a data set and measure them on the other half, once for each seed.

    Inputs are standardised by the training half. Each seed cuts the rows anew, in proportion to the classes,
    and is the ``random_state`` of both, so that the two meet the same rows.

    Args:
        name: a key of :data:`DATA_SETS`.
        seeds: how many.
        settings: parameters for both; scikit-learn's defaults where nothing is given.
    """
    inputs, labels = DATA_SETS[name]()
    scores = np.zeros((2, seeds))
    seconds = [0.0, 0.0]
    for seed in range(seeds):
        folds = StratifiedKFold(2, shuffle=True, random_state=seed).split(inputs, labels)
        for train, test in folds:
            for which, kind in enumerate((MLPClassifier, Reference)):
                model = make_pipeline(StandardScaler(), kind(random_state=seed, **settings))
                started = time.perf_counter()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    model.fit(inputs[train], labels[train])
                seconds[which] += time.perf_counter() - started
                scores[which, seed] += 0.5 * model.score(inputs[test], labels[test])
    return Comparison(
        name, len(labels), len(np.unique(labels)), scores[0], scores[1], (seconds[0], seconds[1])
    )


def table(comparisons: list[Comparison]) -> str:
    """The comparisons in Markdown."""
    rows = [
        "| data set | rows | classes | digitnet | scikit-learn | difference | training time |",
        "|---|---|---|---|---|---|---|",
    ]
    for c in comparisons:
        cells = [
            c.name,
            f"{c.rows:,}",
            f"{c.classes}",
            f"{100 * c.ours.mean():.2f} %",
            f"{100 * c.theirs.mean():.2f} %",
            f"{100 * c.difference:+.2f} ± {100 * c.error:.2f}",
            f"{c.seconds[0] / c.seconds[1]:.2f}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def page(comparisons: list[Comparison]) -> str:
    """The whole page: what was done, the table, and on what machine."""
    seeds = len(comparisons[0].ours)
    behind = [c.name for c in comparisons if not c.keeps_up]
    verdict = (
        f"Behind scikit-learn by more than the noise: {', '.join(behind)}."
        if behind
        else f"On none of them is digitnet behind by more than the noise of {seeds} seeds."
    )
    return f"""# Comparison with scikit-learn

`digitnet.MLPClassifier` and `sklearn.neural_network.MLPClassifier`, both with their default settings, which
are the same, on scikit-learn's toy data sets. Inputs are standardised. Each of {seeds} seeds cuts the rows
into halves; each half is learned once and tested on once; and the seed is the `random_state` of both.
{verdict}

{table(comparisons)}

Accuracy is the mean over the seeds. The difference is in percentage points, digitnet minus scikit-learn,
with the standard error of the mean of the {seeds} paired differences: where the two are equally good, it lies
within {student(seeds):.1f} standard errors of zero in 95 of 100 cases. Training time is digitnet's as a share
of scikit-learn's.

Measured on {date.today().isoformat()} with {_machine()}, by
`python scripts/compare_classifiers.py`.
"""


def _machine() -> str:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text("utf-8").splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return (
        f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}"
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=PAGE,
    show_default="docs/guide/classifier_comparison.md",
    help="The page, in Markdown.",
)
def main(output: Path) -> None:
    """Measure both classifiers on every data set and write the page of the documentation.

    Takes two or three minutes.
    """
    comparisons = []
    for name in DATA_SETS:
        comparisons.append(compare(name))
        click.echo(table(comparisons).splitlines()[-1])
    output.write_text(page(comparisons), "utf-8")
    click.echo(f"Wrote {output}")


if __name__ == "__main__":
    main()
