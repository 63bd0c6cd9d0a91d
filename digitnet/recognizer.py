"""The one public door of the library: a picture goes in, the number in it comes out."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet.errors import ConfigurationError, UnreadableImageError
from digitnet.imaging import Box, Glyph, Picture, decode, find_digits, picture_from_array, to_inputs
from digitnet.model_file import Model, load_model
from digitnet.nn.arrays import to_numpy

MAX_PIXELS = 25_000_000
# A number less likely than this to be right in all its digits is not accepted.
_AS_GOOD_AS_NOT = 0.5
# A pass keeps what every layer made of every digit: some 40 kB a digit with the larger shipped model.
_DIGITS_A_PASS = 512


@dataclass(frozen=True)
class Digit:
    """One digit that was read.

    Attributes:
        digit: 0 to 9.
        confidence: the probability of ``digit``, in [0, 1]; near 1/10 for what looks like no digit at all.
        accepted: whether the confidence reaches the model's rejection threshold.
        box: where, in pixels of the upright picture.
        probabilities: ten of them, that of digit d at place d; they sum to 1. The chance that it is no digit
            is shared out evenly among them, and so is the doubt about a cut through touching digits.
        pixels: what the network saw, uint8 ``(size, size)``, ink bright on 0.
        levels: the largest value that ``pixels`` can take.

    >>> digit = Recognizer.load("models/mnist.safetensors").recognize("docs/number.jpg").digits[0]
    >>> digit.digit, digit.accepted, digit.box, digit.pixels.shape
    (4, True, Box(x=78, y=47, width=115, height=212), (28, 28))
    >>> round(sum(digit.probabilities), 6)
    1.0
    """

    digit: int
    confidence: float
    accepted: bool
    box: Box
    probabilities: tuple[float, ...]
    pixels: NDArray[np.uint8]
    levels: int


@dataclass(frozen=True)
class Prediction:
    """What a picture says.

    Attributes:
        text: the digits, line by line and from left to right; "" if there are none.
        confidence: the product of the digits' confidences, 0 if there are none.
        accepted: whether there is a digit, every one of them is accepted, and the number as a whole is more
            likely right than wrong.
        digits: one entry a digit.
        width: of the upright picture, in pixels.
        height: of the upright picture, in pixels.

    >>> blank = Recognizer.load("models/digits.safetensors").recognize(np.full((60, 80), 255, np.uint8))
    >>> blank
    Prediction(text='', confidence=0.0, accepted=False, digits=(), width=80, height=60)
    """

    text: str
    confidence: float
    accepted: bool
    digits: tuple[Digit, ...]
    width: int
    height: int


class Recognizer:
    """Reads digits with one model; any number of threads may share it.

    >>> recognizer = Recognizer.load("models/mnist.safetensors")
    >>> recognizer.recognize("docs/number.jpg").text
    '42'

    Args:
        model: a trained model; the answers are those of its weights as they are now (:meth:`Model.frozen
            <digitnet.model_file.Model.frozen>`), whatever is done with them later.
        max_pixels: pictures with more pixels are refused before they are decoded.
    """

    def __init__(self, model: Model, *, max_pixels: int = MAX_PIXELS) -> None:
        self.model = model.frozen()
        self.max_pixels = max_pixels

    @classmethod
    def load(cls, path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Recognizer:
        """A recognizer with the model in a file; raises ModelFileError if the file cannot be trusted."""
        return cls(load_model(path), max_pixels=max_pixels)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def version(self) -> str:
        """The model's version, the first twelve digits of its file's SHA-256."""
        return self.model.version

    def recognize(self, image: bytes | str | os.PathLike[str] | ArrayLike) -> Prediction:
        """Read the digits of one picture.

        Args:
            image: the bytes of an image file (PNG, JPEG, WebP, BMP or GIF), the path of one, or an
                array: grey ``(height, width)`` or RGB ``(height, width, 3)``, uint8 or floats in [0, 1].
                Whatever NumPy makes such an array of will do, a Pillow image among them.

        Raises:
            ImageError: one of its children says what is wrong with the picture.
        """
        picture = self._picture(image)
        glyphs = find_digits(picture, self.model.geometry, self.model.scores)
        if not glyphs:
            return Prediction("", 0.0, False, (), picture.width, picture.height)
        digits = tuple(self._digit(glyph) for glyph in glyphs)
        confidence = math.prod(digit.confidence for digit in digits)
        return Prediction(
            text="".join(str(digit.digit) for digit in digits),
            confidence=confidence,
            accepted=confidence >= _AS_GOOD_AS_NOT and all(digit.accepted for digit in digits),
            digits=digits,
            width=picture.width,
            height=picture.height,
        )

    def input_probabilities(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probabilities ``(n, 10)`` of network inputs ``(n, size * size)``: ink from 0 to 1."""
        return self.model.confidence_scale.probabilities(self.model.input_scores(inputs))

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Calibrated probabilities ``(n, 10)`` of pictures ``(n, size, size)`` in the model's geometry."""
        return self.model.probabilities(pixels)

    def saliency(self, digits: Sequence[Digit]) -> NDArray[np.float32]:
        """Where the network looked: how much more ink in each pixel would speak for the digit that was read.

        For a digit read as d from the inputs x, it is the gradient of the network's output for d, the logit
        z_d, before any softmax:

        ``S = ∂z_d(x) / ∂x``

        It is positive where more ink would make the answer surer, and negative where it would speak against
        it. One unit is a logit for a pixel that goes from no ink to full ink, as far as the network is linear
        (Simonyan, Vedaldi & Zisserman 2014, who show the absolute value; the sign is kept here).

        The logit stands alone on purpose. Less the mean of all logits, less the runner-up's or less that of
        "no digit", the pictures differ in their ground and hardly in their strokes, and they are no truer: if
        the three tenths of the ink that speak loudest for an answer are erased, 7 to 8 % of its probability
        are left with either shipped model where the logit alone chooses them, 7 to 10 % where the others do,
        and 84 % (``mnist``) or 52 % (``digits``) where chance does.

        Args:
            digits: that this recognizer read, of one picture or of several.

        Returns:
            ``(n, size, size)`` float32 in their order; ``(0, size, size)`` for none.

        Raises:
            ConfigurationError: a digit of a model with another geometry, or a layer of one's own without
                ``input_gradient``.

        Reference: K. Simonyan, A. Vedaldi and A. Zisserman, "Deep inside convolutional networks: visualising
        image classification models and saliency maps" (2014).

        >>> recognizer = Recognizer.load("models/mnist.safetensors")
        >>> four, two = recognizer.saliency(recognizer.recognize("docs/number.jpg").digits)
        >>> four.shape, four.dtype
        ((28, 28), dtype('float32'))
        """
        network, geometry = self.model.network, self.model.geometry
        for digit in digits:
            if digit.pixels.shape != (geometry.size, geometry.size) or digit.levels != geometry.levels:
                raise ConfigurationError(
                    f"The model {self.name} sees {geometry.size}×{geometry.size} pixels from 0 to "
                    f"{geometry.levels}; got a digit of shape {digit.pixels.shape} from 0 to {digit.levels}. "
                    "Ask the recognizer that read it."
                )
        saliency = np.empty((len(digits), geometry.size, geometry.size), np.float32)
        for start in range(0, len(digits), _DIGITS_A_PASS):
            part = digits[start : start + _DIGITS_A_PASS]
            answers = np.zeros((len(part), network.out_features), network.dtype)
            answers[np.arange(len(part)), [digit.digit for digit in part]] = 1
            inputs = to_inputs(np.stack([digit.pixels for digit in part]), geometry)
            gradient = to_numpy(network.input_gradient(inputs, answers))
            saliency[start : start + len(part)] = gradient.reshape(-1, geometry.size, geometry.size)
        return saliency

    def _digit(self, glyph: Glyph) -> Digit:
        probabilities = self.model.confidence_scale.of_one(glyph.probabilities.tolist())
        confidence = max(probabilities)
        return Digit(
            digit=probabilities.index(confidence),
            confidence=confidence,
            accepted=confidence >= self.model.rejection_threshold,
            box=glyph.box,
            probabilities=tuple(probabilities),
            pixels=glyph.pixels,
            levels=self.model.geometry.levels,
        )

    def _picture(self, image: bytes | str | os.PathLike[str] | ArrayLike) -> Picture:
        if isinstance(image, (bytes, bytearray, memoryview)):
            return decode(bytes(image), max_pixels=self.max_pixels)
        if isinstance(image, (str, os.PathLike)):
            path = Path(image)
            try:
                content = path.read_bytes()
            except OSError as error:
                raise UnreadableImageError(f"{path} cannot be read: {error.strerror}.") from error
            return decode(content, max_pixels=self.max_pixels)
        return picture_from_array(image)
