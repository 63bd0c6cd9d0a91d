"""Hostile files from a seed: pictures of every type damaged in many ways, bombs, and what to answer."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image, features

from load.bombs import BOMBS, FIXED
from load.connection import Answer, request
from load.questions import PREDICT, PROBLEM, Question, draw, form

ALLOWED = (200, 400, 413, 415, 422)
# Types that are read, and types that are not but that Pillow would know.
READ = {
    "png": ("PNG", {}),
    "png-16": ("PNG", {}),
    "png-palette": ("PNG", {}),
    "jpeg": ("JPEG", {}),
    "jpeg-progressive": ("JPEG", {"progressive": True, "quality": 95}),
    "webp": ("WEBP", {}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "bmp": ("BMP", {}),
    "gif": ("GIF", {}),
}
OTHERS = {kind.lower(): kind for kind in ("TIFF", "ICO", "PPM", "TGA", "PCX", "EPS", "PDF")}
# Nothing of a server's inside may be in a sentence.
LEAKS = re.compile(
    r"Traceback|site-packages|\.py\b|(?<![\w.])/\w+/|object at 0x|Errno|PIL\b|<\w", re.IGNORECASE
)


def hostile_files(count: int = 1000, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """So many files, each with a name that says what was done; the same seed always gives the same ones."""
    rng = np.random.default_rng(seed)
    whole = _whole_files()
    names, bombs, damages = list(whole), list(BOMBS), list(DAMAGES)
    for number in range(count):
        if number % 3 == 0:
            bomb = bombs[number // 3 % len(bombs)]
            yield f"{number}-{bomb}", BOMBS[bomb](rng)
        else:
            name = names[(number - number // 3) % len(names)]
            content, done = whole[name], []
            for _ in range(int(rng.integers(1, 4))):
                damage = damages[int(rng.integers(len(damages)))]
                content = DAMAGES[damage](rng, content)
                done.append(damage)
            yield f"{number}-{name}-{'-'.join(done)}", content


def _whole_files() -> dict[str, bytes]:
    picture = Image.open(io.BytesIO(draw("42")))
    files = {}
    for name, (kind, options) in READ.items():
        shown = picture
        if name == "png-16":
            shown = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
        elif name == "png-palette":
            shown = picture.convert("P")
        exif = Image.Exif()
        exif[0x0112] = 6
        more = {"exif": exif.tobytes()} if kind in ("PNG", "JPEG", "WEBP") else {}
        files[name] = _encoded(shown, kind, **options, **more)
    others = dict(OTHERS)
    if features.check("avif"):
        others["avif"] = "AVIF"
    if features.check_codec("jpg_2000"):
        others["jpeg-2000"] = "JPEG2000"
    return files | {name: _encoded(picture, kind) for name, kind in others.items()}


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options, **FIXED.get(kind, {}))
    return stream.getvalue()


def _place(rng: np.random.Generator, content: bytes) -> int:
    """Somewhere, and every other time near the beginning, where the structure is."""
    return int(rng.integers(0, max(1, len(content) if rng.integers(2) else min(len(content), 80))))


def _flip_bits(rng: np.random.Generator, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 20)) if changed else 0):
        changed[_place(rng, content)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut_off(rng: np.random.Generator, content: bytes) -> bytes:
    return content[: _place(rng, content)]


def _wrong_length(rng: np.random.Generator, content: bytes) -> bytes:
    place, width = _place(rng, content), int(rng.choice([1, 2, 4]))
    value = (0, 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1)[int(rng.integers(4))]
    return (
        content[:place]
        + value.to_bytes(width, "big" if rng.integers(2) else "little")
        + content[place + width :]
    )


def _noise(rng: np.random.Generator, content: bytes) -> bytes:
    place, length = _place(rng, content), int(rng.integers(1, 200))
    return content[:place] + rng.bytes(length) + content[place + (length if rng.integers(2) else 0) :]


def _left_out(rng: np.random.Generator, content: bytes) -> bytes:
    place = _place(rng, content)
    return content[:place] + content[place + int(rng.integers(1, 100)) :]


def _repeated(rng: np.random.Generator, content: bytes) -> bytes:
    place = _place(rng, content)
    piece = content[place : place + int(rng.integers(1, 400))]
    return content[:place] + piece * int(rng.integers(2, 200)) + content[place:]


DAMAGES: dict[str, Callable[[np.random.Generator, bytes], bytes]] = {
    "bits": _flip_bits,
    "cut": _cut_off,
    "length": _wrong_length,
    "noise": _noise,
    "gap": _left_out,
    "repeat": _repeated,
}


def questions(files: Sequence[tuple[str, bytes]]) -> Iterator[Question]:
    """Each file as a request, by turns as the body, in a form and to the page."""
    for number, (name, content) in enumerate(files):
        if number % 3 == 0:
            message = request("POST", PREDICT, content, "image/png")
        else:
            message = request("POST", PREDICT if number % 3 == 1 else "/", *form((f"{number}.png", content)))
        yield Question(name, message, complaint)


def complaint(answer: Answer) -> str:
    """What is wrong with the answer to a hostile file; "" where nothing is."""
    if answer.status not in ALLOWED:
        return f"It was answered with {answer.status}."
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        return ""
    document = json.loads(answer.body)
    if answer.status == 200:
        return "" if "predictions" in document else "The answer has no predictions."
    if kind != PROBLEM or document["status"] != answer.status:
        return "It was not refused with a problem document."
    sentence = document["detail"]
    if not sentence[0].isupper() or sentence[-1] not in ".!" or LEAKS.search(sentence):
        return f"It was refused with {sentence!r}."
    return ""
