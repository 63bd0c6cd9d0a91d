"""Environment variables for processes that are about to be started."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """Within the block the environment has these variables as well; afterwards it is as before.

    >>> with surroundings({"DIGITNET_EXAMPLE": "1"}):
    ...     os.environ["DIGITNET_EXAMPLE"]
    '1'
    >>> "DIGITNET_EXAMPLE" in os.environ
    False
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
