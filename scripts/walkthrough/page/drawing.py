"""How the lessons draw: colours that everybody tells apart, one style, animations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from digitnet.network_plots import BLUE_TO_ORANGE

__all__ = [
    "ANIMATION_DPI",
    "BLUE_TO_ORANGE",
    "CLASS_COLORS",
    "COLORS",
    "PICTURE_DPI",
    "STYLE",
    "drawn",
    "save_gif",
    "without_grid",
]

#: Colours that people with any kind of colour vision tell apart (Okabe & Ito 2008).
COLORS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "yellow": "#E69F00",
    "sky": "#56B4E9",
    "black": "#222222",
    "grey": "#8A8A8A",
}
#: Class 0 is blue and class 1 orange, in every picture.
CLASS_COLORS = (COLORS["blue"], COLORS["orange"])
STYLE = {
    "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
PICTURE_DPI, ANIMATION_DPI = 120, 100
LAST_FRAME_SECONDS = 2.0
NEARLY_WHITE = 245


def without_grid(figure: Figure) -> None:
    """Take the grid away where an image is shown."""
    for axes in figure.axes:
        if axes.images:
            axes.grid(visible=False)


def drawn(draw: Callable[[Figure], object], size: tuple[float, float]) -> Image.Image:
    """What a function draws on an empty figure, as an image."""
    figure = Figure(figsize=size, dpi=ANIMATION_DPI, layout="constrained")
    draw(figure)
    without_grid(figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def save_gif(images: list[Image.Image], path: Path, seconds_per_frame: float) -> None:
    """Write an animation that starts over and over; the last frame stays for two seconds.

    All frames share one palette, taken from nine of them: else the colours would flicker.
    """
    some = images[:: max(1, len(images) // 8)][-8:] + images[-1:]
    width, height = images[0].size
    strip = Image.new("RGB", (width, height * len(some)))
    for index, image in enumerate(some):
        strip.paste(image, (0, height * index))
    palette = strip.quantize(256, method=Image.Quantize.MEDIANCUT)
    colors = np.array(palette.getpalette()).reshape(-1, 3)
    colors[(colors > NEARLY_WHITE).all(axis=1)] = 255  # the ground is white, not a mean of nearly white
    palette.putpalette(colors.ravel().tolist())
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    milliseconds = [round(1000 * seconds_per_frame)] * (len(frames) - 1) + [round(1000 * LAST_FRAME_SECONDS)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
