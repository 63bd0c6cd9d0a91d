"""What was found about a server: one finding a case, and the table of them."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """What was done, what is promised for it, what was found, and whether that is as promised."""

    case: str
    promised: str
    found: str
    held: bool


def table(findings: Iterable[Finding]) -> str:
    """The findings in Markdown.

    >>> print(table([Finding("1 client", "an answer", "none", False)]))
    | what was done | what is promised | what was found | held |
    |---|---|---|---|
    | 1 client | an answer | none | **no** |
    """
    rows = ["| what was done | what is promised | what was found | held |", "|---|---|---|---|"]
    rows += [
        f"| {one.case} | {one.promised} | {one.found} | {'yes' if one.held else '**no**'} |"
        for one in findings
    ]
    return "\n".join(rows)


def stamp(script: str, *packages: str) -> str:
    """When, where and with what versions something was measured."""
    info = Path("/proc/cpuinfo")
    models = (
        re.findall(r"^model name\s*: (.*)$", info.read_text("utf-8"), re.MULTILINE) if info.exists() else []
    )
    machine = models[0] if models else platform.processor() or platform.machine()
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"Measured by `{script}` on {date.today().isoformat()}: {machine}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {versions}; the clients ran on the same cores."
    )


def write_between(page: Path, mark: str, text: str) -> None:
    """Put the text between ``<!-- mark -->`` and the next ``<!-- end -->`` of a page."""
    before, begin, rest = page.read_text("utf-8").partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not begin or not end:
        raise ValueError(f"{page.name} has no place for {mark}: the marks <!-- {mark} --> and <!-- end -->.")
    page.write_text(f"{before}{begin}{text}\n{end}{after}", "utf-8")
