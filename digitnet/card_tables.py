"""The sections of a model card that show measurements, as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def percent(share: float, places: int = 2) -> str:
    """A share in [0, 1] as a percentage.

    >>> percent(0.9871)
    '98.71 %'
    """
    return f"{100 * share:.{places}f} %"


def mistakes(report: dict[str, Any]) -> Iterator[str]:
    """What was taken for what."""
    digits = report["errors_by_digit"]
    yield table(("errors by digit", *digits), [("", *(str(count) for count in digits.values()))])
    yield ""
    rows = [
        (f"**{written}**", *(str(count) if count else "" for count in counts))
        for written, counts in enumerate(report["confusion"])
    ]
    yield table(("written ↓ read as →", *digits), rows)
    yield ""


def confidence(report: dict[str, Any]) -> Iterator[str]:
    """The reliability diagram and the rejection curve, as numbers."""
    bins = report["reliability"]
    yield "## Confidence"
    yield ""
    yield "How often answers are right, in bins of equal mass by rising confidence:"
    yield ""
    yield table(
        ("mean confidence", *(percent(row["confidence"]) for row in bins)),
        [("right", *(percent(row["accuracy"]) for row in bins))],
    )
    yield ""
    yield "What is wrong if only the surest answers are kept:"
    yield ""
    points = report["rejection_curve"]
    yield table(
        ("share kept", *(percent(point["coverage"], 1) for point in points)),
        [
            ("errors", *(str(point["errors"]) for point in points)),
            ("from a confidence of", *(f"{point['threshold']:.3f}" for point in points)),
        ],
    )
    yield ""


def corrupted(measured: dict[str, Any]) -> Iterator[str]:
    """Robustness: the network alone, and the whole way."""
    yield "## Spoilt pictures"
    yield ""
    yield (
        f"{measured['pictures']:,} test pictures, spoilt in the fifteen ways of MNIST-C (Mu & Gilmer 2019; "
        "implemented anew, see `digitnet/corruptions/`) and two more: given to the network as they are, and "
        "sent the whole way as a PNG file."
    )
    yield ""
    rows = {**measured["rows"], "mean of the fifteen": measured["mean_of_mnist_c"]}
    yield table(
        ("corruption", "network: right", "whole way: right", "accepted", "wrong though accepted"),
        [
            (
                name,
                percent(row["network"]["accuracy"], 1),
                percent(row["whole_way"]["accuracy"], 1),
                percent(row["whole_way"]["accepted"], 1),
                percent(row["whole_way"]["errors_accepted"], 1),
            )
            for name, row in rows.items()
        ],
    )
    yield ""


def images(measured: dict[str, Any]) -> Iterator[str]:
    """Folders of labelled pictures: numbers, non-digits and how well confidence tells them apart."""
    yield "## Other people's pictures"
    yield ""
    yield "Image files that have nothing to do with the data set, sent the whole way."
    yield ""
    if measured["numbers"]:
        rows = []
        for group, scores in measured["groups"].items():
            named = scores["sources"].items()
            rows += [(f"{group}: {source}", *_number_cells(row)) for source, row in named]
            rows.append((f"{group}: mean over sources", *_number_cells(scores["mean_over_sources"])))
            rows.append((f"{group}: all", *_number_cells(scores["all"])))
        yield table(
            (
                "pictures of digits",
                "pictures",
                "number exact",
                "digits right",
                "accepted",
                "wrong though accepted",
            ),
            rows,
        )
        yield ""
    if others := measured["non_digits"]:
        named = {**others["sources"], "mean over sources": others["mean_over_sources"], "all": others["all"]}
        yield table(
            ("non-digits", "pictures", "accepted"),
            [
                (source, str(row.get("pictures", "")), percent(row["accepted"], 1))
                for source, row in named.items()
            ],
        )
        yield ""
    yield from _apart(measured["confidence"] or {})


def _apart(figures: dict[str, Any]) -> Iterator[str]:
    sentences = []
    if "auroc" in figures:
        sentences.append(
            f"Confidence tells {figures['digits']:,} pictures of a digit from {figures['non_digits']:,} "
            f"non-digits with an AUROC of {figures['auroc']:.3f}."
        )
    if "auroc_test_split" in figures:
        sentences.append(f"Against the test split it is {figures['auroc_test_split']:.3f}.")
    if "auroc" in figures:
        sentences.append(
            f"Where {percent(figures['digits_that_may_be_rejected'], 0)} of the digits may be rejected, "
            f"{percent(figures['rejected'], 1)} of the non-digits are (mean over sources "
            f"{percent(figures['rejected_mean_over_sources'], 1)}); as the model is set up, "
            f"{percent(figures['rejected_as_set_up'], 1)} are, and "
            f"{percent(figures['digits_rejected_as_set_up'], 1)} of the digits."
        )
    if sentences:
        yield " ".join(sentences)
        yield ""


def _number_cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(row.get("pictures", "")),
        percent(row["exact"], 1),
        percent(row["digit_accuracy"], 1),
        percent(row["accepted"], 1),
        str(row.get("errors_accepted", "")),
    )


def image_files(rows: dict[str, Any]) -> Iterator[str]:
    """Test pictures as files of several kinds."""
    if not rows:
        return
    yield "## The whole way, from image file to answer"
    yield ""
    yield table(
        ("test pictures sent as", "right", "accepted", "pictures"),
        [
            (name, percent(row["accuracy"]), percent(row["accepted"]), str(row["pictures"]))
            for name, row in rows.items()
        ],
    )
    yield ""
