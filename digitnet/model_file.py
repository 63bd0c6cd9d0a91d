"""Trained models on disk: safetensors with everything that prediction needs in the metadata.

No pickle: reading a model file can fail, but it cannot run anything. A file is believed only when all
of it makes sense together, and when it is the one that its card, the ``.md`` beside it, was written for.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from digitnet.card_file import check_card as check_its_card
from digitnet.confidence import ConfidenceScale
from digitnet.errors import ConfigurationError, ModelFileError
from digitnet.files import write_atomically
from digitnet.geometry import CLASSES, PREPROCESSING_VERSION, Geometry
from digitnet.imaging import to_inputs
from digitnet.nn.arrays import to_numpy
from digitnet.nn.frozen import FrozenNetwork
from digitnet.nn.network import Network
from digitnet.probabilities import digit_probabilities
from digitnet.stored_network import ADVICE, network_from

FORMAT_VERSION = 1
_KEY = "digitnet"


@dataclass(frozen=True)
class Model:
    """A network and what has to be known to use it.

    Attributes:
        name: short, such as ``mnist``.
        network: maps ``(n, geometry.features)`` inputs in [0, 1] to ``(n, 10)`` logits, or to
            ``(n, 11)`` if it was also trained to know what is no digit.
        geometry: how a digit is laid out in the network's input.
        temperature: logits are divided by it before the softmax.
        confidence_scale: maps the largest of the probabilities that the temperature gives.
        rejection_threshold: answers less confident than this come back as not sure.
        provenance: data set, split, seed and recipe that the model was trained with.
        metrics: what was measured when it was trained.
        checksum: SHA-256 of the file in hexadecimal; "" for a model that was not read from one.
        prepared: what answers instead of the network, see :meth:`frozen`; None for the network itself.

    Raises:
        ConfigurationError: the network does not fit the geometry, or a number is out of its range.

    >>> model = load_model("models/digits.safetensors")
    >>> model.name, model.network.in_features, model.knows_non_digits
    ('digits', 64, False)
    """

    name: str
    network: Network
    geometry: Geometry
    temperature: float = 1.0
    confidence_scale: ConfidenceScale = field(default_factory=ConfidenceScale)
    rejection_threshold: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    checksum: str = ""
    prepared: FrozenNetwork | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        network, geometry = self.network, self.geometry
        if network.in_features != geometry.features or network.out_features not in (CLASSES, CLASSES + 1):
            raise ConfigurationError(
                f"The network maps {network.in_features} inputs to {network.out_features} outputs, but "
                f"pictures of {geometry.size}×{geometry.size} pixels and ten digits need "
                f"{geometry.features} and {CLASSES}, or {CLASSES + 1} with one for what is no digit."
            )
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ConfigurationError(f"A temperature is a positive number; got {self.temperature}.")
        if not 0.0 <= self.rejection_threshold <= 1.0:
            raise ConfigurationError(f"A rejection threshold lies in [0, 1]; got {self.rejection_threshold}.")

    @property
    def version(self) -> str:
        """The first twelve digits of the checksum."""
        return self.checksum[:12]

    @property
    def knows_non_digits(self) -> bool:
        """Whether the network has an output for pictures that show no digit."""
        return self.network.out_features > CLASSES

    def frozen(self) -> Model:
        """The same model for nothing but answers, which then take less time.

        They are those of the weights as they are now, in a copy of its own (13 MB with the larger shipped
        model): whoever trains ``network`` on freezes the model anew.

        >>> model = load_model("models/digits.safetensors")
        >>> quick = model.frozen()
        >>> model.network.parameters *= 0
        >>> drawing = np.eye(8, dtype=np.uint8)[None] * 16
        >>> float(model.scores(drawing).max().round(2)), bool(quick.scores(drawing).max() > 0.2)
        (0.1, True)
        """
        model = replace(self)  # without what was prepared for other weights
        if self.network.xp is np:
            object.__setattr__(model, "prepared", self.network.frozen())
        return model

    def scores(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probabilities ``(n, 10)`` of pictures ``(n, size, size)`` that may just as well be no digits.

        Whoever looks for the digits of a picture weighs its pieces by them, before they are calibrated.
        """
        return self.input_scores(to_inputs(pixels, self.geometry))

    def input_scores(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """The same of network inputs ``(n, geometry.features)``, whose ink need not be whole levels."""
        network = self.network if self.prepared is None else self.prepared
        return digit_probabilities(network.predict(inputs), self.temperature)

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Calibrated probabilities ``(n, 10)`` of pictures ``(n, size, size)`` in the model's geometry."""
        return self.confidence_scale.probabilities(self.scores(pixels))


def save_model(model: Model, path: str | Path) -> None:
    """Write the model atomically; the same model always gives the same bytes.

    Raises:
        ModelFileError: a weight is not finite, so that no reader would take the file.
        DigitnetError: the file cannot be written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "copy.safetensors"
    >>> save_model(load_model("models/digits.safetensors"), path)
    >>> load_model(path).version == load_model("models/digits.safetensors").version
    True
    """
    write_atomically(Path(path), model_bytes(model))


def model_bytes(model: Model) -> bytes:
    """The content of the file that :func:`save_model` writes; its SHA-256 gives the model its version."""
    arrays = {name: to_numpy(array) for name, array in model.network.named_arrays().items()}
    if bad := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
        raise ModelFileError(f"The model is not saved: {bad[0]} has weights that are not finite numbers.")
    # One metadata entry: the library writes several in an order that changes from run to run.
    tensors = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    return safetensors.numpy.save(tensors, metadata={_KEY: json.dumps(model_header(model))})


def model_header(model: Model) -> dict[str, Any]:
    """All that a model file says beside the weights, as plain values; :func:`model_from` reads it."""
    scale = model.confidence_scale  # no entry for the one that changes nothing
    return {
        "format": FORMAT_VERSION,
        "name": model.name,
        "architecture": model.network.architecture(),
        "geometry": model.geometry.to_dict(),
        "preprocessing": PREPROCESSING_VERSION,
        "temperature": model.temperature,
        **({"confidence_scale": [scale.slope, scale.offset]} if scale != ConfidenceScale() else {}),
        "rejection_threshold": model.rejection_threshold,
        "provenance": model.provenance,
        "metrics": model.metrics,
    }


def load_model(path: str | Path, *, check_card: bool = True) -> Model:
    """Read a model and check all of it.

    Args:
        path: of the model file.
        check_card: False when a new card is about to be written for the file.

    Raises:
        ModelFileError: the file is missing, truncated or no model; its format or preprocessing version
            is not known; shapes do not fit the architecture; a weight is NaN or infinite; or its
            checksum is not the one on its card.

    >>> load_model("models/digits.safetensors").geometry.size
    8
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ModelFileError(f"The model {path} is not a file; name a .safetensors file.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"The model {path} cannot be read: {error.strerror}. Name another file, or train one with "
            "scripts/train.py."
        ) from error
    checksum = hashlib.sha256(content).hexdigest()
    if check_card:
        check_its_card(path, checksum)
    try:
        return replace(model_from(*_parse(content)), checksum=checksum)
    except (ModelFileError, ConfigurationError) as error:
        raise ModelFileError(f"The model {path} is refused: {error}") from error


def model_from(header: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Model:
    """The model that a header and arrays describe, all of it checked; raises ModelFileError."""
    try:
        if header.get("format") != FORMAT_VERSION:
            raise ModelFileError(
                f"it has format version {header.get('format')!r}; this digitnet reads {FORMAT_VERSION}."
            )
        if header.get("preprocessing") != PREPROCESSING_VERSION:
            raise ModelFileError(
                f"it wants preprocessing version {header.get('preprocessing')!r}; this digitnet has "
                f"version {PREPROCESSING_VERSION}. Use the digitnet it was trained with, or train it anew."
            )
        slope, offset = header.get("confidence_scale", (1.0, 0.0))
        return Model(
            name=str(header["name"]),
            network=network_from(header["architecture"], tensors),
            geometry=Geometry.from_dict(header["geometry"]),
            temperature=float(header["temperature"]),
            confidence_scale=ConfidenceScale(float(slope), float(offset)),
            rejection_threshold=float(header["rejection_threshold"]),
            provenance=dict(header["provenance"]),
            metrics=dict(header["metrics"]),
        )
    except ConfigurationError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"its metadata are not complete. {ADVICE}") from error


def _parse(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        entries = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
        header_size = int.from_bytes(content[:8], "little")
        header = json.loads(json.loads(content[8 : 8 + header_size])["__metadata__"][_KEY])
    except (safetensors.SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise ModelFileError(f"it is damaged, truncated or no digitnet model. {ADVICE}") from error
    tensors = {}
    for name, entry in entries:
        if entry["dtype"] != "F32":
            raise ModelFileError(f"{name} is stored as {entry['dtype']}; float32 was expected. {ADVICE}")
        tensors[name] = np.frombuffer(entry["data"], "<f4").reshape(entry["shape"])
    return header, tensors
