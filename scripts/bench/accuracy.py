"""Time to accuracy: seconds from arrays in memory to a network that reads so much of MNIST's test split."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.contest import Entry, Results, compete
from bench.results import Curves, Goal, Part, Table
from bench.settings import Settings
from digitnet.data import Deformation
from digitnet.recipes import RECIPES, Recipe

OURS, TWIN = "digitnet", "PyTorch, the same recipe"
TEXTBOOK, SKLEARN = "PyTorch, textbook", "scikit-learn, default"
#: Epochs after which the others are given up.
TEXTBOOK_EPOCHS, SKLEARN_EPOCHS = 15, 15
ALL_GOALS = (0.97, 0.98, 0.985, 0.99)


@dataclass(frozen=True)
class Plan:
    """A recipe, and the test accuracies to which its time is taken.

    Attributes:
        name: for the table.
        goals: accuracies.
        recipe: name of a recipe.
        changes: of its fields.
        seeds: at most so many, since it takes long; None for as many as asked for.
    """

    name: str
    goals: tuple[float, ...]
    recipe: str = "fast"
    changes: dict[str, Any] = field(default_factory=dict)
    seeds: int | None = None

    def made(self) -> Recipe:
        """The recipe with its changes."""
        return replace(RECIPES[self.recipe], **self.changes)


#: The one place where goals are given their recipes, by what they reached on 10,000 pictures held out from
#: the training split: wider and longer for 98.5 %, deformed anew for 99 %.
PLANS = (
    Plan("`fast`", (0.97, 0.98)),
    Plan(
        "`fast`, wider and longer",
        (0.985,),
        changes={
            "hidden": (768,),
            "epochs": 6,
            "batch_size": 256,
            "label_smoothing": 0.15,
            "weight_decay": 0.05,
        },
    ),
    Plan(
        "`fast`, deformed",
        (0.99,),
        changes={
            "hidden": (512, 256),
            "epochs": 24,
            "batch_size": 512,
            "learning_rate": 4e-3,
            "warmup": 0.25,
            "beta2": 0.98,
            "label_smoothing": 0.0,
            "deformation": Deformation(),
            "components": None,
        },
        seeds=3,
    ),
)

TEXT = """\
Seconds from MNIST's pictures as bytes in memory to a network that reads so much of the test split. The
clock runs while inputs are made of the bytes, principal components are found, and the network is built and
trained; it stands while libraries are imported, files are read, and the network is looked at, which happens
after every epoch. What is looked at is what would be kept if training ended there: the average of the
weights where the recipe has one. Each contestant has trained on 4,096 rows before, so that its library is
awake; each run begins with fresh weights.

The test split serves to tell the time and for nothing else: no run is steered by it, and recipes were
chosen on pictures held out from the training split, but for the width and the peak rate of the one for 99
%, which had been looked at on the test split before. digitnet trains as `scripts/train.py --recipe` does,
on one process, or on two where the run is long enough (for 99 %), with its pictures held out and looked at
after every epoch, on the clock; PyTorch with the same recipe gets the same widths, spread of first
weights, batches, optimiser (fused), schedule, weight decay, average, label smoothing and principal
components (by the fastest of its ways), holds out the same pictures, and need not look at them. Deformed
pictures it gets from digitnet. PyTorch's textbook is 784-512-256-10, batch {batch}, Adam at a constant
1e-3, given up after {textbook} epochs; scikit-learn is `MLPClassifier()` as it comes, given up after
{sklearn}.

