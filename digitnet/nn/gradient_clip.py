"""Delta trimming: an error signal that is too large is cut off before it reaches the layers below."""

from __future__ import annotations

import math
from typing import Any

from digitnet.errors import ConfigurationError
from digitnet.nn.layers import Array, Layer


class GradientClip(Layer):
    """Passes its inputs on and clips what comes back: ``grad_input = min(max(grad_output, -limit), limit)``.

    Each unit's error signal ``∂L/∂x_bj`` is clipped by itself (Mikolov 2012; Pascanu et al. 2013 clip the
    norm of all of them together), so that one wild sample or one steep place in the loss cannot throw the
    weights away. After the last Dense layer, under a :class:`~digitnet.nn.MeanSquaredError`, it turns the
    squared error into Huber's robust loss: quadratic for small errors, linear beyond the limit.

    What it passes back is no gradient where it clips, so it clips in training only: the gradient of a
    prediction passes unchanged. Losses that are means divide error signals by the batch size, so a limit
    belongs to a batch size.

    Shapes: inputs, outputs and both gradients ``(batch, features)``; the dtype stays.

    Args:
        limit: the largest error signal that passes, above zero.

    Raises:
        ConfigurationError: a limit that is not a positive number.

    >>> import numpy as np
    >>> layer = GradientClip(0.5)
    >>> layer.forward(np.array([[3.0, -4.0]]), training=True)
    array([[ 3., -4.]])
    >>> layer.backward(np.array([[0.1, -7.0]]))
    array([[ 0.1, -0.5]])
    """

    kind = "gradient_clip"

    def __init__(self, limit: float) -> None:
        super().__init__()
        if not 0.0 < limit < math.inf:
            raise ConfigurationError(f"The limit of a GradientClip is a positive number; got {limit}.")
        self.limit = float(limit)

    def config(self) -> dict[str, Any]:
        return {"limit": self.limit}

    def forward(self, inputs: Array, training: bool = False) -> Array:  # noqa: ARG002
        return inputs

    def backward(self, grad_output: Array) -> Array:
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        clipped: Array = self.xp.clip(grad_output, -self.limit, self.limit, out=grad_input)
        return clipped

    def input_gradient(self, inputs: Array, outputs: Array, grad_output: Array) -> Array:  # noqa: ARG002
        return grad_output
