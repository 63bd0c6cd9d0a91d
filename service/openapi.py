"""The application, and what its OpenAPI 3.1 document says besides what addresses and models tell."""

from http import HTTPStatus
from inspect import isclass, unwrap
from typing import Any, NoReturn, get_type_hints

from flask import current_app, request
from flask_openapi import APIBlueprint, Info, OpenAPI, SecurityScheme, Tag
from flask_openapi.models import OPENAPI3_REF_TEMPLATE, Schema
from pydantic import BaseModel, Field, ValidationError
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.exceptions import BadRequest

from digitnet import __version__
from service.config import Config
from service.errors import PROBLEM
from service.settings_sources import expected_of

# flask-openapi would say 3.2.0. Nothing here needs more than 3.1, which more programs read.
OPENAPI_VERSION = "3.1.1"
PREDICTING = Tag(name="Predictions", description="Pictures in, digits out.")
OPERATING = Tag(name="Operation", description="For those who run the service.")
DESCRIPTION = """Reads handwritten digits from pictures. Nothing that is sent to be read is kept.

Every error is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), and its
`detail` says in a sentence what was wrong and what to do.

Beside this interface the service speaks the
[Open Inference Protocol v2](https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md)
at `/v2`, for clients such as those of Triton and KServe. That standard describes it."""
SCHEMES = {
    "key": SecurityScheme.model_validate({"type": "apiKey", "in": "header", "name": "X-API-Key"}),
    "bearer": SecurityScheme(type="http", scheme="bearer"),
}
OPEN: dict[str, Any] = {"security": []}  # as `openapi_extensions` of an address that asks for no key
MAX_SHOWN = 40  # signs of a wrong value that an error repeats

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


class Api(OpenAPI):
    """Flask's application, which can also describe those of its addresses that an `APIBlueprint` has."""

    def __init__(self, import_name: str, config: Config) -> None:
        """Build it; `config` says whether programs must send a key."""
        schemes: dict[str, Any] = dict(SCHEMES) if config.api_keys else {}
        super().__init__(
            import_name,
            info=Info(title="digitnet", version=__version__, description=DESCRIPTION),
            security_schemes=schemes or None,
            openapi_extensions={"security": [{name: []} for name in schemes]} if schemes else None,
            validation_error_status=HTTPStatus.BAD_REQUEST,
            validation_error_model=Problem,
            validation_error_callback=_refuse,
            doc_ui=False,
        )
        self.openapi_version = OPENAPI_VERSION

    def generate_spec_json(self) -> None:
        """Make the document, with Markdown out of docstrings, and answers in the order of their statuses."""
        super().generate_spec_json()  # type: ignore[no-untyped-call]
        for path in self.spec_json["paths"].values():
            for operation in path.values():
                operation["responses"] = dict(sorted(operation["responses"].items()))
                if "description" in operation:
                    operation["description"] = operation["description"].replace("<br/>", "\n").strip()


def api_blueprint(
    name: str, import_name: str, tag: Tag, *, guarded: bool = True, **options: Any
) -> APIBlueprint:
    """A blueprint whose addresses the document describes, with the errors that any of them may answer.

    `guarded` is false where nobody is asked for a key or comes too often.
    """
    return APIBlueprint(
        name,
        import_name,
        abp_tags=[tag],
        abp_responses=problems(*EVERYWHERE, *(GUARDED if guarded else ())),
        operation_id_callback=lambda *, name, path, method: name,  # noqa: ARG005
        **options,
    )


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


def schema_of(blueprint: APIBlueprint, model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, str]:
    """A reference to the model's schema, for bodies that have several types; `blueprint` brings the schema.

    flask-openapi itself knows only one type of body for an address, JSON.
    """
    _, described = models_json_schema([(model, mode)], ref_template=OPENAPI3_REF_TEMPLATE)
    for name, schema in described["$defs"].items():
        blueprint.components_schemas[name] = Schema(**schema)
    return {"$ref": OPENAPI3_REF_TEMPLATE.format(model=model.__name__)}


def _refuse(error: ValidationError) -> NoReturn:
    """Say in a sentence which of the parameters of the current request is wrong, and what it may be."""
    first = error.errors(include_url=False, include_context=False)[0]
    view = current_app.view_functions[request.endpoint or ""]
    fields = next(
        hint.model_fields
        for hint in get_type_hints(unwrap(view)).values()
        if isclass(hint) and issubclass(hint, BaseModel) and hint.__name__ == error.title
    )
    name = str(first["loc"][0])
    if name not in fields:
        raise BadRequest(
            f"The parameter {_shown(name)} is not known at this address. It takes {' and '.join(fields)}."
        )
    raise BadRequest(
        f"The parameter {name} is {_shown(first['input'])}, but it must be {expected_of(fields[name])}."
    )


def _shown(value: object) -> str:
    """A client's value as an error repeats it: in quotes unless it is a number, and no longer than need be.

    >>> _shown("30"), _shown("many")
    ('30', '"many"')
    """
    text = "".join(sign for sign in str(value) if sign.isprintable())
    text = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return text if text.isascii() and text.isdigit() else f'"{text}"'
