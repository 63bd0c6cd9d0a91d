"""What all tests share: where data lies, and when its absence is a failure instead of a skip."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where DIGITNET_REQUIRE_ALL is 1, as on a build server, a skip is a failure."""
    report = yield
    if report.skipped and os.environ.get("DIGITNET_REQUIRE_ALL") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"DIGITNET_REQUIRE_ALL=1 makes this skip a failure: {report.longrepr}"
    return report


def _folder(variable: str, what: str) -> Path:
    name = os.environ.get(variable)
    if not name:
        pytest.skip(f"Set {variable} to a folder with {what} to run this test.")
    path = Path(name)
    if not path.is_dir():
        pytest.fail(f"{variable} names {path}, which is not a folder.")
    return path


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
