"""Requests of programs in other forms: JSON, plain text, explanations, the Open Inference Protocol."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable

from load.connection import Address, Answer, ask_once, request
from load.questions import PREDICT, Question, draw, mixed

INFER = "/v2/models/mnist-pictures/infer"
# What a service answers that was told not to offer an interface, or is too old for it.
NOT_OFFERED = (404, 415)


def everything(server: Address) -> list[Question]:
    """The questions of `mixed` and those of programs that this server offers an answer to."""
    offered = [one for one in programs() if ask_once(server, one.message).status not in NOT_OFFERED]
    return [*mixed(), *offered]


def programs() -> list[Question]:
    """One question of each kind."""
    picture = b64encode(draw("58")).decode()
    in_json = json.dumps({"images": [picture, {"filename": "a.png", "data": picture}]}).encode()
    tensor = {"name": "pictures", "shape": [1], "datatype": "BYTES", "data": [picture]}
    inference = json.dumps({"inputs": [tensor]}).encode()
    as_text = request("POST", PREDICT, in_json, "application/json", "Accept: text/plain")
    explained = request("POST", f"{PREDICT}?explain=true", draw("58"), "image/png")
    return [
        Question("JSON", request("POST", PREDICT, in_json, "application/json"), _says(_predictions, 2)),
        Question("plain text", as_text, _says(_lines, 2)),
        Question("explained", explained, _says(_predictions, 1)),
        Question("Open Inference", request("POST", INFER, inference, "application/json"), _says(_outputs, 1)),
    ]


def _says(texts: Callable[[bytes], list[str]], count: int) -> Callable[[Answer], str]:
    def complaint(answer: Answer) -> str:
        if answer.status != 200:
            return f"A program was answered with {answer.status}."
        found = texts(answer.body)
        return "" if found == ["58"] * count else f"A program was told {found}."

    return complaint


def _predictions(body: bytes) -> list[str]:
    return [one["text"] for one in json.loads(body)["predictions"]]


def _lines(body: bytes) -> list[str]:
    return body.decode().split()


def _outputs(body: bytes) -> list[str]:
    return next(one["data"] for one in json.loads(body)["outputs"] if one["name"] == "text")
