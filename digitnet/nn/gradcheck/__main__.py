"""``python -m digitnet.nn.gradcheck``: a table of how exact every gradient of the library is."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from digitnet.nn.gradcheck.check import GradientCheck, check_gradients
from digitnet.nn.gradcheck.combinations import (
    ACTIVATIONS,
    BATCH,
    FEATURES,
    MARGIN,
    OUT_OF_REACH,
    OUTPUTS,
    WIDTH,
    Combination,
    combinations,
)
from digitnet.nn.gradient_clip import GradientClip
from digitnet.nn.layers import Dense
from digitnet.nn.losses import MeanSquaredError
from digitnet.nn.network import Network

EXPLANATION = f"""\
Worst relative error of backpropagation against central differences, in float64.
Network: Dense {FEATURES}-{WIDTH}, the row's layer, the column's activation, Dense {WIDTH}-{OUTPUTS}, loss.
Batches of {BATCH} samples are drawn until no value that enters an activation is within {MARGIN} of a kink."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit status is 1 if an error exceeds the tolerance."""
    parser = argparse.ArgumentParser(
        prog="python -m digitnet.nn.gradcheck",
        description="Check every layer with every activation and every loss against central differences.",
    )
    parser.add_argument("--seed", type=_seed, default=0, help="of weights, inputs and masks (default: 0)")
    parser.add_argument(
        "--tolerance",
        type=_tolerance,
        default=1e-6,
        help="largest relative error that passes (default: 1e-6)",
    )
    options = parser.parse_args(arguments)

    print(EXPLANATION)
    checks: dict[Combination, GradientCheck] = {}
    for loss, block in groupby(combinations(), lambda one: one.loss_title):
        print("\n" + loss)
        print(" " * 16 + "".join(f"{name:>11}" for variants in ACTIVATIONS.values() for name in variants))
        for layer, row in groupby(block, lambda one: one.layer):
            found = {combination: combination.check(options.seed) for combination in row}
            checks |= found
            print(f"  {layer:14}" + "".join(f"{check.worst:11.1e}" for check in found.values()))

    print("\n" + clipping_acts(options.seed))
    worst = max(checks, key=lambda combination: checks[combination].worst)
    passed = checks[worst].worst <= options.tolerance
    print(
        f"{'ok' if passed else 'FAILED'}: worst of {len(checks)} combinations is {checks[worst].worst:.1e} "
        f"({worst}), allowed {options.tolerance:.0e}; "
        f"{sum(check.checked for check in checks.values()):,} numbers compared"
    )
    return 0 if passed else 1


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"A seed is a whole number from 0 on; got {text}.")
    return int(text)


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"A tolerance is a positive number, such as 1e-6; got {text}.")
    return value


def clipping_acts(seed: int) -> str:
    """A sentence on what GradientClip does where it clips, from a network with a limit that is reached."""
    rng = np.random.default_rng(seed)
    inputs, targets = rng.standard_normal((BATCH, FEATURES)), rng.standard_normal((BATCH, WIDTH))
    limit = 0.01
    network = Network([Dense(FEATURES, WIDTH), GradientClip(limit)], rng=rng, dtype=np.float64)
    error = check_gradients(network, MeanSquaredError(), inputs, targets).worst
    return (
        f"GradientClip passes a gradient on unchanged up to its limit, here {OUT_OF_REACH:.0e}, which "
        f"nothing reaches.\nWith a limit of {limit} it clips, and its relative error is {error:.2f}: "
        "what it passes on is then no gradient."
    )


if __name__ == "__main__":
    sys.exit(main())
