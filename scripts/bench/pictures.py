"""From the bytes of a picture to its answer: three pictures, stage by stage, beside bare decoding."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageFilter

from bench.contest import Entry, Results, compete
from bench.results import Part, Table
from bench.settings import MODEL, ROOT, Settings
from digitnet import Recognizer
from digitnet.data import load_mnist
from digitnet.imaging import decode, find_digits, normalize
from digitnet.imaging.background import examine
from digitnet.imaging.even_ground import even_ground
from digitnet.imaging.ink import ink_of

DRAWING, TINY, PHOTO = "280×280 PNG", "28×28 PNG", "12-megapixel JPEG"
KINDS = (DRAWING, TINY, PHOTO)
ANSWER, BARE, NETWORK = "bytes to answer", "bare Pillow decoding", "network, one digit"
STAGES = ("decoding, upright and grey", "ground and polarity", "ink, finding and reading the digits")
#: Of pictures in a turn, so that an odd one does not stand for all.
COUNT = 20

TEXT = """\
From the bytes of a file to the answer, `Recognizer.recognize` with the shipped model, on one thread as in a
worker of the service: a digit drawn on 280×280 pixels and one of 28×28, both PNG, and a photograph of
4000×3000 pixels, a JPEG of {megabytes:.1f} MB with noise. The digits are {count} of MNIST's test pictures,
the photograph is `docs/number.jpg`, enlarged.

The floor is Pillow's decoding of the same bytes at full size, which is where a service begins that does
nothing else; it does not check a PNG's checksums, which digitnet does. A JPEG that is looked at reduced is
decoded reduced, so that digitnet can be below it. {turns} turns, A B A B, after one that does not count; a
figure is the median over the turns of the mean over the pictures. The stages are measured one after
another, the ground as far as the first way to see the picture; what is left of the whole goes to the last.
A drawing on an even ground takes a short way where it is one digit beyond doubt, as most of these are; the
others weigh on the mean."""


def measure(settings: Settings) -> Part:
    """Measure the answer, its stages and the floor in one contest."""
    turns, count = (1, 2) if settings.quick else (settings.turns, COUNT)
    environment = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    common = {"count": count, "mnist": settings.mnist}
    entries = {
        who: Entry(
            "bench.pictures:contestant",
            {**common, "who": who},
            environment=environment,
        )
        for who in ("answer", "stages", "bare")
    }
    results = compete(entries, turns=turns, say=settings.say)
    part = report(results)
    megabytes = len(pictures(1, settings.mnist)[PHOTO][0]) / 1e6
    part.text = TEXT.format(turns=turns, count=count, megabytes=megabytes)
    return part


def pictures(count: int, mnist: Path | None) -> dict[str, list[bytes]]:
    """Files of the three kinds, ``count`` small ones and one photograph."""
    drawings, tiny = [], []
    for pixels in load_mnist(mnist).test.images[:count]:
        digit = Image.fromarray(pixels.reshape(28, 28))
        page = Image.new("L", (280, 280), 255)
        page.paste(0, (40, 40), mask=digit.resize((200, 200), Image.Resampling.BICUBIC))
        drawings.append(_file(page, "PNG"))
        tiny.append(_file(digit, "PNG"))
    with Image.open(ROOT / "docs" / "number.jpg") as number:
        photo = number.resize((4000, 3000), Image.Resampling.BICUBIC)
    noise = Image.effect_noise(photo.size, 12).filter(ImageFilter.GaussianBlur(1)).convert("RGB")
    return {DRAWING: drawings, TINY: tiny, PHOTO: [_file(Image.blend(photo, noise, 0.1), "JPEG", quality=90)]}


def _file(image: Image.Image, kind: str, **options: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def contestant(who: str, count: int, mnist: Path | None) -> Callable[[], dict[str, float]]:
    """Seconds a picture of every kind, or of every kind and stage."""
    files = pictures(count, mnist)
    if who == "bare":
        return partial(_means, files, {BARE: _bare})
    recognizer = Recognizer.load(MODEL)
    if who == "answer":
        return partial(_means, files, {ANSWER: recognizer.recognize})
    return partial(_stages, files, recognizer)


def _bare(content: bytes) -> None:
    with Image.open(io.BytesIO(content)) as image:
        image.load()


def _means(
    files: Mapping[str, Sequence[bytes]], ways: Mapping[str, Callable[[bytes], object]]
) -> dict[str, float]:
    found = {}
    for kind, contents in files.items():
        for name, way in ways.items():
            started = time.perf_counter()
            for content in contents:
                way(content)
            found[f"{kind}, {name}"] = (time.perf_counter() - started) / len(contents)
    return found


def _stages(files: Mapping[str, Sequence[bytes]], recognizer: Recognizer) -> dict[str, float]:
    found = {}
    model = recognizer.model
    for kind, contents in files.items():
        times: list[list[float]] = []
        for content in contents:
            clock = [time.perf_counter()]
            picture = decode(content)
            clock.append(time.perf_counter())
            even = even_ground(picture.tones)
            scene = None if even else examine(picture.grey)
            clock.append(time.perf_counter())
            find_digits(picture, model.geometry, model.scores)
            clock.append(time.perf_counter())
            ink = ink_of(scene or even.scene())
            pixels = normalize(ink.values, model.geometry)[None]
            middle = time.perf_counter()
            model.scores(pixels)
            network = time.perf_counter() - middle
            seconds = [after - before for before, after in pairwise(clock)]
            seconds[2] -= seconds[1]
            times.append([*seconds, network])
        for name, column in zip((*STAGES, NETWORK), zip(*times, strict=True), strict=True):
            found[f"{kind}, {name}"] = statistics.fmean(column)
    return found


def report(results: Results) -> Part:
    """The part of what was measured."""
    part = Part("Pictures: from bytes to an answer", left_out=dict(results.left_out))
    rows = []
    for who, names in (("answer", (ANSWER,)), ("bare", (BARE,)), ("stages", (*STAGES, NETWORK))):
        for name in names if who in results.turns else ():
            label = f"floor: {name}" if name == BARE else name
            label = f"of it: {name}" if name in STAGES else f"of that: {name}" if name == NETWORK else label
            cells = [f"{1e3 * results.median(who, f'{kind}, {name}'):.2f}" for kind in KINDS]
            rows.append([label, *cells])
    part.tables.append(Table("Milliseconds a picture", ["", *KINDS], rows))
    if "answer" in results.turns:
        rate = [f"{1 / results.median('answer', f'{kind}, {ANSWER}'):,.0f}" for kind in KINDS]
        part.tables.append(Table("Pictures a second and core", ["", *KINDS], [["digitnet", *rate]]))
    for kind in KINDS if {"answer", "bare"} <= results.turns.keys() else ():
        pairs = zip(
            results.values("answer", f"{kind}, {ANSWER}"),
            results.values("bare", f"{kind}, {BARE}"),
            strict=True,
        )
        ratio = statistics.median(answer / bare for answer, bare in pairs)
        if ratio > 1:
            part.losses.append(f"{kind}: an answer takes {ratio:.1f} times as long as bare decoding.")
    return part
