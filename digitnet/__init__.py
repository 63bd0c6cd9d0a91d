"""Handwritten-digit recognition on a neural network written from scratch in NumPy.

    >>> import digitnet
    >>> recognizer = digitnet.Recognizer.load("models/mnist.safetensors")
    >>> recognizer.recognize("docs/number.jpg").text
    '42'

Names are imported when they are first used, so that ``digitnet.nn`` costs NumPy alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digitnet.corrections import Corrections
    from digitnet.estimator import MLPClassifier
    from digitnet.imaging import Box, preview
    from digitnet.recognizer import Digit, Prediction, Recognizer

__version__ = "0.1.0"
__all__ = [
    "Box",
    "Corrections",
    "Digit",
    "MLPClassifier",
    "Prediction",
    "Recognizer",
    "__version__",
    "preview",
]

_HOMES = {
    "Box": "digitnet.imaging",
    "Corrections": "digitnet.corrections",
    "Digit": "digitnet.recognizer",
    "MLPClassifier": "digitnet.estimator",
    "Prediction": "digitnet.recognizer",
    "Recognizer": "digitnet.recognizer",
    "preview": "digitnet.imaging",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'digitnet' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
