"""The errors that digitnet raises on purpose: each message is a sentence that a user can act on."""


class DigitnetError(Exception):
    """Base class: catch it to catch everything that digitnet raises on purpose."""


class ConfigurationError(DigitnetError, ValueError):
    """A hyperparameter, shape or setting that cannot work."""


class TrainingError(DigitnetError):
    """Training cannot go on, for example because the loss is no longer finite."""


class DataError(DigitnetError):
    """A data set is missing, corrupt or truncated."""


class ModelFileError(DigitnetError):
    """A model file or checkpoint cannot be trusted or cannot be read."""


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
