"""What tests and the examples of docstrings share: a place for temporary files that does not stay."""

import tempfile
from collections.abc import Generator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Whatever asks Python for a temporary file gets one where pytest tidies up."""
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("temporary"))
    yield
    tempfile.tempdir = before
