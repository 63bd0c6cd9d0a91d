"""A report in lines for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from digitnet.card_tables import percent

if TYPE_CHECKING:  # what measures a model need not load all that trains one
    from digitnet.fitting import Fit
    from digitnet.model_file import Model
    from digitnet.refinement import Refinement


def report_lines(report: dict[str, Any]) -> list[str]:
    """The figures of a report (see :mod:`digitnet.report`) that fit on a screen."""
    name = "{name} {version}".format(**report["model"])
    lines = []
    if "accuracy" in report:
        lines += [f"{name} on {report['dataset']}: {report['split']}", *_test_split(report)]
    if images := report.get("images"):
        lines += [f"{name} on labelled pictures:", *_images(images)]
    return lines


def training_lines(model: Model, run: Fit) -> list[str]:
    """What a training run came to; ``model`` is the run's with its test figures among the metrics."""
    metrics = model.metrics
    ending = "interrupted" if run.interrupted else "stopped early" if run.stopped_early else "complete"
    seconds = sum(report.seconds for report in run.history)
    grouped = "shuffled_test_accuracy" in metrics
    rows = [
        ("validation accuracy", metrics["validation_accuracy"], ""),
        ("test accuracy", metrics["test_accuracy"], "   (strange writers: the honest figure)" * grouped),
    ]
    if grouped:
        remark = "   (a twin on shuffled data: the same writers on both sides)"
        rows.append(("test accuracy", metrics["shuffled_test_accuracy"], remark))
    if "signs_rejected" in metrics:
        rows.append(("other hands: right", metrics["handwriting_accuracy"], ""))
        rows.append(("  accepted of them", metrics["handwriting_accepted"], ""))
        rows.append(("letters: rejected", metrics["signs_rejected"], ""))
    return [
        f"Training {ending} after {len(run.history)} epochs, {seconds:.1f} s.",
        f"  parameters            {model.network.parameters.size:>9,}",
        *(f"  {name:<21} {100 * share:>8.2f} %{remark}" for name, share, remark in rows),
        f"  temperature           {model.temperature:>8.2f}",
        f"  sure from confidence  {model.rejection_threshold:>8.2f}",
    ]


def refinement_lines(base: Model, refined: Refinement) -> list[str]:
    """What a model has learnt from corrections, before and after, with a warning where it forgot."""
    before, after, model = refined.before, refined.after, refined.model
    seconds = sum(report.seconds for report in refined.history)
    shares = [
        ("test accuracy", before.test, after.test),
        (f"{refined.practised:,} corrections: right", before.practised, after.practised),
    ]
    if before.held_out is not None and after.held_out is not None:
        shares.append((f"{refined.held_out:,} held out: right", before.held_out, after.held_out))
    if before.rejected is not None and after.rejected is not None:
        shares.append(("no digits: rejected", before.rejected, after.rejected))
    lines = [
        f"Learning from corrections {'interrupted' if refined.interrupted else 'complete'} after "
        f"{len(refined.history)} epochs, {seconds:.1f} s.",
        f"  {'':<26} {'before':>9}   {'after':>9}",
        *(f"  {name:<26} {percent(old):>9}   {percent(new):>9}" for name, old, new in shares),
        *(
            f"  {name:<26} {old:>9.2f}   {new:>9.2f}"
            for name, old, new in (
                ("temperature", base.temperature, model.temperature),
                ("sure from confidence", base.rejection_threshold, model.rejection_threshold),
            )
        ),
    ]
    if refined.forgot:
        lines.append(
            f"Warning: test accuracy fell by {100 * (before.test - after.test):.2f} points. Corrections may "
            "be wrong, or written quite unlike the test split; look at them before this model serves."
        )
    return lines


