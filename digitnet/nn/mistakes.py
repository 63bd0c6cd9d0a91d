"""What a network says of the mistakes that are made with it."""

from __future__ import annotations

from digitnet.errors import ConfigurationError


def no_pass() -> ConfigurationError:
    """``backward`` was called before any training pass."""
    return ConfigurationError(
        "There is no pass to go back through: call forward(inputs, training=True) before backward."
    )


def wrong_shape(in_features: int, shape: tuple[int, ...]) -> ConfigurationError:
    """The inputs have another shape than ``(n, in_features)``.

    >>> print(wrong_shape(64, (5, 65)))
    The network expects inputs of shape (n, 64); got (5, 65).
    """
    return ConfigurationError(f"The network expects inputs of shape (n, {in_features}); got {shape}.")
