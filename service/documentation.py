"""The interface's description: the OpenAPI document, and a page of it on which to try everything out."""

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import cast

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    send_file,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from service.openapi import Api

blueprint = Blueprint("documentation", __name__, url_prefix="/api")

STATIC = Path(__file__).parent / "static"
SWAGGER = Path(str(files("flask_openapi_swagger"))) / "templates" / "swagger"
FILES = {
    "swagger-ui.css": SWAGGER / "css" / "swagger-ui.css",
    "swagger-ui-bundle.js": SWAGGER / "js" / "swagger-ui-bundle.js",
    "docs.css": STATIC / "docs.css",
    "docs.js": STATIC / "docs.js",
}


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI document of this service."""
    return jsonify(cast(Api, current_app).api_doc)


@blueprint.get("/docs")
def page() -> str:
    """The document as a page."""
    return render_template("docs.html", document=cast(Api, current_app).api_doc, file_url=_file_url)


@blueprint.get("/")
@blueprint.get("/docs/")
def elsewhere() -> BaseResponse:
    """The addresses that people try for that page."""
    return redirect(url_for("documentation.page"), 308)


@blueprint.get("/docs/<name>")
def file(name: str) -> Response:
    """One of the files that the page is made of."""
    if name not in FILES:
        abort(404)
    return send_file(FILES[name])


def _file_url(name: str) -> str:
    """The address of such a file. It changes with the file, so a browser may keep the file for long."""
    return url_for("documentation.file", name=name, v=_fingerprint(name))


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256(FILES[name].read_bytes()).hexdigest()[:8]
