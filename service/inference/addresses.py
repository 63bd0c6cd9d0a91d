"""The addresses of the protocol below /v2; which of Triton's extensions there are, the metadata say."""

import time
from collections.abc import Callable
from typing import Any, NoReturn, cast

from flask import Blueprint, Response, current_app, jsonify, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import Forbidden, NotFound, ServiceUnavailable

from digitnet import __version__
from service import health
from service.inference.answer import answer
from service.inference.asked import LENGTH, read
from service.inference.json_body import member, read_object
from service.inference.models import Spec, find, models
from service.inference.statistics import Statistics
from service.recognition import turn

EXTENSIONS = ["classification", "model_configuration", "model_repository", "binary_tensor_data", "statistics"]
PLATFORM = "digitnet"

blueprint = Blueprint("inference", __name__, url_prefix="/v2")


@blueprint.record_once
def _keep_statistics(state: BlueprintSetupState) -> None:
    state.app.extensions["inference_statistics"] = Statistics()


def _of_model(end: str = "", method: str = "GET") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Route the address of a model that has this end, with and without a version in it."""

    def route(view: Callable[..., Any]) -> Callable[..., Any]:
        for address in ("/models/<name>", "/models/<name>/versions/<version>"):
            blueprint.add_url_rule(address + end, view_func=view, methods=[method])
        return view

    return route


@blueprint.get("", strict_slashes=False)
def server() -> dict[str, Any]:
    """What this server is."""
    return {"name": PLATFORM, "version": __version__, "extensions": EXTENSIONS}


@blueprint.get("/health/live")
def live() -> dict[str, bool]:
    """The process is up."""
    return {"live": True}


@blueprint.get("/health/ready")
def ready() -> dict[str, bool]:
    """A known picture is read right, as at /health/ready."""
    health.ready()
    return {"ready": True}


@blueprint.get("/models", strict_slashes=False)
def names() -> dict[str, list[str]]:
    """The names of the models, as KServe lists them."""
    return {"models": [model.name for model in models()]}


@_of_model("/ready")
def model_ready(name: str, version: str | None = None) -> dict[str, Any]:
    """The same for a model; both read with the same network."""
    model = find(name, version)
    health.ready()
    return {"name": model.name, "ready": True}


@_of_model()
def metadata(name: str, version: str | None = None) -> dict[str, Any]:
    """What a model takes and gives."""
    model = find(name, version)
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": PLATFORM,
        "inputs": [_tensor(model.input)],
        "outputs": [_tensor(spec) for spec in model.outputs],
    }


@_of_model("/config")
def configuration(name: str, version: str | None = None) -> dict[str, Any]:
    """The same in Triton's words. Shapes are whole, their first size included, which a 0 says there."""
    model = find(name, version)
    return {
        "name": model.name,
        "platform": PLATFORM,
        "backend": PLATFORM,
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": 0,
        "input": [_configured(model.input)],
        "output": [_configured(spec) for spec in model.outputs],
    }


@_of_model("/stats")
def statistics(name: str, version: str | None = None) -> dict[str, Any]:
    """What the process that answers has counted for a model."""
    return {"model_stats": [_statistics().of(find(name, version))]}


@blueprint.get("/models/stats")
def all_statistics() -> dict[str, Any]:
    """What the process that answers has counted."""
    return {"model_stats": [_statistics().of(model) for model in models()]}


@blueprint.post("/repository/index")
def index() -> Response:
    """The models and whether each is ready; the body may ask for those alone that are."""
    body = request.get_data()
    only = body and member(read_object(body), "ready", bool, 'The member "ready"')
    state, reason = "READY", ""
    try:
        health.ready()
    except ServiceUnavailable as error:
        state, reason = "UNAVAILABLE", str(error.description)
    entries = [
        {"name": model.name, "version": model.version, "state": state, "reason": reason}
        for model in models()
        if state == "READY" or not only
    ]
    return jsonify(entries)


@_of_model("/infer", method="POST")
def infer(name: str, version: str | None = None) -> Response:
    """Answer for the rows of a tensor."""
    body = request.get_data()
    model, start = find(name, version), time.perf_counter_ns()
    try:
        with turn():  # a small body can say much: reading it is bounded as the pictures are
            asked = read(body, request.headers.get(LENGTH), model)
            rows = model.rows(asked.tensor)
        response = answer(model, asked, model.answers(rows))
    except Exception:
        _statistics().failed(model, time.perf_counter_ns() - start)
        raise
    passed = time.perf_counter_ns() - start
    _statistics().succeeded(model, passed, len(rows), model.executions(rows))
    return response


@blueprint.post("/repository/models/<name>/load")
@blueprint.post("/repository/models/<name>/unload")
def load(name: str) -> NoReturn:
    """Loading is not for clients."""
    find(name, None)
    raise Forbidden(
        "Clients neither load nor unload models here. Whoever runs the service replaces the model's file."
    )


@blueprint.route("/logging", methods=["GET", "POST"])
@blueprint.route("/trace/setting", methods=["GET", "POST"])
@blueprint.route("/models/<path:_rest>/trace/setting", methods=["GET", "POST"])
@blueprint.route("/systemsharedmemory/<path:_rest>", methods=["GET", "POST"])
@blueprint.route("/cudasharedmemory/<path:_rest>", methods=["GET", "POST"])
def absent(_rest: str = "") -> NoReturn:
    """Triton's extensions that are not here."""
    raise NotFound(
        "Of Triton's extensions, settings for logs and traces and shared memory are not served here. "
        "Those that are served are listed at /v2."
    )


def _tensor(spec: Spec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def _configured(spec: Spec) -> dict[str, Any]:
    kind = {"BYTES": "TYPE_STRING"}.get(spec.datatype, f"TYPE_{spec.datatype}")
    return {"name": spec.name, "data_type": kind, "dims": list(spec.shape)}


def _statistics() -> Statistics:
    return cast(Statistics, current_app.extensions["inference_statistics"])
