"""What all tests share: where data lies, and when its absence is a failure instead of a skip."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


def _skip_or_fail(reason: str) -> None:
    """Skip with a sentence; where DIGITNET_REQUIRE_ALL is 1, everything must be at hand, so fail."""
    if os.environ.get("DIGITNET_REQUIRE_ALL") == "1":
        pytest.fail(reason + " DIGITNET_REQUIRE_ALL=1 makes that a failure.")
    pytest.skip(reason)


def _folder(variable: str, what: str) -> Path:
    name = os.environ.get(variable)
    if not name:
        _skip_or_fail(f"Set {variable} to a folder with {what} to run this test.")
    path = Path(str(name))
    if not path.is_dir():
        pytest.fail(f"{variable} names {path}, which is not a folder.")
    return path


@pytest.fixture(scope="session")
def skip_or_fail() -> Callable[[str], None]:
    return _skip_or_fail


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    return _folder("DIGITNET_MNIST_DIR", "the four MNIST files")


@pytest.fixture(scope="session")
def photos_dir() -> Path:
    return _folder("DIGITNET_PHOTOS_DIR", "photographs of digits")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent
