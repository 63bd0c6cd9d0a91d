"""Corrections over HTTP: somebody says which digit a small picture shows, and may take that back.

Programs do so under /api/v1/feedback, and the page under /feedback, where no key is asked for.
"""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_openapi import MediaType, RequestBody
from pydantic import BaseModel, Field
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Response

from service.correction import Correction, Kept, checked, forget, keep, kept_corrections
from service.openapi import CORRECTING, api_blueprint, schema_of
from service.pages import only_with_the_page
from service.problems import problems

blueprint = Blueprint("feedback", __name__)
programs = api_blueprint("feedback_api", __name__, CORRECTING, url_prefix="/api/v1/feedback")

MOST_BYTES = 64 * 1024  # of a request; the picture of one digit has a few hundred


BODY = RequestBody(
    content={
        "application/json": MediaType.model_validate(
            {"schema": schema_of(programs, Correction, "validation")}
        )
    }
)
ADDRESS = {"Location": {"description": "What to DELETE to take it back.", "schema": {"type": "string"}}}
KEPT = {
    "description": "The correction is kept.",
    "headers": ADDRESS,
    "content": {"application/json": {"schema": schema_of(programs, Kept, "serialization")}},
}


class Which(BaseModel):
    """One correction."""

    id: str = Field(description="As it came when the correction was kept.")


@programs.post("", request_body=BODY, responses={201: KEPT, **problems(404, 413, 415, 422, 507)})
def keep_correction() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Say what a digit really is, for later training.

    Only where the service was started with --feedback. What is kept is the small picture that the network
    saw, the `input` of an answer with explain=true, and never the upload.
    """
    corrections = kept_corrections()
    _bound()
    if not request.is_json:
        raise UnsupportedMediaType("Send the correction as JSON, with the Content-Type application/json.")
    try:
        fields = request.get_json()
    except (BadRequest, RecursionError) as error:  # the latter for ten thousand brackets
        raise BadRequest("The body is not valid JSON. Let a JSON library write it.") from error
    kept = keep(corrections, checked(fields))
    return kept.model_dump(), 201, {"Location": url_for("feedback_api.delete_correction", id=kept.id)}


@programs.delete("/<id>", responses={204: {"description": "It is deleted."}, **problems(404)})
def delete_correction(path: Which) -> tuple[str, int]:
    """Take a correction back; who has its id may."""
    forget(kept_corrections(), path.id)
    return "", 204


@blueprint.before_request
def _only_where_wanted() -> None:
    only_with_the_page()


@blueprint.get("/feedback")
def nothing_to_show() -> Response:
    """Somebody came here by the address of an answer: the page is elsewhere."""
    kept_corrections()
    return redirect(url_for("pages.form"), 303)


@blueprint.post("/feedback")
def correct() -> str | tuple[dict[str, Any], int, dict[str, str]]:
    """Keep a correction from the page's form: JSON for the page's script, a page that says thanks without."""
    corrections = kept_corrections()
    _bound()
    kept = keep(corrections, checked(_from_form(request.form)))
    if _for_script():
        return kept.model_dump(), 201, {"Location": url_for("feedback.delete", which=kept.id)}
    return render_template("page.html", answer="thanks", kept=kept)


@blueprint.delete("/feedback/<which>")
def delete(which: str) -> tuple[str, int]:
    """Delete a correction for the page's script."""
    forget(kept_corrections(), which)
    return "", 204


@blueprint.post("/feedback/<which>/delete")
def take_back(which: str) -> str:
    """Delete a correction from a form, which knows no DELETE."""
    forget(kept_corrections(), which)
    return render_template("page.html", answer="thanks")


def _bound() -> None:
    """Read the body, if it is not too long for the correction of one digit."""
    request.max_content_length = MOST_BYTES
    try:
        request.get_data(parse_form_data=True)
    except RequestEntityTooLarge as error:
        raise RequestEntityTooLarge(
            "A correction has at most 64 KiB: send the small picture that the network saw, not the upload."
        ) from error


def _for_script() -> bool:
    accepted = request.accept_mimetypes
    return accepted.best_match(["text/html", "application/json"]) == "application/json"


def _from_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """The fields of a form with its numbers as numbers; what is none stays as it is, to be refused."""
    fields: dict[str, Any] = form.to_dict()
    for name, kind in (("digit", int), ("predicted", int), ("confidence", float)):
        try:
            fields[name] = kind(fields[name])
        except (KeyError, ValueError):
            continue
    return fields
