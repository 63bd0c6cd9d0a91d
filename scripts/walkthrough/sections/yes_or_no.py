"""How often a network with one output, the probability of a yes, is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def right(outputs: NDArray[Any], targets: NDArray[Any]) -> float:
    """Share of outputs ``(n, 1)`` on the right side of one half, for targets ``(n, 1)`` of zeros and ones.

    >>> right(np.array([[0.9], [0.4], [0.6]]), np.array([[1.0], [0.0], [0.0]])) == 2 / 3
    True
    """
    return float(np.mean((outputs > 0.5) == (targets > 0.5)))
