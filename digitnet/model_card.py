"""The card of a model: what it is, how it was made and what it can do, in Markdown for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from digitnet import card_tables as tables
from digitnet.card_tables import percent, table
from digitnet.model_file import Model


def render_card(model: Model, report: dict[str, Any]) -> str:
    """The card of ``model``.

    Args:
        model: as it was read from its file. Where ``model.metrics["seeds"]`` holds the error rates, in
            [0, 1], that training runs with other seeds had on the test split at their last epoch, their
            mean and standard deviation are shown.
        report: what ``scripts/evaluate.py --json`` prints for it, the test split included.
    """
    return "\n".join(_lines(model, report))


def _lines(model: Model, report: dict[str, Any]) -> Iterator[str]:
    yield f"# {model.name}"
    yield ""
    yield f"Reads handwritten digits. {model.provenance.get('description', '')}"
    yield ""
    yield table(("", ""), _identity(model))
    yield ""
    yield "## Measured"
    yield ""
    yield f"Data: {report['data']}"
    yield ""
    yield f"Test split: {report['split']}"
    yield ""
    yield table(("", ""), _figures(model, report))
    yield ""
    yield from tables.mistakes(report)
    yield from tables.confidence(report)
    if report["corrupted"]:
        yield from tables.corrupted(report["corrupted"])
    if report.get("images"):
        yield from tables.images(report["images"])
    yield from tables.image_files(report["as_image_files"])
    yield (
        f"Measured by `scripts/evaluate.py` on {report['date']} ({report['machine']}, digitnet "
        f"{report['digitnet']})."
    )
    yield ""
    yield "## Limits"
    yield ""
    yield _limits(report)
    yield ""


def _identity(model: Model) -> list[tuple[str, ...]]:
    provenance, geometry = model.provenance, model.geometry
    shapes = [array.shape for name, array in model.network.named_arrays().items() if name.endswith("weight")]
    widths = [shape[0] for shape in shapes if len(shape) == 2] + [model.network.out_features]
    return [
        ("SHA-256", f"`{model.checksum}`"),
        ("version", f"`{model.version}`"),
        ("network", " → ".join(str(width) for width in widths)),
        ("parameters", f"{model.network.parameters.size:,}"),
        ("input", f"{geometry.size}×{geometry.size} pixels, the digit in a box of {geometry.box}"),
        ("trained on", provenance.get("training", "")),
        *_beside(provenance.get("recipe", {})),
        *(("then on", _refined(made)) for made in provenance.get("refined", [])),
        ("validated on", provenance.get("validation", "")),
        ("seed, epochs", f"{provenance.get('seed')}, {provenance.get('epochs')}"),
        ("recipe", f"`{json.dumps(provenance.get('recipe', {}))}`"),
        ("licence", "MIT"),
    ]


def _beside(recipe: dict[str, Any]) -> list[tuple[str, str]]:
    """What else was trained on, if anything."""
    if not (recipe.get("written") or recipe.get("non_digits")):
        return []
    return [
        (
            "and on",
            f"{recipe['written']:,} pictures of other handwriting (drawn stroke by stroke, handwriting "
            "fonts, the training half of scikit-learn's digits, and MNIST's with another pen or bits of "
            f"neighbours) and {recipe['non_digits']:,} of what is no digit (letters and signs of the fonts, "
            "scribbles, and digits cut, joined and turned)",
        )
    ]


def _refined(made: dict[str, Any]) -> str:
    return (
        f"{made['corrections'] - made['held_out']:,} corrections for {made['epochs']} epochs, among "
        f"{made['replayed']:,} pictures of what it knew as version `{made['base']}` (SHA-256 of the "
        f"corrections, {made['held_out']:,} held out among them: `{made['checksum'][:12]}…`)"
    )


def _figures(model: Model, report: dict[str, Any]) -> list[tuple[str, ...]]:
    low, high = report["error_interval_95"]
    averaged, metrics = report["averaged"], model.metrics
    rows: list[tuple[str, ...]] = [
        ("accuracy on the test split", percent(report["accuracy"])),
        ("errors", f"{report['errors']} of {report['pictures']:,}"),
        ("error rate, 95 % interval", f"{100 * low:.2f} to {percent(high)}"),
        (
            f"for comparison: the mean answer to {averaged['views']} mild deformations of each picture",
            f"{percent(averaged['accuracy'])}, {averaged['errors']} errors",
        ),
        ("expected calibration error (15 equal-mass bins)", percent(report["calibration_error"])),
        ("temperature", f"{model.temperature:.3f}"),
        ("accepted from a confidence of", f"{model.rejection_threshold:.3f}"),
        ("accepted", percent(report["accepted"])),
        ("errors among the accepted", str(report["errors_accepted"])),
        ("area under the rejection curve", percent(report["aurc"], 4)),
        ("accuracy on the validation split", percent(metrics.get("validation_accuracy", 0.0))),
    ]
    if "shuffled_test_accuracy" in metrics:
        rows.append(
            (
                "for comparison: a twin trained and tested on shuffled data, the same writers on both sides",
                f"{percent(metrics['shuffled_test_accuracy'])} (recorded when it was trained)",
            )
        )
    if "signs_rejected" in metrics:
        rows += [
            (
                "other hands, not trained on (held-out fonts, scikit-learn's digits, drawn strokes): right",
                percent(metrics["handwriting_accuracy"]),
            ),
            ("accepted of them", percent(metrics["handwriting_accepted"])),
            ("letters and scribbles, not trained on: rejected", percent(metrics["signs_rejected"])),
            ("how well confidence tells the two apart (AUROC)", f"{metrics['signs_auroc']:.4f}"),
        ]
    if seeds := metrics.get("seeds"):
        spread = f" ± {percent(float(np.std(seeds, ddof=1)), 3)}" if len(seeds) > 1 else ""
        rows.append(
            (
                f"error rate at the last epoch with each of {len(seeds)} seeds: mean ± standard deviation",
                f"{100 * float(np.mean(seeds)):.3f}{spread or ' %'} (recorded when they were trained)",
            )
        )
    return rows


def _limits(report: dict[str, Any]) -> str:
    text = (
        "Reads the digits 0 to 9 and nothing else: points, commas, dashes and signs are left out of the "
        "text or taken for digits. "
    )
    images = report.get("images") or {}
    if others := images.get("non_digits"):
        taken = others["all"]
        text += (
            f"Of {taken['pictures']:,} pictures that show no digit, {percent(taken['accepted'], 1)} are "
            "accepted as one. "
        )
    else:
        text += "How often it takes letters and other signs for digits was not measured here. "
    if report["corrupted"]:
        rows = report["corrupted"]["rows"]
        worst = min(rows, key=lambda name: rows[name]["whole_way"]["accuracy"])
        row = rows[worst]["whole_way"]
        text += (
            f"Of the corruptions tried, it copes worst with {worst}: {percent(row['accuracy'], 1)} right, "
            f"and {percent(row['errors_accepted'], 1)} wrong though accepted. "
        )
    return text + (
        "A confidence is calibrated for pictures like those of its data set; of other pens and cameras it "
        "tells the surer from the less sure. Do not use it where a wrong digit does harm."
    )
