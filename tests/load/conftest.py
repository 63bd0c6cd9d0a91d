"""What the tests under load share: the kit of clients in scripts/load, and a server."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
if str(SCRIPTS) not in sys.path:  # as Python does for a script in that folder
    sys.path.insert(0, str(SCRIPTS))

from load.servers import Server, serving  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The service as `make serve` starts it."""
    with serving() as running:
        yield running
