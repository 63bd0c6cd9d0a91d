"""Every setting of the service in one typed place, with its default and its name in the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from digitnet.errors import ConfigurationError

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "models" / "mnist.safetensors"


@dataclass(frozen=True)
class Config:
    """What one service works with. Read it from the environment, or build it in code as tests do."""

    model: Path = SHIPPED_MODEL
    max_body_bytes: int = 10 * 1024 * 1024
    max_pixels: int = 25_000_000
    max_images: int = 64

    def __post_init__(self) -> None:
        for name in ("max_body_bytes", "max_pixels", "max_images"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigurationError(f"{name} is {value}, but it must be at least 1.")

    @property
    def max_parts(self) -> int:
        """How many parts a form may have: the images, and a few fields that a client may add."""
        return self.max_images + 16

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Config":
        """The defaults, with what DIGITNET_MODEL, DIGITNET_MAX_BODY_BYTES and so on say instead."""
        model = environ.get("DIGITNET_MODEL")
        return cls(
            model=Path(model) if model else cls.model,
            max_body_bytes=_whole_number(environ, "DIGITNET_MAX_BODY_BYTES", cls.max_body_bytes),
            max_pixels=_whole_number(environ, "DIGITNET_MAX_PIXELS", cls.max_pixels),
            max_images=_whole_number(environ, "DIGITNET_MAX_IMAGES", cls.max_images),
        )


def _whole_number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise ConfigurationError(f"{name} is {text!r}, but it must be a whole number of at least 1.")
    return value
