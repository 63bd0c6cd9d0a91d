"""How many cores this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """How many this process may use; macOS does not tell, and says how many there are.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
