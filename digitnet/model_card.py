"""The card of a model: what it is, how it was made and what it can do, in Markdown for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from digitnet.model_file import Model


def render_card(model: Model, report: dict[str, Any]) -> str:
    """The card of ``model``.

    Args:
        model: as it was read from its file.
        report: what ``scripts/evaluate.py --json`` prints for it.
    """
    provenance, low_high = model.provenance, report["error_interval_95"]
    recipe = provenance.get("recipe", {})
    rows = [
        ("SHA-256", f"`{model.checksum}`"),
        ("version", f"`{model.version}`"),
        ("network", " → ".join(str(width) for width in _widths(model))),
        ("parameters", f"{model.network.parameters.size:,}"),
        (
            "input",
            f"{model.geometry.size}×{model.geometry.size} pixels, the digit in a box of {model.geometry.box}",
        ),
        ("trained on", provenance.get("training", "")),
        ("validated on", provenance.get("validation", "")),
        ("seed, epochs", f"{provenance.get('seed')}, {provenance.get('epochs')}"),
        ("recipe", f"`{json.dumps(recipe)}`"),
        ("licence", "MIT"),
    ]
    figures = [
        ("accuracy on the test split", f"{100 * report['accuracy']:.2f} %"),
        ("errors", f"{report['errors']} of {report['pictures']:,}"),
        ("error rate, 95 % interval", f"{100 * low_high[0]:.2f} to {100 * low_high[1]:.2f} %"),
        ("expected calibration error (15 equal-mass bins)", f"{100 * report['calibration_error']:.2f} %"),
        ("temperature", f"{model.temperature:.3f}"),
        ("accepted from a confidence of", f"{model.rejection_threshold:.3f}"),
        ("accepted", f"{100 * report['accepted']:.2f} %"),
        ("errors among the accepted", str(report["errors_accepted"])),
        ("accuracy on the validation split", f"{100 * model.metrics.get('validation_accuracy', 0):.2f} %"),
    ]
    if "shuffled_test_accuracy" in model.metrics:
        figures.append(
            (
                "for comparison: a twin trained and tested on shuffled data, the same writers on both sides",
                f"{100 * model.metrics['shuffled_test_accuracy']:.2f} % (recorded when it was trained)",
            )
        )
    doors = [
        (name, f"{100 * row['accuracy']:.2f} %", f"{100 * row['accepted']:.2f} %", str(row["pictures"]))
        for name, row in report["as_image_files"].items()
    ]
    digits = report["errors_by_digit"]
    return "\n".join(
        [
            f"# {model.name}",
            "",
            f"Reads handwritten digits. {provenance.get('description', '')}",
            "",
            _table(("", ""), rows),
            "",
            "## Measured",
            "",
            f"Data: {report['data']}",
            "",
            f"Test split: {report['split']}",
            "",
            _table(("", ""), figures),
            "",
            _table(("errors by digit", *digits), [("", *(str(count) for count in digits.values()))]),
            "",
            "## The whole way, from image file to answer",
            "",
            _table(("test pictures sent as", "right", "accepted", "pictures"), doors),
            "",
            f"Measured by `scripts/evaluate.py` on {report['date']} ({report['machine']}, digitnet "
            f"{report['digitnet']}).",
            "",
            "## Limits",
            "",
            "One line of separate digits on plain ground. Letters and other signs are taken for digits more "
            "often than they are marked as not sure; do not use it where a wrong digit does harm.",
            "",
        ]
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _widths(model: Model) -> list[int]:
    shapes = [array.shape for name, array in model.network.named_arrays().items() if name.endswith("weight")]
    return [shapes[0][0], *(shape[1] for shape in shapes)]
