"""Writes the answer to an inference request: JSON, binary data behind it where wanted, perhaps compressed."""

import gzip
import json
import struct
import zlib
from typing import Any

import numpy as np
from flask import Response, request
from numpy.typing import NDArray

from service.inference.asked import LENGTH, Asked
from service.inference.models import Answers, Model

# Byte orders of the protocol; one that is not here is of bytes.
DTYPES = {"FP32": "<f4", "INT64": "<i8", "BOOL": "?"}
CODINGS = ("gzip", "deflate")


def answer(model: Model, asked: Asked, answers: Answers) -> Response:
    """The outputs that are asked for, as they are asked for."""
    entries, pieces = [], []
    for wanted in asked.outputs:
        datatype, values = wanted.spec.datatype, answers[wanted.spec.name]
        if wanted.classes:
            datatype, values = "BYTES", classification(values, wanted.classes)
        entry: dict[str, Any] = {
            "name": wanted.spec.name,
            "datatype": datatype,
            "shape": list(values.shape),
        }
        if wanted.binary:
            pieces.append(_bytes(values, datatype))
            entry["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            entry["data"] = _json(values, datatype)
        entries.append(entry)
    header = {
        "model_name": model.name,
        "model_version": model.version,
        **({} if asked.id is None else {"id": asked.id}),
        "outputs": entries,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    if not pieces:
        return _compressed(Response(text, mimetype="application/json"))
    response = Response(b"".join([text, *pieces]), mimetype="application/octet-stream")
    response.headers[LENGTH] = str(len(text))
    return _compressed(response)


def classification(values: NDArray[Any], classes: int) -> NDArray[Any]:
    """The likeliest classes of each row as ``value:index``, the likeliest first; equal ones by their index.

    >>> classification(np.array([[0.25, 0.75, 0.0]]), 2)
    array([[b'0.750000:1', b'0.250000:0']], dtype=object)
    """
    order = np.argsort(-values, axis=1, kind="stable")[:, :classes]
    words = [
        [f"{row[place]:f}:{place}".encode() for place in places]
        for row, places in zip(values, order, strict=True)
    ]
    return np.array(words, object)


def _json(values: NDArray[Any], datatype: str) -> list[Any]:
    """The elements, row by row."""
    elements = values.ravel().tolist()
    return [element.decode() for element in elements] if datatype == "BYTES" else elements


def _bytes(values: NDArray[Any], datatype: str) -> bytes:
    if datatype in DTYPES:
        return values.astype(DTYPES[datatype]).tobytes()
    return b"".join(struct.pack("<I", len(element)) + element for element in values.ravel().tolist())


def _compressed(response: Response) -> Response:
    """Compressed if the client asks for that. The length of the JSON stays that of what it inflates."""
    response.vary.add("Accept-Encoding")
    coding = request.accept_encodings.best_match(CODINGS)
    if coding is not None and request.accept_encodings[coding] >= request.accept_encodings["identity"]:
        body = response.get_data()
        response.set_data(gzip.compress(body, mtime=0) if coding == "gzip" else zlib.compress(body))
        response.headers["Content-Encoding"] = coding
    return response