{threads} threads; digitnet and its twin train with {seeds} seeds in turns, A B A B (with fewer where the
table says so), the others with {slow}. A seed that did not make it counts as endless in the median, so
there is none where fewer than half made it."""


def measure(settings: Settings, plans: Sequence[Plan] = PLANS) -> Part:
    """Train with all seeds; each plan is a contest, and the slow contestants are part of the first."""
    contests = []
    for number, plan in enumerate(plans[:1] if settings.quick else plans):
        recipe = replace(plan.made(), epochs=1) if settings.quick else plan.made()
        seeds = _seeds(settings, plan)
        entries = _entries(plan, recipe, settings, seeds, with_slow=number == 0)
        contests.append((plan, recipe, compete(entries, turns=seeds, warm_up=0, say=settings.say)))
    return report(contests, settings)


def _seeds(settings: Settings, plan: Plan) -> int:
    if settings.quick:
        return 1
    return min(settings.seeds, plan.seeds or settings.seeds)


def _entries(plan: Plan, recipe: Recipe, settings: Settings, seeds: int, with_slow: bool) -> dict[str, Entry]:
    threads = settings.threads
    here = {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    common = {"mnist": str(settings.mnist) if settings.mnist else None, "goals": plan.goals, "seeds": seeds}
    slow = common | {"goals": ALL_GOALS, "seeds": min(seeds, settings.slow_seeds)}
    limits = (1, 1) if settings.quick else (TEXTBOOK_EPOCHS, SKLEARN_EPOCHS)

    def entry(function: str, *needs: str, given: dict[str, Any] = common, **arguments: object) -> Entry:
        return Entry(f"bench.accuracy_peers:{function}", given | arguments, needs, here)

    entries = {
        OURS: entry("digitnet_run", "threadpoolctl", threads=threads, recipe=recipe),
        TWIN: entry("torch_recipe", "torch", threads=threads, recipe=recipe),
    }
    if with_slow:
        entries[TEXTBOOK] = entry("torch_textbook", "torch", given=slow, threads=threads, epochs=limits[0])
        entries[SKLEARN] = entry("sklearn_default", "sklearn", given=slow, epochs=limits[1])
    return entries


def report(contests: Sequence[tuple[Plan, Recipe, Results]], settings: Settings) -> Part:
    """The part of what was measured: each turn is a run, with seconds by goal."""
    text = TEXT.format(
        batch=128,
        textbook=TEXTBOOK_EPOCHS,
        sklearn=SKLEARN_EPOCHS,
        threads=settings.threads,
        seeds=settings.seeds,
        slow=settings.slow_seeds,
    )
    part = Part("Time to accuracy", text)
    first = contests[0][2]
    rows, times = [], {}
    for plan, recipe, results in contests:
        part.left_out |= results.left_out
        if OURS not in results.turns:
            raise RuntimeError(f"digitnet could not be measured: {results.left_out[OURS]}")
        for goal in plan.goals:
            for name in (OURS, TWIN, TEXTBOOK, SKLEARN):
                source = first if name in (TEXTBOOK, SKLEARN) else results
                if name not in source.turns:
                    continue
                runs = seconds(source.turns[name], goal)
                if name in (TEXTBOOK, SKLEARN):
                    runs = runs[: settings.slow_seeds]
                times[goal, name] = runs
                how = _described(plan, recipe) if name in (OURS, TWIN) else ""
                rows.append([f"{100 * goal:g} %", name, how, *_cells(runs)])
    columns = ["test accuracy", "who", "recipe", "median", "range", "made it"]
    part.tables.append(Table("Seconds to a test accuracy", columns, rows))
    part.goals += _goals(times)
    part.losses += _losses(times)
    part.curves.append(
        Curves(
            "Time to accuracy",
            "of the test split read right, %",
            "seconds",
            {
                name: [
                    (100 * goal, median(runs))
                    for (goal, who), runs in times.items()
                    if who == name and not math.isnan(median(runs))
                ]
                for name in (OURS, TWIN, TEXTBOOK, SKLEARN)
            },
            log_y=True,
        )
    )
    return part


def seconds(runs: Sequence[dict[str, float]], goal: float) -> list[float]:
    """Seconds of each run to a goal, infinite for those that did not get there.

    >>> seconds([{"0.97": 1.5}, {}], 0.97)
    [1.5, inf]
    """
    return [float(run.get(str(goal), math.inf)) for run in runs]


def median(runs: Sequence[float]) -> float:
    """The median of all runs, NaN if fewer than half made it: a run that fails is no fast run.

    >>> median([1.0, 2.0, math.inf]), median([1.0, math.inf, math.inf])
    (2.0, nan)
    """
    middle = statistics.median(runs) if runs else math.nan
    return middle if math.isfinite(middle) else math.nan


def _cells(runs: Sequence[float]) -> list[str]:
    made = [run for run in runs if math.isfinite(run)]
    middle = median(runs)
    return [
        "–" if math.isnan(middle) else f"{middle:.2f} s",
        f"{min(made):.2f} to {max(made):.2f} s" if made else "–",
        f"{len(made)} of {len(runs)}",
    ]


def _described(plan: Plan, recipe: Recipe) -> str:
    widths = "-".join(map(str, (784, *recipe.hidden, 10)))
    components = f", {recipe.components} components" if recipe.components else ""
    return f"{plan.name}: {widths}{components}, batch {recipe.batch_size}, {recipe.epochs} epochs"


def _goals(times: dict[tuple[float, str], list[float]]) -> list[Goal]:
    def of(goal: float, name: str) -> float:
        return median(times.get((goal, name), []))

    ours = of(0.98, OURS)
    textbook, twin, further = of(0.98, TEXTBOOK) / ours, of(0.98, TWIN) / ours, of(0.985, OURS) / ours
    return [
        Goal("time to 98 %: that of PyTorch's textbook over digitnet's", textbook, 10.0, unit="×"),
        Goal("time to 98 %: that of PyTorch with the same recipe over digitnet's", twin, 1.25, unit="×"),
        Goal("time to 98.5 % over that to 98 %", further, 4.0, at_least=False, unit="×"),
    ]


def _losses(times: dict[tuple[float, str], list[float]]) -> list[str]:
    found = []
    for (goal, name), runs in times.items():
        ours, theirs = median(times[goal, OURS]), median(runs)
        if name == OURS and math.isnan(ours):
            found.append(f"Time to {100 * goal:g} %: most seeds of digitnet did not get there.")
        if name != OURS and theirs < ours:
            found.append(f"Time to {100 * goal:g} %: {ours:.2f} s, where {name} takes {theirs:.2f} s.")
    return found
