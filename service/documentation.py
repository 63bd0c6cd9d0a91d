"""The interface's description: the OpenAPI document, and a page of it to try everything out."""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from io import BytesIO
from mimetypes import guess_type
from pathlib import Path
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from service.openapi import Api

blueprint = Blueprint("documentation", __name__, url_prefix="/api")

STATIC = Path(__file__).parent / "static"
SWAGGER = Path(str(files("flask_openapi_swagger"))) / "templates" / "swagger"
# What the page is made of; of Swagger UI no more than it needs.
FILES = {
    "colours.css": STATIC / "colours.css",
    "docs.css": STATIC / "docs.css",
    "docs.js": STATIC / "docs.js",
    "swagger-ui-bundle.js": SWAGGER / "js" / "swagger-ui-bundle.js",
    "swagger-ui.css": SWAGGER / "css" / "swagger-ui.css",
}


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI document of this service."""
    return jsonify(cast(Api, current_app).api_doc)


@blueprint.get("/docs")
def page() -> str:
    """The document as a page. Without JavaScript it lists the addresses, with it Swagger UI takes over."""
    described = cast(Api, current_app).api_doc
    operations = [
        {
            "method": method.upper(),
            "path": path,
            **operation,
            "curl": _curl(described, method, path, operation),
        }
        for path, item in described["paths"].items()
        for method, operation in item.items()
    ]
    return render_template("docs.html", document=described, operations=operations, file_url=_file_url)


@blueprint.get("")
@blueprint.get("/")
@blueprint.get("/docs/")
def elsewhere() -> BaseResponse:
    """Other addresses that people try for that page."""
    return redirect(url_for("documentation.page"), 308)


@blueprint.get("/docs/<name>")
def file(name: str) -> Response:
    """One of the files of the page, packed where the browser can unpack it: it is a third as long then."""
    if name not in FILES:
        abort(404)
    packed = request.accept_encodings["gzip"] > 0
    data = _packed(name) if packed else FILES[name].read_bytes()
    etag = _fingerprint(name) + ("-gzip" if packed else "")
    answer = send_file(BytesIO(data), guess_type(name)[0], etag=etag)
    if packed:
        answer.content_encoding = "gzip"
    answer.vary.add("Accept-Encoding")
    return answer


def _curl(described: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    """A command that asks this address, for people to fill in."""
    options = []
    if operation.get("security", described.get("security")):
        options.append("-H 'X-API-Key: YOUR-KEY'")
    content = operation.get("requestBody", {}).get("content", {})
    if form := content.get("multipart/form-data"):
        model = form["schema"]["$ref"].rsplit("/", 1)[-1]
        names = described["components"]["schemas"][model]["properties"]
        options += [f"-F {name}=@picture.png" for name in names]
    elif "application/json" in content:
        options.append("-H 'Content-Type: application/json' -d @body.json")
    elif method != "get":
        options.append(f"-X {method.upper()}")
    address = request.host_url.rstrip("/") + path.replace("{", "").replace("}", "")
    return " ".join(["curl", *options, address])


def _file_url(name: str) -> str:
    """The address of such a file. It changes with the file, so a browser may keep the file for long."""
    return url_for("documentation.file", name=name, v=_fingerprint(name))


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256(FILES[name].read_bytes()).hexdigest()[:8]


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(FILES[name].read_bytes(), mtime=0)
