"""The base of all layers, and the one that does the work: Dense.

A layer is a function with a derivative. ``forward`` maps ``(batch, in)`` to ``(batch, out)``;
``backward`` takes ∂loss/∂outputs, overwrites the gradients of its parameters (there is nothing to set
to zero) and returns ∂loss/∂inputs. In training its arrays live in buffers of its own; with
``training=False`` it touches nothing shared, so that any number of threads may predict at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from digitnet.errors import ConfigurationError, whole_number
from digitnet.nn.buffers import Buffers
from digitnet.nn.initializers import Initializer, he_normal, zeros

#: A floating-point array of the network's dtype and of its library.
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

    >>> [(spec.name, spec.shape, spec.kind) for spec in Dense(3, 2).parameter_specs()]
    [('weight', (3, 2), 'weight'), ('bias', (2,), 'bias')]
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    kind: str


class Layer:
    """Base of all layers: no parameters, output as wide as the input.

    A layer of one's own overrides :meth:`forward` and :meth:`backward`, and, if it has parameters,
    :meth:`parameter_specs`; :meth:`input_gradient` too, if anybody asks for gradients of predictions.
    Constructors take hyperparameters only; :class:`~digitnet.nn.Network` hands out memory by setting the
    attributes that :meth:`parameter_specs` names, and sets ``rng`` (its random generator) and ``xp`` (the
    library whose arrays it computes with). A layer that stands first, or that gives another width than it
    takes, says in ``in_features`` how wide its inputs are.

    >>> class Double(Layer):
    ...     def forward(self, inputs, training=False):
    ...         return 2.0 * inputs
    ...     def backward(self, grad_output):
    ...         return 2.0 * grad_output
    >>> Double().forward(np.array([[1.0, 2.0]]))
    array([[2., 4.]])
    """

    #: Name in architecture descriptions; subclasses set it.
    kind: ClassVar[str] = ""

    #: Width of the inputs; None where any will do.
    in_features: int | None = None

    def __init__(self) -> None:
        self.use_arrays_of(np)
        self.rng = np.random.default_rng()
        #: Whether a network has the layer already; it can serve one place in one network.
        self.in_use = False
        #: Cleared by the network on its first layer with weights, since training uses no gradient of pixels.
        self.wants_input_gradient = True

    def use_arrays_of(self, xp: ModuleType) -> None:
        """Compute with this library from now on; the network calls it with its own."""
        self.xp = xp
        self._buffers = Buffers(xp)

    def parameter_specs(self) -> list[ParameterSpec]:
        """The arrays that this layer needs; none by default."""
        return []

    def output_width(self, in_features: int) -> int:
        """Width of the output for a given width of the input.

        Raises:
            ConfigurationError: the layer does not take inputs of that width.
        """
        return in_features

    def config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values, enough to build the layer for prediction."""
        return {}

    def forward(self, inputs: Array, training: bool = False) -> Array:
        """Outputs ``(batch, out)`` for inputs ``(batch, in)``."""
        raise NotImplementedError

    def backward(self, grad_output: Array) -> Array:
        """∂loss/∂inputs from ∂loss/∂outputs; needs a ``forward(…, training=True)`` before it.

        In a network the first Dense layer gives no ∂loss/∂inputs, which training would throw away, but an
        array of no rows; :meth:`~digitnet.nn.Network.backward_to_inputs` gets it.
        """
        raise NotImplementedError

    def input_gradient(self, inputs: Array, outputs: Array, grad_output: Array) -> Array:  # noqa: ARG002
        """∂loss/∂inputs of a prediction: the derivative of ``forward(inputs)``, without training.

        It remembers and changes nothing, so that any number of threads may call it at once.

        Args:
            inputs: ``(batch, in)``.
            outputs: ``(batch, out)``, what :meth:`forward` made of them.
            grad_output: ∂loss/∂outputs, ``(batch, out)``; it is not written to.

        Raises:
            ConfigurationError: the layer has none.
        """
        raise ConfigurationError(
            f"{type(self).__name__} has no gradient of predictions; give it a method "
            "input_gradient(inputs, outputs, grad_output), the derivative of forward(inputs)."
        )

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"


class Dense(Layer):
    """Every output is a weighted sum of every input: ``outputs = inputs · weight + bias``.

    Shapes: inputs ``(batch, in_features)``, weight ``(in_features, out_features)``, bias
    ``(out_features,)``, outputs ``(batch, out_features)``; all in the network's dtype.

    Gradients, from ``z_bj = Σ_i x_bi w_ij + b_j`` by the chain rule (Rumelhart et al. 1986):

    - ``∂L/∂w_ij = Σ_b x_bi ∂L/∂z_bj``, that is ``inputsᵀ · grad_output``,
    - ``∂L/∂b_j = Σ_b ∂L/∂z_bj``, the column sums of ``grad_output``,
    - ``∂L/∂x_bi = Σ_j ∂L/∂z_bj w_ij``, that is ``grad_output · weightᵀ``.

    Args:
        in_features: width of the input, at least 1.
        out_features: width of the output, at least 1.
        use_bias: whether there is a bias.
        initializer: of the weight, any ``(rng, shape) -> array``; He's by default, right for ReLU.

    Raises:
        ConfigurationError: a width that is no whole number or below 1, or an initializer that is no function.

    >>> from digitnet.nn import Network
    >>> layer = Dense(2, 1, initializer=lambda rng, shape: np.array([[0.0], [1.0]]))
    >>> network = Network([layer], rng=np.random.default_rng(0), dtype=np.float64)
    >>> layer.bias[...] = 4.0
    >>> network.predict([[2.0, 3.0]])       # 0 · 2 + 1 · 3 + 4
    array([[7.]])
    """

    kind = "dense"
    in_features: int
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
        self.in_features = whole_number(in_features, "in_features, the width of a Dense layer's input,")
        self.out_features = whole_number(out_features, "out_features, the width of a Dense layer's output,")
        if not callable(initializer):
            raise ConfigurationError(
                f"An initializer is a function (rng, shape) -> array, such as he_normal; got {initializer!r}."
            )
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
            self.xp.matmul(inputs, self.weight, out=outputs)
        if self.use_bias:
            outputs += self.bias
        return outputs

    def backward(self, grad_output: Array) -> Array:
        self.xp.matmul(self._inputs.T, grad_output, out=self.grad_weight)
        if self.use_bias:
            grad_output.sum(axis=0, out=self.grad_bias)
        if not self.wants_input_gradient:
            return self._inputs[:0]
        grad_input = self._buffers.get("grad_input", self._inputs.shape, self.weight.dtype)
        self.xp.matmul(grad_output, self.weight.T, out=grad_input)
        return grad_input

    def input_gradient(self, inputs: Array, outputs: Array, grad_output: Array) -> Array:  # noqa: ARG002
        return grad_output @ self.weight.T
