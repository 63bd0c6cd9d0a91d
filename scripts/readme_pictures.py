"""Draw the README's pictures: a number to read, the way through the pipeline, the page in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from readme import ROOT, serving

from digitnet import Recognizer
from digitnet.imaging import decode, find_digits
from digitnet.imaging.ink import extract_ink

DOCS = ROOT / "docs"
# Strokes of a handwritten 42, in hundredths of the picture's height.
STROKES = [
    [(38, 18), (33, 35), (29, 55), (45, 56), (62, 54)],
    [(55, 20), (54, 50), (52, 84)],
    [(82, 32), (88, 21), (100, 17), (109, 25), (107, 40), (96, 57), (80, 80), (95, 78), (116, 80)],
]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Draw the README's pictures: a number to read, the way through the pipeline, the page."""
    draw_number(DOCS / "number.jpg")
    draw_pipeline(DOCS / "number.jpg", DOCS / "pipeline.png")
    draw_page(DOCS)


def draw_page(folder: Path) -> None:
    """The page of a service that takes corrections, on a desk and on a phone."""
    with TemporaryDirectory() as other, serving("--feedback", str(Path(other) / "some.sqlite")) as address:
        take_screenshot(address, folder / "page.png", (1280, 960))
        take_screenshot(address, folder / "page-phone.png", (360, 1170))


def draw_number(path: Path, size: int = 300) -> None:
    """A 42 in blue ink on unevenly lit paper, like a photograph, drawn from its strokes."""
    fine = 4  # drawn larger and reduced, for smooth edges
    ink = Image.new("L", (size * 3 // 2 * fine, size * fine), 0)
    draw = ImageDraw.Draw(ink)
    for stroke in STROKES:
        points = [(x * size * fine / 100, y * size * fine / 100) for x, y in _smooth(stroke)]
        for x, y in points:
            radius = 0.022 * size * fine
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    coverage = np.asarray(ink.resize((size * 3 // 2, size), Image.Resampling.BOX)) / 255.0
    y, x = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 3 // 2 * 1j]
    light = (0.95 - 0.35 * x * (0.4 + y))[..., None]
    paper, blue = np.array([248, 243, 230]), np.array([38, 52, 120])
    picture = light * (paper + coverage[..., None] * (blue - paper))
    picture += np.random.default_rng(0).normal(0, 3, picture.shape)
    path.parent.mkdir(exist_ok=True)
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    image.filter(ImageFilter.GaussianBlur(0.7)).save(path, quality=88)


def _smooth(stroke: list[tuple[int, int]], steps: int = 60) -> Iterator[tuple[float, float]]:
    """Points along a Catmull-Rom spline through those of the stroke."""
    padded = np.array([stroke[0], *stroke, stroke[-1]], float)
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for t in np.linspace(0, 1, steps):
            point = (
                2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
            ) / 2
            yield float(point[0]), float(point[1])


def draw_pipeline(source: Path, path: Path) -> None:
    """The steps from a photograph to an answer, with what each of them gives."""
    from matplotlib.figure import Figure

    content = source.read_bytes()
    recognizer = Recognizer.load(ROOT / "models" / "mnist.safetensors")
    picture = decode(content)
    glyphs = find_digits(picture, recognizer.model.geometry, recognizer.model.scores)
    prediction = recognizer.recognize(content)
    figure = Figure(figsize=(12, 3.4), layout="constrained", facecolor="white")
    grid = figure.add_gridspec(2, 5, width_ratios=[1.5, 1.5, 1.5, 0.8, 1.3])
    steps = (
        ("the bytes of a photograph", Image.open(source), None),
        ("decode: grey, upright", picture.grey, "gray"),
        ("ink: light and noise removed", extract_ink(picture.grey).values, "gray_r"),
    )
    for column, (title, image, colours) in enumerate(steps):
        axes = figure.add_subplot(grid[:, column])
        axes.imshow(image, cmap=colours)
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    for row, (glyph, digit) in enumerate(zip(glyphs, prediction.digits, strict=True)):
        seen = figure.add_subplot(grid[row, 3])
        seen.imshow(glyph.pixels, cmap="gray")
        seen.set_axis_off()
        bars = figure.add_subplot(grid[row, 4])
        bars.bar(range(10), digit.probabilities, color="#3b5bdb")
        bars.set_xticks(range(10))
        bars.set_ylim(0, 1)
        bars.tick_params(labelsize=7)
        if row == 0:
            seen.set_title("locate, normalize: 28×28", fontsize=10)
            bars.set_title("network: probabilities", fontsize=10)
    figure.savefig(path, dpi=110)


def take_screenshot(address: str, path: Path, size: tuple[int, int]) -> None:
    """The page in a real browser of this size, with a number drawn on it by the mouse and its answer."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise click.ClickException("The screenshot needs chromium: install Debian's package chromium.")
    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    width, height = size
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(
            viewport={"width": width, "height": height}, reduced_motion="reduce", has_touch=width < 600
        )
        page.goto(address)
        pad = page.locator("#pad").bounding_box()
        if pad is None:
            raise click.ClickException("The page has no pad to draw on.")
        for stroke in STROKES:
            (x, y), *points = _smooth(stroke, steps=8)
            scale = pad["height"] / 100
            left = pad["x"] + pad["width"] / 2 - 75 * scale
            page.mouse.move(left + x * scale, pad["y"] + y * scale)
            page.mouse.down()
            for x, y in points:
                page.mouse.move(left + x * scale, pad["y"] + y * scale)
            page.mouse.up()
        page.locator("#boxes rect").nth(1).wait_for()
        page.locator("#status:not(:empty)").wait_for(state="attached")  # the last answer has come
        screenshot = Image.open(BytesIO(page.screenshot())).convert("RGB")
        browser.close()
    screenshot.quantize(256, kmeans=2, dither=Image.Dither.NONE).save(
        path, optimize=True
    )  # under half the bytes


if __name__ == "__main__":
    main()
