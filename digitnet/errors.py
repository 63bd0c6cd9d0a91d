"""The errors that digitnet raises on purpose: each message is a sentence that a user can act on."""

import operator
from typing import SupportsIndex


class DigitnetError(Exception):
    """Base class: catch it to catch everything that digitnet raises on purpose.

    >>> from digitnet.nn import Dropout
    >>> try:
    ...     Dropout(1.5)
    ... except DigitnetError as error:
    ...     print(error)
    A dropout rate lies in [0, 1); got 1.5.
    """


class ConfigurationError(DigitnetError, ValueError):
    """A hyperparameter, shape or setting that cannot work."""


def whole_number(value: SupportsIndex, name: str, least: int = 1) -> int:
    """A setting that counts something, as a builtin int; 2.9 is refused and not cut to 2.

    Raises:
        ConfigurationError: something that is no whole number, or is below the least.

    >>> whole_number(3, "A batch size")
    3
    >>> try:
    ...     whole_number(2.9, "A batch size")
    ... except ConfigurationError as error:
    ...     print(error)
    A batch size is a whole number, at least 1; got 2.9.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ConfigurationError(f"{name} is a whole number, at least {least}; got {value!r}.")
    return number


class TrainingError(DigitnetError):
    """Training cannot go on, for example because the loss is no longer finite."""


class DataError(DigitnetError):
    """A data set is missing, corrupt or truncated."""


class ModelFileError(DigitnetError):
    """A model file or checkpoint cannot be trusted or cannot be read."""


class CorrectionsError(DigitnetError):
    """The file of corrections cannot be used, or a correction cannot be kept."""


class CorrectionsFullError(CorrectionsError):
    """There are as many corrections as the file may hold."""


class ImageError(DigitnetError):
    """Base class of everything that can be wrong with a picture."""


class EmptyImageError(ImageError):
    """No bytes were given."""


class UnsupportedImageError(ImageError):
    """The bytes are not of an image type that is read."""


class ImageTooLargeError(ImageError):
    """The picture has more pixels than the limit allows."""


class UnreadableImageError(ImageError):
    """The picture is of a known type but is damaged."""
