"""Draw what each ingredient of training does: one picture for each experiment, as the guide shows them."""

from __future__ import annotations

from pathlib import Path

import click
import ingredients_fit as fit
import ingredients_speed as speed
import matplotlib as mpl
import numpy as np
from ingredients_lab import Curves, Dots, Experiment
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

#: The experiments by the names of their pictures, in the order of the guide.
EXPERIMENTS = {
    "learning_rate": speed.learning_rate,
    "learning_rate_decay": speed.learning_rate_decay,
    "mini_batches": speed.mini_batches,
    "momentum": speed.momentum,
    "bias": fit.bias,
    "layer_sizes": fit.layer_sizes,
    "initialisation": speed.initialisation,
    "batch_normalisation": speed.batch_normalisation,
    "delta_trimming": speed.delta_trimming,
    "l1": fit.l1,
    "l2": fit.l2,
    "dropout": fit.dropout,
}
# Okabe and Ito's colours, which people with any kind of colour vision tell apart, and a dash for each.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]
DASHES = ["-", "--", "-.", ":"]
MARKERS = ["o", "s", "^", "D"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder.")
@click.option("--only", type=click.Choice(list(EXPERIMENTS)), multiple=True, help="Draw this one.")
def main(out: Path, only: tuple[str, ...]) -> None:
    """Draw what each ingredient of training does, a picture for each experiment (half a minute)."""
    out.mkdir(parents=True, exist_ok=True)
    for name in only or EXPERIMENTS:
        path = out / f"{name}.png"
        draw(EXPERIMENTS[name]()).savefig(path, dpi=120)
        click.echo(path)


def draw(experiment: Experiment) -> Figure:
    """The panels of an experiment side by side."""
    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False, "font.size": 11}):
        figure = Figure(figsize=(7.2 if len(experiment.panels) == 1 else 10.5, 4.0), layout="constrained")
        figure.suptitle(experiment.title, fontsize=13)
        for axes, panel in zip(
            np.ravel(figure.subplots(1, len(experiment.panels))), experiment.panels, strict=True
        ):
            axes.set_title(panel.title, fontsize=11)
            axes.set_ylabel(panel.y_label)
            axes.grid(visible=True, alpha=0.3, linewidth=0.6)
            draw_curves(axes, panel) if isinstance(panel, Curves) else draw_dots(axes, panel)
        return figure


def draw_curves(axes: Axes, panel: Curves) -> None:
    """Thin lines for the seeds, a thick one for their median, its label where there is room."""
    few = len(panel.x) < 30
    for (label, rows), color, dash, marker in zip(panel.lines.items(), COLORS, DASHES, MARKERS, strict=False):
        shown = rows if panel.top is None else np.minimum(rows, 10 * panel.top)
        for row in shown if len(shown) > 1 else ():
            axes.plot(panel.x, row, color=color, alpha=0.3, linewidth=0.9)
        axes.plot(
            panel.x,
            np.median(shown, axis=0),
            dash,
            color=color,
            linewidth=2.2 if len(rows) > 1 else 1.2,
            label=label,
            marker=marker if few and len(shown) > 1 else None,
            markersize=5,
        )
    axes.set_xlabel(panel.x_label)
    if panel.log_y:
        axes.set_yscale("log")
    if panel.log_x:
        axes.set_xscale("log")
        axes.set_xticks(panel.x, panel.x_names or [f"{value:g}" for value in panel.x])
        axes.set_xticks([], minor=True)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if panel.top is not None:
        axes.set_ylim(top=panel.top)
    if len(panel.lines) > 1:
        columns = 3 if len("".join(panel.lines)) < 45 else 2
        handles = axes.get_legend_handles_labels()
        axes.figure.legend(*handles, loc="outside lower center", ncols=columns, frameon=False)


def draw_dots(axes: Axes, panel: Dots) -> None:
    """A dot a seed and a bar at their mean."""
    for place, (values, color) in enumerate(zip(panel.values.values(), COLORS, strict=False)):
        axes.plot(place + np.linspace(-0.12, 0.12, len(values)), values, "o", color=color, markersize=7)
        axes.hlines(values.mean(), place - 0.3, place + 0.3, color=color, linewidth=2.2)
    axes.set_xticks(range(len(panel.values)), panel.values)
    axes.set_xlim(-0.6, len(panel.values) - 0.4)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


if __name__ == "__main__":
    main()
