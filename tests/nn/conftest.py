"""What the tests of the network share: an array library that is not NumPy."""

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def strict():
    """The module strict_arrays: ``strict.xp`` is the library, ``strict.StrictArray`` its array."""
    path = Path(__file__).with_name("strict_arrays.py")
    spec = importlib.util.spec_from_file_location("strict_arrays", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["strict_arrays"] = module
    spec.loader.exec_module(module)
    return module
