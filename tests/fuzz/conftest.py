"""Lets the tests import what the fuzzer imports."""

import sys
from pathlib import Path

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:  # as Python does for fuzz.py itself
    sys.path.insert(0, HERE)
