"""Reads JSON from strangers: one meaning for each text, and no number that is none."""

import json
from typing import Any, NoReturn

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from service.inference.sentences import quoted

# Python makes 64 bytes and more of each: a body of 10 MiB that holds nothing else would take 500 MB and
# seconds. Elements may be many, but arrays of one element each need not be, nor names.
MOST_ARRAYS = 2**19
MOST_NAMES = 2**12


def read_object(text: bytes) -> dict[str, Any]:
    """The JSON object that `text` holds; raises a 400 that says why it is none that can be answered.

    Not taken besides what is no JSON: another encoding than UTF-8, names that an object has twice, which
    every reader understands differently, and the numbers NaN and Infinity, which JSON does not have. More
    arrays, objects or names than any request needs are a 413, before any of them is made.
    """
    if text.count(b"[") + text.count(b"{") > MOST_ARRAYS or text.count(b":") > MOST_NAMES:
        raise RequestEntityTooLarge(
            f"The JSON holds more than {MOST_ARRAYS:,} arrays, or more than {MOST_NAMES:,} names. Send the "
            "data of a tensor as one array, or as binary data."
        )
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise BadRequest("The JSON of the request is not written in UTF-8. Encode it so.") from error
    except RecursionError as error:
        raise BadRequest(
            "The JSON of the request is nested too deeply. Tensors have four dimensions."
        ) from error
    except ValueError as error:  # JSONDecodeError, and integers of more digits than Python converts
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadRequest(
            f"The body is not valid JSON{where}. Send an object, and name its length in "
            "Inference-Header-Content-Length where binary data follow it."
        ) from error
    if not isinstance(value, dict):
        raise BadRequest('The body is JSON but not an object. Send one, such as {"inputs": […]}.')
    return value


def member(of: dict[str, Any], name: str, kind: type, what: str) -> Any:
    """A member that may be absent or null, which is None, and else is of this JSON type; or a 400."""
    value = of.get(name)
    if value is not None and type(value) is not kind:
        raise BadRequest(f"{what} must be {_KINDS[kind]}.")
    return value


_KINDS = {
    dict: "a JSON object",
    list: "a JSON array",
    str: "a string",
    bool: "true or false",
    int: "a whole number",
}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise BadRequest(f"An object of the JSON has {quoted(twice)} twice. Send each name once.")
    return members


def _no_number(name: str) -> NoReturn:
    raise BadRequest(f"The JSON holds {name}, which is no number of JSON. Send finite numbers.")
