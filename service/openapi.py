"""The application, and what its OpenAPI 3.1 document says besides what addresses and models tell."""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from inspect import isclass, unwrap
from threading import Lock
from typing import Any, NoReturn, get_type_hints

from flask import Flask, Request, current_app, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask_openapi import APIBlueprint, Info, OpenAPI, SecurityScheme, Tag
from flask_openapi.models import OPENAPI3_REF_TEMPLATE, Schema
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.exceptions import BadRequest

from digitnet import __version__
from service.config import Config
from service.problems import EVERYWHERE, GUARDED, Problem, problems
from service.settings_sources import expected_of

# flask-openapi would say 3.2.0. Nothing here needs more than 3.1, which more programs read.
OPENAPI_VERSION = "3.1.1"
PREDICTING = Tag(name="Predictions", description="Pictures in, digits out.")
CORRECTING = Tag(name="Corrections", description="What was read wrong, and how to say so.")
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


class NoSessions(SessionInterface):
    """Nothing is remembered of a client, and so nothing is looked for in its cookies."""

    nothing = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        """The empty session that all requests have."""
        return self.nothing


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
        self.session_interface = NoSessions()
        self._describing = Lock()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: none here is asynchronous, and Flask looks at each of six a request."""
        return func

    @property
    def api_doc(self) -> dict[str, Any]:
        """The document, made when it is first asked for."""
        # flask-openapi would show it to other threads before it is complete.
        with self._describing:
            return super().api_doc

    def generate_spec_json(self) -> None:
        """Make the document, with Markdown out of docstrings, and answers in the order of their statuses."""
        super().generate_spec_json()  # type: ignore[no-untyped-call]
        for path in self.spec_json["paths"].values():
            for operation in path.values():
                operation["responses"] = dict(sorted(operation["responses"].items()))
                if "description" in operation:
                    operation["description"] = operation["description"].replace("<br/>", "\n").strip()


class Parameters(BaseModel):
    """The parameters of an address, as a model.

    flask-openapi asks for its schema at every request, which took about as long to make as all else that the
    application does for a picture besides reading it.
    """

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """The schema; without arguments it is made once, and nobody may change it."""
        return super().model_json_schema(*args, **options) if args or options else _schema(cls)


@cache
def _schema(model: type[Parameters]) -> dict[str, Any]:
    return super(Parameters, model).model_json_schema()


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
