"""Formats by content: five are read, every other is refused, and what is damaged is called so."""

import io
import struct
import zlib

import pytest
from PIL import Image, features

URL = "/api/v1/predict"
READ = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "GIF": "image/gif",
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><text>4</text></svg>'
# Kinds that Pillow can write, and would read as well if it was let; the mode that each of them needs.
OTHERS = {
    "TIFF": "L",
    "EPS": "L",
    "ICO": "L",
    "PDF": "L",
    "PPM": "L",
    "TGA": "L",
    "PCX": "L",
    "SGI": "L",
    "SPIDER": "L",
    "DDS": "RGB",
    "BLP": "P",
    "XBM": "1",
    "MSP": "1",
    "ICNS": "RGB",
    "JPEG2000": "L",
    "AVIF": "RGB",
}
FEATURES = {"JPEG2000": "jpg_2000", "AVIF": "avif", "WEBP": "webp"}
# Beginnings of what Pillow does not write.
HEADS = {
    "drawing.svg": SVG,
    "drawing with a declaration.svg": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]>' + SVG,
    "compressed drawing.svgz": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + bytes(50),
    "layers.psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 100, 100, 8, 3) + bytes(100),
    "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
    "photo.avif": b"\0\0\0\x1cftypavif\0\0\0\0mif1avif" + bytes(100),
    "photo.jxl": b"\xff\x0a" + bytes(100),
    "photo.cr2": b"II*\0\x10\0\0\0CR\2\0" + bytes(100),
    "paint.fli": struct.pack("<IHHHHHHI", 128, 0xAF11, 1, 320, 200, 8, 0, 5) + bytes(108),
    "metafile.wmf": b"\xd7\xcd\xc6\x9a" + bytes(100),
    "metafile.emf": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(60),
    "page.html": b"<!doctype html><script>alert(1)</script>",
    "script.ps": b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n",
    "archive.zip": b"PK\3\4" + bytes(100),
    "program": b"\x7fELF\2\1\1" + bytes(100),
    "film.mp4": b"\0\0\0\x20ftypisom" + bytes(100),
    "sound.wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(100),
    "zeros": bytes(1000),
}


def encode(text, draw, form, mode="L"):
    picture, stream = Image.open(io.BytesIO(draw(text))).convert(mode), io.BytesIO()
    picture.save(stream, form)
    return stream.getvalue()


def send(client, data, kind="image/png", name="picture.png"):
    """The statuses of sending this as a body and in a form, which has to be one, and the last answer."""
    whole = client.post(URL, data=data, content_type=kind)
    part = client.post(URL, data={"image": (io.BytesIO(data), name, kind)})
    assert whole.status_code == part.status_code
    return whole


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "image/tiff", "application/octet-stream"])
@pytest.mark.parametrize("form", READ)
def test_the_content_tells_and_not_the_type_that_is_announced(real_client, draw, form, kind):
    answer = send(real_client, draw("7", form), kind, "drawing.svg")
    assert answer.json["predictions"][0]["text"] == "7"


@pytest.mark.parametrize("form", OTHERS)
def test_other_formats_are_refused_whatever_they_call_themselves(real_client, problem, draw, form):
    if form in FEATURES and not features.check(FEATURES[form]):
        pytest.skip(f"Pillow was built without {form}.")
    data = encode("4", draw, form, OTHERS[form])
    for kind in ("image/png", f"image/{form.lower()}"):
        assert "PNG, JPEG, WebP, BMP and GIF" in problem(send(real_client, data, kind), 415)


@pytest.mark.parametrize("name", HEADS)
def test_what_begins_like_something_else_is_refused(real_client, problem, name):
    problem(send(real_client, HEADS[name], name=name), 415)


@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9, 0.99])
def test_a_picture_that_was_cut_off_is_damaged(real_client, problem, draw, form, share):
    data = draw("42", form)
    assert "damaged or incomplete" in problem(send(real_client, data[: int(share * len(data))]), 422)


@pytest.mark.parametrize("form", READ)
def test_a_picture_of_which_only_the_signature_came_is_damaged(real_client, problem, draw, form):
    data = draw("42", form)
    for length in (16, 20, 26):
        problem(send(real_client, data[:length]), 422)


def test_more_that_pillow_cannot_decode(real_client, problem, draw):
    """Each of these makes Pillow raise something else than the one before."""
    png, gif, bmp = draw("42"), draw("42", "GIF"), draw("42", "BMP")
    end = b"\0\0\0\0IEND\xae\x42\x60\x82"
    junk = struct.pack(">I", 4) + b"IDATjunk" + struct.pack(">I", zlib.crc32(b"IDATjunk"))
    damaged = {
        "no data": png[:33] + end,
        "data that zlib does not know": png[:33] + junk + end,
        "77 bits a pixel": bmp[:28] + struct.pack("<H", 77) + bmp[30:],
        "an unknown compression": bmp[:30] + struct.pack("<I", 99) + bmp[34:],
        "no pixels": bmp[:18] + struct.pack("<ii", 0, 0) + bmp[26:],
        "no picture": gif[:13] + b";",
        "an empty extended header": b"RIFF" + struct.pack("<I", 100) + b"WEBPVP8X" + bytes(92),
        "no scan": draw("42", "JPEG")[:2] + b"\xff\xd9",
    }
    for name, data in damaged.items():
        assert "damaged or incomplete" in problem(send(real_client, data), 422), name
