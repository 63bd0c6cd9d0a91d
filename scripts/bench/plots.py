"""The benchmark's curves as small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.results import Curves

#: Everybody has one colour in all pictures: digitnet the strongest, floors grey and dashed.
COLOURS = {
    "digitnet": "#c2410c",
    "PyTorch": "#2563eb",
    "scikit-learn": "#15803d",
    "ONNX Runtime": "#7c3aed",
    "FastAPI": "#0f766e",
}
OTHERS = ("#a16207", "#be185d", "#4d7c0f", "#1e40af")
MARKERS = "os^Dv<>P"


def draw(curves: Curves, path: Path) -> None:
    """Draw curves into a PNG of some 30 kB."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    others, used = iter(OTHERS * 4), {}
    for number, (name, points) in enumerate(curves.series.items()):
        x, y = zip(*points, strict=True) if points else ((), ())
        style: dict[str, Any] = {"marker": MARKERS[number % len(MARKERS)], "markersize": 5}
        if name.startswith("floor"):
            style = {"color": "#6b7280", "linestyle": ":", "linewidth": 1.5}
        else:
            known = next((key for key in COLOURS if name.startswith(key)), None)
            style["color"] = COLOURS[known] if known else next(others)
            # The second of one family has the same colour and another line.
            count = used.setdefault(known, 0) if known else 0
            style["linestyle"] = ("-", "--", "-.", (0, (1, 1)))[count % 4]
            if known:
                used[known] = count + 1
            style["linewidth"] = 2.2 if name == "digitnet" else 1.4
        axes.plot(x, y, label=name, **style)
    ticks = sorted({x for points in curves.series.values() for x, _ in points})
    for log, scale in ((curves.log_x, axes.set_xscale), (curves.log_y, axes.set_yscale)):
        if log:
            scale("log")
    if curves.log_x and 0 < len(ticks) <= 9:
        axes.set_xticks(_apart(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
    if curves.log_y:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    for log, axis in ((curves.log_x, axes.xaxis), (curves.log_y, axes.yaxis)):
        if log:
            axis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
    axes.set(title=curves.title, xlabel=curves.x_label, ylabel=curves.y_label)
    axes.grid(alpha=0.3, which="both")
    axes.spines[["top", "right"]].set_visible(False)
    if curves.series:
        axes.legend(fontsize=8, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No date or version in it: the same figures give the same file.
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _number(value: float) -> str:
    """A number on an axis.

    >>> _number(2e6), _number(0.05)
    ('2,000,000', '0.05')
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def _apart(ticks: Sequence[float]) -> list[float]:
    """Ticks of a logarithmic axis that do not write over each other.

    >>> _apart([10, 11, 100])
    [10, 100]
    """
    kept = [ticks[0]]
    wide = ticks[-1] / ticks[0]
    for tick in ticks[1:]:
        if tick / kept[-1] >= wide**0.06:
            kept.append(tick)
    return kept
