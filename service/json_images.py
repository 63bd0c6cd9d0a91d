"""Takes pictures out of a JSON body: each is base64, alone, in a data URL or beside the name of its file."""

from base64 import b64decode
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

HOW = (
    'Send {"images": [...]} with a picture in base64, or an object that has one as "data" '
    'and may have a "filename", for each.'
)
MARKS_PER_IMAGE = 64  # a picture in base64 has one or two, with the name of its file about ten
MARKS_BESIDE = 256

Base64 = Annotated[
    str,
    Field(
        min_length=1,
        pattern=r"^(data:[^,]*;base64,)?([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        description="A picture in base64, perhaps as a data URL.",
    ),
]


class NamedImage(BaseModel):
    """A picture and the name of its file, which the answer repeats."""

    model_config = ConfigDict(extra="forbid", strict=True)

    data: Base64
    filename: str | None = None


class Images(BaseModel):
    """Pictures as JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    images: list[Base64 | NamedImage] = Field(min_length=1)


def images_in(body: bytes, most: int) -> list[tuple[str | None, bytes]]:
    """Each picture with the name of its file, if it has one; [] for a body that is a list of none.

    Raises a 400 that says which picture is wrong, and a 413 for more than `most`.

    >>> images_in(b'{"images": ["R0lG", {"data": "data:image/gif;base64,R0lG", "filename": "a.gif"}]}', 2)
    [(None, b'GIF'), ('a.gif', b'GIF')]
    """
    # Ten million bytes could hold three million empty objects, which would take 300 MB.
    if sum(map(body.count, (b",", b"[", b"{"))) > MARKS_PER_IMAGE * most + MARKS_BESIDE:
        raise RequestEntityTooLarge(
            f"The JSON has far more values than {most} pictures need, which is the most that are taken. "
            "Send them in several requests."
        )
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BadRequest(f"The body is no JSON: {error}. {HOW}") from error
    entries = value.get("images") if isinstance(value, dict) else None
    if entries == []:
        return []
    if isinstance(entries, list) and len(entries) > most:
        raise RequestEntityTooLarge(
            f"The request holds {len(entries)} pictures, but at most {most} are taken. "
            "Send them in several requests."
        )
    try:
        images = Images.model_validate(value).images
    except ValidationError as error:
        raise BadRequest(_complaint(error, entries)) from error
    return [
        (image.filename, _decoded(image.data)) if isinstance(image, NamedImage) else (None, _decoded(image))
        for image in images
    ]


def _decoded(text: str) -> bytes:
    # The alphabet of base64 has no comma, and so a comma ends the beginning of a data URL.
    return b64decode(text[text.find(",") + 1 :])


def _complaint(error: ValidationError, entries: Any) -> str:
    first, *others = error.errors(include_url=False, include_context=False)
    if len(first["loc"]) < 2:
        return f"The JSON is not what is read here. {HOW}"
    place = int(first["loc"][1])
    which = f"Image {place + 1} of {len(entries)}" if len(entries) > 1 else "The image"
    # A wrong entry is no text and no object; an object may have base64 that is wrong, or something else.
    about = [one for one in (first, *others) if one["loc"][1] == place]
    kinds = {one["type"] for one in about}
    if "string_too_short" in kinds:
        return f"{which} is empty: it has no bytes. Send a picture."
    if "string_pattern_mismatch" in kinds:
        return (
            f"{which} is not in base64, which has the signs A to Z, a to z, 0 to 9, + and /, "
            "is padded with = and has no line breaks. Encode it again."
        )
    return f"{which} is neither a text in base64 nor an object that has one. {HOW}"
