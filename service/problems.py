"""What the OpenAPI document says about errors: a status each, with its headers and one shape for all."""

from http import HTTPStatus
from typing import Any

from flask_openapi.models import OPENAPI3_REF_TEMPLATE
from pydantic import BaseModel, Field

PROBLEM = "application/problem+json"
SECONDS = {"description": "Seconds to wait before the next try.", "schema": {"type": "integer", "minimum": 0}}
TEXT = {"type": "string"}
PROBLEMS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("The request is malformed: nothing was sent, or a value or the body is wrong.", {}),
    401: (
        "A key is needed, and there was none or a wrong one.",
        {"WWW-Authenticate": {"description": "How keys are sent.", "schema": TEXT}},
    ),
    403: ("The request came from a page of another site.", {}),
    404: ("There is no such thing.", {}),
    405: (
        "The address takes another method.",
        {"Allow": {"description": "The methods that it takes.", "schema": TEXT}},
    ),
    406: ("None of the types of answer that the client accepts can be given.", {}),
    408: ("The request took too long to arrive.", {}),
    413: ("There are too many bytes, pixels, parts or pictures.", {}),
    414: ("The address is too long.", {}),
    415: (
        "The picture, or the body, is of a type that is not read.",
        {"Accept-Encoding": {"description": "The codings of a body that are read.", "schema": TEXT}},
    ),
    422: ("The content is of a known type but damaged.", {}),
    429: ("The client has asked too often.", {"Retry-After": SECONDS}),
    431: ("The header is too long.", {}),
    500: ("A defect of the service; it is logged there.", {}),
    503: ("The service is too busy, or not ready.", {"Retry-After": SECONDS}),
    507: ("There is no room for more.", {}),
}
EVERYWHERE = (400, 405, 408, 414, 431, 500, 503)
GUARDED = (401, 403, 429)


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(description="The kind of error; about:blank: the one that the status names.")
    title: str = Field(description="The status in words.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What was wrong and what to do, as a sentence.")


def problems(*statuses: int) -> dict[str | int | HTTPStatus, Any]:
    """What the document says about answers with these statuses, as `responses` of an address."""
    schema = {"$ref": OPENAPI3_REF_TEMPLATE.format(model=Problem.__name__)}
    return {
        status: {
            "description": PROBLEMS[status][0],
            "content": {PROBLEM: {"schema": schema}},
            **({"headers": PROBLEMS[status][1]} if PROBLEMS[status][1] else {}),
        }
        for status in statuses
    }