def _test_split(report: dict[str, Any]) -> Iterator[str]:
    low, high = report["error_interval_95"]
    wrong = report["errors"] - report["errors_accepted"]
    averaged = report["averaged"]
    yield (
        f"  accuracy           {percent(report['accuracy'])}  ({report['errors']} errors in "
        f"{report['pictures']:,} pictures; 95 % interval {100 * low:.2f} to {100 * high:.2f} %)"
    )
    yield (
        f"  averaged           {percent(averaged['accuracy'])}  ({averaged['errors']} errors; the mean "
        f"answer to {averaged['views']} mild deformations of each picture)"
    )
    yield f"  calibration error  {percent(report['calibration_error'])}"
    yield (
        f"  accepted           {percent(report['accepted'])}  (the rest is not sure; that catches "
        f"{wrong} of the {report['errors']} errors)"
    )
    kept = ", ".join(
        f"{point['errors']} in {100 * point['coverage']:.1f} %"
        for point in report["rejection_curve"]
        if point["coverage"] > 0.89
    )
    yield f"  errors in the surest answers: {kept}; area under the curve {100 * report['aurc']:.4f} %"
    yield from _table(
        ("as image files", "right", "accepted"),
        [
            (kind, percent(row["accuracy"]), percent(row["accepted"]))
            for kind, row in report["as_image_files"].items()
        ],
    )
    if corrupted := report["corrupted"]:
        rows = {**corrupted["rows"], "mean of MNIST-C's fifteen": corrupted["mean_of_mnist_c"]}
        yield from _table(
            ("spoilt by", "network: right", "whole way: right", "accepted", "wrong though accepted"),
            [
                (
                    kind,
                    percent(row["network"]["accuracy"]),
                    *(
                        percent(row["whole_way"][name])
                        for name in ("accuracy", "accepted", "errors_accepted")
                    ),
                )
                for kind, row in rows.items()
            ],
        )


def _images(images: dict[str, Any]) -> Iterator[str]:
    rows = []
    for group, scores in images["groups"].items():
        rows += _with_averages(group, scores, _number_cells)
    if len(images["groups"]) > 1:
        rows += _with_averages("all folders", {**images["numbers"], "sources": {}}, _number_cells)
    head = ("pictures of digits", "pictures", "exact", "digits", "accepted", "wrong though accepted")
    yield from _table(head, rows)
    if others := images["non_digits"]:
        yield from _table(
            ("non-digits", "pictures", "accepted", "nothing found"),
            _with_averages("", others, _other_cells),
        )
    yield from _confidence(images["confidence"] or {})
    yield from _left_out(images)


def _with_averages(group: str, scores: dict[str, Any], cells: Any) -> list[tuple[str, ...]]:
    named = {
        **scores["sources"],
        "mean over sources": scores["mean_over_sources"],
        "all pictures": scores["all"],
    }
    return [(f"{group}: {name}" if group else name, *cells(row)) for name, row in named.items()]


def _number_cells(row: dict[str, Any]) -> tuple[str, ...]:
    shares = (percent(row[name]) for name in ("exact", "digit_accuracy", "accepted"))
    return (str(row.get("pictures", "")), *shares, str(row.get("errors_accepted", "")))


def _other_cells(row: dict[str, Any]) -> tuple[str, ...]:
    return str(row.get("pictures", "")), percent(row["accepted"]), str(row.get("nothing_found", ""))


def _confidence(figures: dict[str, Any]) -> Iterator[str]:
    if "auroc" in figures:
        yield (
            f"  AUROC              {figures['auroc']:.4f}   (confidence of {figures['digits']:,} pictures of "
            f"a digit against {figures['non_digits']:,} non-digits)"
        )
    if "auroc_test_split" in figures:
        yield f"  AUROC              {figures['auroc_test_split']:.4f}   (the test split against non-digits)"
    if "auroc" in figures:
        yield (
            f"  rejected           {percent(figures['rejected'])}  of the non-digits (mean over sources "
            f"{percent(figures['rejected_mean_over_sources'])}) where "
            f"{100 * figures['digits_that_may_be_rejected']:g} % of the digits may be: below "
            f"{figures['threshold']:.3f}"
        )
        yield (
            f"  as the model is    {percent(figures['rejected_as_set_up'])}  of the non-digits and "
            f"{percent(figures['digits_rejected_as_set_up'])} of the digits"
        )


def _left_out(images: dict[str, Any], most: int = 20) -> Iterator[str]:
    """The files that no figure includes, by name."""
    kinds = (
        ("that could not be read", [f"{row['file']}: {row['error']}" for row in images["unreadable"]]),
        ("without a label, neither their folder's name nor their own", images["unlabelled"]),
        ("whose ending is not that of a picture", images["not_images"]),
    )
    for what, files in kinds:
        if files:
            yield f"  left out: {len(files):,} {'file' if len(files) == 1 else 'files'} {what}"
            yield from (f"    {file}" for file in files[:most])
            if len(files) > most:
                yield f"    and {len(files) - most:,} more; --json names them all"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Columns side by side, the first to the left and the others to the right; nothing without rows."""
    if not rows:
        return
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for number, row in enumerate((head, *rows)):
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        indent = "    " if number else "  "
        yield (indent + row[0].ljust(widths[0] + 4 - len(indent)) + "   " + "   ".join(cells)).rstrip()
