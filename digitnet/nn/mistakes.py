"""What a network says of the mistakes that are made with it."""

from __future__ import annotations

from digitnet.errors import ConfigurationError


def no_pass() -> ConfigurationError:
    """``backward`` was called before any training pass."""
    return ConfigurationError(
        "There is no pass to go back through: call forward(inputs, training=True) before backward."
    )


def check_shape(shape: tuple[int, ...], in_features: int) -> None:
    """Find out whether inputs have the shape that a network expects.

    Raises:
        ConfigurationError: it is another one than ``(n, in_features)``.

    >>> check_shape((5, 64), in_features=64)
    """
    if len(shape) != 2 or shape[1] != in_features:
        raise ConfigurationError(f"The network expects inputs of shape (n, {in_features}); got {shape}.")
