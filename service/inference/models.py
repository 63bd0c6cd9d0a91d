"""The models that the protocol offers: one for tensors of digits, and one for whole pictures."""

import binascii
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import current_app
from numpy.typing import NDArray
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge

from service import metrics
from service.config import Config
from service.inference.sentences import listed, quoted
from service.inference.tensors import Tensor, byte_strings, flat, numbers
from service.recognition import recognize_all, turn
from service.served_model import model_identity, recognizer
from service.uploads import Upload

ANY = -1  # in a shape: as many as there are
LATEST = ("latest", "-1")  # versions by which clients mean the newest
ROWS_AT_ONCE = 512

Answers = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Spec:
    """What a model takes or gives: the name of a tensor, its datatype and its shape."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class Model(ABC):
    """One of the models, for the current request.

    Attributes:
        name: by which clients ask for it.
        version: of the model file that answers.
        input: what it takes; it also takes other datatypes and shapes, which its documentation names.
        outputs: what it gives.
        most: rows a request may have.
    """

    name: str
    version: str
    input: Spec
    outputs: tuple[Spec, ...]
    most: int

    @abstractmethod
    def rows(self, tensor: Tensor) -> Any:
        """What the tensor holds, row by row, all of it checked; a 400 or 413 says what is wrong with it."""

    @abstractmethod
    def answers(self, rows: Any) -> Answers:
        """Every output, by its name; waits for its turn."""

    @abstractmethod
    def executions(self, rows: Any) -> int:
        """How many times something is computed to answer these rows."""

    def _check(self, tensor: Tensor, shapes: Sequence[tuple[int, ...]], unit: str) -> None:
        """Refuse another name or shape than those, no rows and too many."""
        if tensor.name != self.input.name:
            raise BadRequest(
                f"The model {self.name} has no input {quoted(tensor.name)}. Its input is {self.input.name}."
            )
        if tensor.shape[1:] not in shapes:
            known = " or ".join(str(["n", *shape]).replace("'", "") for shape in shapes)
            raise BadRequest(
                f"The shape of the input {tensor.name} is {list(tensor.shape)}, but must be {known}."
            )
        if tensor.shape[0] > self.most:
            raise RequestEntityTooLarge(
                f"The request holds {tensor.shape[0]:,} {unit}, but at most {self.most:,} are taken. "
                "Send them in several requests."
            )
        if tensor.shape[0] == 0:
            raise BadRequest(f"The input {tensor.name} has no rows. Send at least one.")


class DigitsModel(Model):
    """The network itself: digits as tensors of ink in the model's geometry."""

    def __init__(self, config: Config) -> None:
        self.name, self.version = model_identity().values()
        self._geometry = recognizer().model.geometry
        self.most = config.max_rows
        self.input = Spec("inputs", "FP32", (ANY, self._geometry.features))
        self.outputs = (
            Spec("probabilities", "FP32", (ANY, 10)),
            Spec("digit", "INT64", (ANY,)),
            Spec("confidence", "FP32", (ANY,)),
            Spec("accepted", "BOOL", (ANY,)),
        )

    def rows(self, tensor: Tensor) -> NDArray[np.float32]:
        """Network inputs ``(n, features)``."""
        size, features = self._geometry.size, self._geometry.features
        self._check(tensor, [(features,), (size, size), (1, size, size), (size, size, 1)], "rows")
        return numbers(tensor, self._geometry.levels).reshape(-1, features)

    def answers(self, rows: NDArray[np.float32]) -> Answers:
        """The outputs that the model has as an ONNX file as well."""
        reader = recognizer()
        metrics.current().asked_for_rows(len(rows))
        with turn():
            probabilities = np.concatenate(
                [
                    reader.input_probabilities(rows[start : start + ROWS_AT_ONCE])
                    for start in range(0, len(rows), ROWS_AT_ONCE)
                ]
            )
        confidence = probabilities.max(axis=1)
        return {
            "probabilities": probabilities.astype(np.float32),
            "digit": probabilities.argmax(axis=1).astype(np.int64),
            "confidence": confidence.astype(np.float32),
            "accepted": confidence >= reader.model.rejection_threshold,
        }

    def executions(self, rows: NDArray[np.float32]) -> int:
        """Passes through the network."""
        return -(-len(rows) // ROWS_AT_ONCE)


class PicturesModel(Model):
    """The whole way: image files as BYTES, and the number that is read in each."""

    def __init__(self, config: Config) -> None:
        name, self.version = model_identity().values()
        self.name = f"{name}-pictures"
        self.most = config.max_images
        self.input = Spec("pictures", "BYTES", (ANY,))
        self.outputs = (
            Spec("text", "BYTES", (ANY,)),
            Spec("confidence", "FP32", (ANY,)),
            Spec("accepted", "BOOL", (ANY,)),
        )

    def rows(self, tensor: Tensor) -> list[bytes]:
        """The image files; in JSON, which holds no bytes, they are base64."""
        self._check(tensor, [(), (1,)], "pictures")
        if tensor.datatype != "BYTES":
            raise BadRequest(
                f"The input pictures is {tensor.datatype}, but must be BYTES: files such as PNG or JPEG."
            )
        if tensor.data is None:
            return byte_strings(tensor)
        try:
            return [b64decode(element, validate=True) for element in flat(tensor)]
        except (TypeError, binascii.Error, ValueError) as error:
            raise BadRequest(
                "A picture in the JSON is no base64 text. Encode the file so, or send it as binary data."
            ) from error

    def answers(self, rows: list[bytes]) -> Answers:
        """What is read in each picture; one that cannot be read fails the request."""
        predictions = recognize_all([Upload(None, data) for data in rows])
        return {
            "text": np.array([prediction.text.encode() for prediction in predictions], object),
            "confidence": np.array([prediction.confidence for prediction in predictions], np.float32),
            "accepted": np.array([prediction.accepted for prediction in predictions], bool),
        }

    def executions(self, rows: list[bytes]) -> int:
        """Pictures that are read."""
        return len(rows)


def models() -> list[Model]:
    """All models, as the current request sees them."""
    config: Config = current_app.config["DIGITNET"]
    return [DigitsModel(config), PicturesModel(config)]


def find(name: str, version: str | None) -> Model:
    """The model that an address names, by any version or by that which is served; or a 404."""
    known = models()
    model = next((model for model in known if model.name == name), None)
    if model is None:
        names = listed([model.name for model in known])
        raise NotFound(f"There is no model {quoted(name)} here. The models are {names}.")
    if version is not None and version not in (model.version, *LATEST):
        raise NotFound(
            f"The model {model.name} has no version {quoted(version)} here. Served is {model.version}, "
            "which is also what an address without a version means."
        )
    return model
