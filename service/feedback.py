"""Corrections over HTTP: somebody says which digit a small picture shows, and may take that back."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Response

from service.correction import checked, forget, keep, kept_corrections
from service.pages import only_with_the_page

blueprint = Blueprint("feedback", __name__)

MOST_BYTES = 64 * 1024  # of a request; the picture of one digit has a few hundred


@blueprint.post("/api/v1/feedback")
def keep_for_program() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Keep a correction that a program sends as JSON."""
    corrections = kept_corrections()
    _bound()
    if not request.is_json:
        raise UnsupportedMediaType("Send the correction as JSON, with the Content-Type application/json.")
    try:
        fields = request.get_json()
    except (BadRequest, RecursionError) as error:  # the latter for ten thousand brackets
        raise BadRequest("The body is not valid JSON. Let a JSON library write it.") from error
    kept = keep(corrections, checked(fields))
    return kept.model_dump(), 201, {"Location": url_for("feedback.delete_for_program", which=kept.id)}


@blueprint.delete("/api/v1/feedback/<which>")
def delete_for_program(which: str) -> tuple[str, int]:
    """Delete a correction; who has its id may."""
    forget(kept_corrections(), which)
    return "", 204


@blueprint.before_request
def _only_where_wanted() -> None:
    if request.path.startswith("/feedback"):
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
