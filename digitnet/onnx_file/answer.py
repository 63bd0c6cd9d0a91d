"""From a model's logits to its answer, in ONNX: the formulas of Model.probabilities as nodes of a graph."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from digitnet.confidence import CHANCE, NEAREST, ConfidenceScale
from digitnet.geometry import CLASSES
from digitnet.model_file import Model
from digitnet.onnx_file.builder import GraphBuilder


def add_answer(builder: GraphBuilder, model: Model) -> None:
    """Add what turns ``logits`` into ``scores``, ``probabilities``, ``digit``, ``confidence``, ``accepted``.

    As in the library, all of it is in float64, so that what differs from there is what the logits differ by;
    only results become float32.
    """
    builder.node("Cast", ["logits"], "logits.float64", to=TensorProto.DOUBLE)
    builder.node(
        "Div", ["logits.float64", builder.scalar("temperature", model.temperature)], "logits.tempered"
    )
    chances = builder.node("Softmax", ["logits.tempered"], "chances", axis=1)
    if model.knows_non_digits:
        chances = _shared_out(builder, chances)
    builder.node("Cast", [chances], "scores", to=TensorProto.FLOAT)
    if model.confidence_scale != ConfidenceScale():
        chances = _calibrated(builder, chances, model.confidence_scale)
    builder.node("Cast", [chances], "probabilities", to=TensorProto.FLOAT)
    builder.node("ArgMax", [chances], "digit", axis=1, keepdims=0)
    builder.node("ReduceMax", [chances], "confidence.float64", axes=[1], keepdims=0)
    builder.node("Cast", ["confidence.float64"], "confidence", to=TensorProto.FLOAT)
    threshold = builder.scalar("rejection_threshold", model.rejection_threshold)
    builder.node("GreaterOrEqual", ["confidence.float64", threshold], "accepted")


def _shared_out(builder: GraphBuilder, chances: str) -> str:
    """``P(d) = p_d + p_none / 10``: see :func:`~digitnet.probabilities.digit_probabilities`."""
    builder.constant("classes_and_none", np.array([CLASSES, 1], np.int64))
    builder.nodes_with_outputs(
        "Split", [chances, "classes_and_none"], ["chances.digits", "chances.none"], axis=1
    )
    builder.node("Div", ["chances.none", builder.scalar("classes", CLASSES)], "chances.none.each")
    return builder.node("Add", ["chances.digits", "chances.none.each"], "chances.shared")


def _calibrated(builder: GraphBuilder, chances: str, scale: ConfidenceScale) -> str:
    """The largest mapped, the others in proportion: :class:`~digitnet.confidence.ConfidenceScale`."""
    node = builder.node
    builder.scalar("zero", 0)
    builder.scalar("one", 1)
    builder.scalar("chance", CHANCE)
    builder.scalar("room", 1 - CHANCE)
    builder.scalar("nearest", NEAREST)

    # s = (c - 1/10) / (9/10), the share of the way from chance to certainty
    node("ReduceMax", [chances], "before", axes=[1], keepdims=1)
    node("Sub", ["before", "chance"], "before.above")
    node("Div", ["before.above", "room"], "before.raw_share")
    node("Clip", ["before.raw_share", "zero", "one"], "share")

    # logit s' = slope · logit s + offset, where s is neither 0 nor 1
    node("Clip", ["share", "nearest", builder.scalar("farthest", 1 - NEAREST)], "share.near")
    node("Sub", ["one", "share.near"], "share.rest")
    node("Div", ["share.near", "share.rest"], "share.odds")
    node("Log", ["share.odds"], "share.logit")
    node("Mul", [builder.scalar("slope", scale.slope), "share.logit"], "share.steeper")
    node("Add", ["share.steeper", builder.scalar("offset", scale.offset)], "share.moved")
    node("Exp", ["share.moved"], "scaled.odds")
    node("Add", ["one", "scaled.odds"], "scaled.odds_and_one")
    node("Div", ["scaled.odds", "scaled.odds_and_one"], "scaled.inside")
    node("Greater", ["share", "zero"], "share.positive")
    node("Less", ["share", "one"], "share.below_one")
    node("And", ["share.positive", "share.below_one"], "share.is_inside")
    node("Where", ["share.is_inside", "scaled.inside", "share"], "scaled.share")

    # c' = 1/10 + 9/10 · s', and the others times (1 - c') / (1 - c)
    node("Mul", ["room", "scaled.share"], "after.above")
    node("Add", ["chance", "after.above"], "after")
    node("Sub", ["one", "before"], "rest.before.raw")
    node("Max", ["rest.before.raw", "nearest"], "rest.before")
    node("Sub", ["one", "after"], "rest.after")
    node("Div", ["rest.after", "rest.before"], "rest.factor")
    node("Mul", [chances, "rest.factor"], "others")
    node("ArgMax", [chances], "best", axis=1, keepdims=1)
    node("Equal", ["best", builder.constant("digits", np.arange(CLASSES, dtype=np.int64))], "is_best")
    node("Where", ["is_best", "after", "others"], "together")

    # What is missing to a sum of 1 belongs to the largest.
    builder.constant("rows", np.array([1], np.int64))
    node("ReduceSum", ["together", "rows"], "together.sum", keepdims=1)
    node("Sub", ["one", "together.sum"], "missing")
    node("Add", ["together", "missing"], "together.and_missing")
    return node("Where", ["is_best", "together.and_missing", "together"], "calibrated")
