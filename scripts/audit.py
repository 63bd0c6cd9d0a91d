"""Ask whether a hole is known in any package that the service is locked to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

LOCKED = Path(__file__).resolve().parent.parent / "requirements" / "run.txt"
SECONDS = 20
UNREACHABLE = "The data on known holes cannot be reached from here, so nothing was audited."


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("requirements", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=LOCKED)
def main(requirements: Path) -> None:
    """Ask pip-audit about every package of REQUIREMENTS, by default those that the service is locked to.

    The exit status is 1 where a hole is known. Where the data cannot be reached within 20 seconds it is 0,
    with a sentence that says so.
    """
    sentences, failed = verdict(ask(requirements))
    for sentence in sentences:
        click.echo(sentence)
    if failed:
        raise SystemExit(1)


def ask(requirements: Path) -> str:
    """What pip-audit says, as JSON; "" where it was not done in time."""
    # The file has every package with its hash, so nothing needs to be resolved or installed.
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "5"]
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "pip_audit", *options, "--format", "json", "-r", str(requirements)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    return answer.stdout


def verdict(answer: str) -> tuple[list[str], bool]:
    """Sentences about what pip-audit says, and whether a hole is known.

    >>> verdict('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}')
    (['No hole is known in the 1 packages that were audited.'], False)
    >>> verdict("")
    (['The data on known holes cannot be reached from here, so nothing was audited.'], False)
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return [UNREACHABLE], False
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        return [UNREACHABLE], False
    left_out = sorted(package["name"] for package in packages if "skip_reason" in package)
    sentences = [f"Not audited, since nothing is known of them: {', '.join(left_out)}."] if left_out else []
    holes = [(package, hole) for package in audited for hole in package["vulns"]]
    for package, hole in holes:
        mended = ", ".join(hole["fix_versions"]) or "no version"
        names = ", ".join([hole["id"], *hole.get("aliases", [])])
        sentences.append(f"{package['name']} {package['version']} has {names}; mended in {mended}.")
    if not holes:
        sentences.append(f"No hole is known in the {len(audited)} packages that were audited.")
    return sentences, bool(holes)


if __name__ == "__main__":
    main()
