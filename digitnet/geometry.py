"""What a model wants to see: the size of its input picture and how a digit sits in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from digitnet.errors import ConfigurationError

#: Raised whenever a change in this package alters the pixels that a network gets to see.
PREPROCESSING_VERSION = 2

#: The digits 0 to 9.
CLASSES = 10

#: ``"mass"`` or ``"box"``, which is put in the middle of the picture.
Centring = Literal["mass", "box"]
#: ``"antialiased"`` or ``"bitmap-counts"``, the way in which ink becomes pixels.
Sampling = Literal["antialiased", "bitmap-counts"]


@dataclass(frozen=True)
class Geometry:
    """How a digit is laid out in the network's square input.

    Attributes:
        size: side of the input picture in pixels; the network has ``size * size`` inputs.
        box: the digit's longer side is scaled to this many pixels, aspect ratio kept.
        centring: ``"mass"`` puts the centre of mass of the ink in the middle (MNIST), ``"box"`` the
            middle of the bounding box (scikit-learn's digits).
        sampling: ``"antialiased"`` gives grey levels by area; ``"bitmap-counts"`` thresholds at four
            times the size and counts ink in 4×4 blocks, 0..16 (Alpaydin & Kaynak 1998).
        levels: the largest value a pixel takes in the data set that the geometry comes from; network
            inputs are pixels divided by it, so they lie in [0, 1].

    >>> MNIST_GEOMETRY.features, MNIST_GEOMETRY.centring, MNIST_GEOMETRY.levels
    (784, 'mass', 255)
    >>> Geometry.from_dict(MNIST_GEOMETRY.to_dict()) == MNIST_GEOMETRY
    True

    Raises:
        ConfigurationError: a number below 1, a box larger than the picture, an unknown centring or sampling.
    """

    size: int
    box: int
    centring: Centring
    sampling: Sampling
    levels: int

    def __post_init__(self) -> None:
        numbers = (self.size, self.box, self.levels)
        if not all(type(number) is int and number >= 1 for number in numbers) or self.box > self.size:
            raise ConfigurationError(
                "A geometry's size, box and levels are whole numbers of at least 1, and the box is no larger "
                f"than the size; got {self.size!r}, {self.box!r} and {self.levels!r}."
            )
        if self.centring not in get_args(Centring) or self.sampling not in get_args(Sampling):
            raise ConfigurationError(
                f"A geometry's centring is one of {get_args(Centring)} and its sampling one of "
                f"{get_args(Sampling)}; got {self.centring!r} and {self.sampling!r}."
            )

    @property
    def features(self) -> int:
        """Number of network inputs, ``size * size``."""
        return self.size * self.size

    def to_dict(self) -> dict[str, Any]:
        """The geometry as plain values, for a model file's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Geometry:
        """Read back what :meth:`to_dict` wrote; raises ConfigurationError on anything else."""
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigurationError(f"Not a geometry: {values!r}.") from error


#: 28×28 pixels, the digit in a box of 20 with its centre of mass in the middle (LeCun et al. 1998).
MNIST_GEOMETRY = Geometry(size=28, box=20, centring="mass", sampling="antialiased", levels=255)
#: 8×8 pixels with 17 levels of grey, as scikit-learn ships them (Alpaydin & Kaynak 1998).
DIGITS_GEOMETRY = Geometry(size=8, box=8, centring="box", sampling="bitmap-counts", levels=16)
