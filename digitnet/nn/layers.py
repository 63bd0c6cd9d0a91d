"""The base of all layers, and the two simplest: Dense and Dropout.

A layer is a function with a derivative. ``forward`` maps ``(batch, in)`` to ``(batch, out)``;
``backward`` takes ∂loss/∂outputs, overwrites the gradients of its parameters (there is nothing to set
to zero) and returns ∂loss/∂inputs. In training its arrays live in buffers of its own; with
``training=False`` it touches nothing shared, so that any number of threads may predict at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError
from digitnet.nn.buffers import Buffers
from digitnet.nn.initializers import Initializer, he_normal, zeros

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class ParameterSpec:
    """What a layer asks the network for: one array, how it starts and what kind it is.

    Attributes:
        name: the layer's attribute that will hold the view; its gradient is ``grad_`` + name.
        shape: of the array.
        initializer: ``(rng, shape) -> array``.
        kind: ``"weight"`` is regularised; ``"bias"`` is learned but not regularised; ``"state"`` is
            not learned by gradient (the running statistics of a BatchNorm).
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    kind: str


class Layer:
    """Base of all layers: no parameters, output as wide as the input.

    Constructors take hyperparameters only; :class:`~digitnet.nn.network.Network` hands out memory by
    setting the attributes that :meth:`parameter_specs` names.
    """

    #: Name in architecture descriptions; subclasses set it.
    kind: ClassVar[str] = ""

    def __init__(self) -> None:
        self._buffers = Buffers()
        self.rng = np.random.default_rng()
        #: Set by the network that the layer belongs to: it can serve one place in one network.
        self.in_use = False
        #: The network clears this on its first layer with weights: training uses no gradient of the pixels.
        self.wants_input_gradient = True

    def parameter_specs(self) -> list[ParameterSpec]:
        """The arrays that this layer needs; none by default."""
        return []

    def output_width(self, in_features: int) -> int:
        """Width of the output for a given width of the input; raises ConfigurationError if they clash."""
        return in_features

    def config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values, enough to build the layer for prediction."""
        return {}

    def forward(self, inputs: Array, training: bool = False) -> Array:
        """Outputs ``(batch, out)`` for inputs ``(batch, in)``."""
        raise NotImplementedError

    def backward(self, grad_output: Array) -> Array:
        """∂loss/∂inputs from ∂loss/∂outputs; needs a ``forward(…, training=True)`` before it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"


class Dense(Layer):
    """Every output is a weighted sum of every input: ``outputs = inputs · weight + bias``.

    Shapes: inputs ``(batch, in_features)``, weight ``(in_features, out_features)``, bias
    ``(out_features,)``, outputs ``(batch, out_features)``.

    Gradients, from ``z_bj = Σ_i x_bi w_ij + b_j`` by the chain rule:

    - ``∂L/∂w_ij = Σ_b x_bi ∂L/∂z_bj``, that is ``inputsᵀ · grad_output``,
    - ``∂L/∂b_j = Σ_b ∂L/∂z_bj``, the column sums of ``grad_output``,
    - ``∂L/∂x_bi = Σ_j ∂L/∂z_bj w_ij``, that is ``grad_output · weightᵀ``.

    Args:
        in_features: width of the input, at least 1.
        out_features: width of the output, at least 1.
        use_bias: whether there is a bias.
        initializer: of the weight; He (2015) by default, right for ReLU.
    """

    kind = "dense"
    weight: Array
    grad_weight: Array
    bias: Array
    grad_bias: Array

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        use_bias: bool = True,
        initializer: Initializer = he_normal,
    ) -> None:
        super().__init__()
        if in_features < 1 or out_features < 1:
            raise ConfigurationError(
                "A Dense layer needs at least one input and one output; "
                f"got {in_features} and {out_features}."
            )
        self.in_features = int(in_features)
        self.out_features = int(out_features)
        self.use_bias = use_bias
        self.initializer = initializer

    def parameter_specs(self) -> list[ParameterSpec]:
        specs = [ParameterSpec("weight", (self.in_features, self.out_features), self.initializer, "weight")]
        if self.use_bias:
            specs.append(ParameterSpec("bias", (self.out_features,), zeros, "bias"))
        return specs

    def output_width(self, in_features: int) -> int:
        if in_features != self.in_features:
            raise ConfigurationError(
                f"{self!r} expects {self.in_features} inputs but the layer before it gives {in_features}."
            )
        return self.out_features

    def config(self) -> dict[str, Any]:
        return {"in_features": self.in_features, "out_features": self.out_features, "use_bias": self.use_bias}

    def forward(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            outputs: Array = inputs @ self.weight
        else:
            self._inputs = inputs
            outputs = self._buffers.get("outputs", (len(inputs), self.out_features), self.weight.dtype)
            np.matmul(inputs, self.weight, out=outputs)
        if self.use_bias:
            outputs += self.bias
        return outputs

    def backward(self, grad_output: Array) -> Array:
        np.matmul(self._inputs.T, grad_output, out=self.grad_weight)
        if self.use_bias:
            np.add.reduce(grad_output, axis=0, out=self.grad_bias)
        grad_input = self._buffers.get("grad_input", self._inputs.shape, self.weight.dtype)
        if self.wants_input_gradient:
            np.matmul(grad_output, self.weight.T, out=grad_input)
        return grad_input


class Dropout(Layer):
    """Each input is set to zero with probability ``rate`` while training (Srivastava et al. 2014).

    ``outputs = inputs · mask / (1 - rate)`` with ``mask ~ Bernoulli(1 - rate)``: the scaling keeps the
    expected value, so prediction needs no correction and is the identity. The gradient passes through
    the same mask.
    """

    kind = "dropout"

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ConfigurationError(f"A dropout rate lies in [0, 1); got {rate}.")
        self.rate = float(rate)

    def config(self) -> dict[str, Any]:
        return {"rate": self.rate}

    def forward(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return inputs
        if self.rate == 0.0:
            self._mask = self._buffers.get("mask", inputs.shape, inputs.dtype)
            self._mask.fill(1.0)
            return inputs
        keep = 1.0 - self.rate
        mask = self._buffers.get("mask", inputs.shape, inputs.dtype)
        # Whole passes in the array's own dtype: floor(u + keep) is 1 with probability keep. A boolean
        # mask would be converted to floats again in every multiplication.
        self.rng.random(out=mask, dtype=mask.dtype)
        mask += keep
        np.floor(mask, out=mask)
        mask *= 1.0 / keep
        self._mask = mask
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        np.multiply(inputs, mask, out=outputs)
        return outputs

    def backward(self, grad_output: Array) -> Array:
        grad_input = self._buffers.get("grad_input", grad_output.shape, grad_output.dtype)
        np.multiply(grad_output, self._mask, out=grad_input)
        return grad_input
