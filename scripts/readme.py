"""Write into the README what its examples really answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
ADDRESS = "http://127.0.0.1:8000"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Write into the README what its examples really answer."""
    text = README.read_text("utf-8")
    with serving() as address:
        README.write_text(refreshed(text, address), "utf-8")


def refreshed(text: str, address: str) -> str:
    """The README with every block after an ``<!-- answer -->`` mark replaced by what its example prints."""

    def replace(match: re.Match[str]) -> str:
        language, code = match["language"], match["code"]
        output = run_shell(code, address) if language == "sh" else run_python(code, address)
        return f"{match['example']}{match['between']}```{match['kind']}\n{output.rstrip()}\n```"

    text = EXAMPLE.sub(replace, text)
    return re.sub(
        r"(<!-- figures -->\n).*?(\n<!-- end -->)", lambda m: m[1] + figures() + m[2], text, flags=re.DOTALL
    )


EXAMPLE = re.compile(
    r"(?P<example>```(?P<language>sh|python)\n(?P<code>[^`]*?)```)"
    r"(?P<between>\n+<!-- answer -->\n)```(?P<kind>\w*)\n[^`]*?```"
)


def run_shell(code: str, address: str) -> str:
    """Standard output of a shell example, JSON laid out for reading."""
    output = _run(["bash", "-euo", "pipefail", "-c", code.replace(ADDRESS, address)])
    try:
        return _pretty(json.loads(output))
    except json.JSONDecodeError:
        return output


def run_python(code: str, address: str) -> str:
    """Standard output of a Python example, run as a program of its own."""
    return _run([sys.executable, "-c", code.replace(ADDRESS, address)])


def _run(command: list[str]) -> str:
    result = subprocess.run(
        command, cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=300, check=False
    )
    if result.returncode:
        raise click.ClickException(f"An example of the README failed:\n{command[-1]}\n{result.stderr}")
    return result.stdout


def _environment() -> dict[str, str]:
    """The examples say ``python``: that must be this one, and curl must not go through a proxy."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "no_proxy": "127.0.0.1",
    }


def _pretty(value: object, indent: str = "") -> str:
    """JSON with short lists and objects on one line and numbers to four digits behind the point."""
    flat = json.dumps(_rounded(value))
    if len(indent) + len(flat) <= 100 or not isinstance(value, (dict, list)):
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + _pretty(v, inner) for v in value) + f"\n{indent}]"
    pairs = (f"{inner}{json.dumps(k)}: {_pretty(v, inner)}" for k, v in value.items())
    return "{\n" + ",\n".join(pairs) + f"\n{indent}}}"


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    return [_rounded(entry) for entry in value] if isinstance(value, list) else value


def figures() -> str:
    """The table of what the shipped models reach, read from their cards."""
    rows = [
        "| model | test split | right | errors | accepted | errors among them | right as image files |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, split in (("mnist", "MNIST's own 10,000"), ("digits", "strange writers")):
        card = (ROOT / "models" / f"{name}.md").read_text("utf-8")
        cell = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", card, re.MULTILINE))
        rows.append(
            f"| [`{name}`](models/{name}.md), {cell['network']} | {split} | "
            f"{cell['accuracy on the test split']} | {cell['errors']} | {cell['accepted']} | "
            f"{cell['errors among the accepted']} | {_whole_way(card)} |"
        )
        shuffled = re.search(r"shuffled data[^|]*\| ([\d.]+ %)", card)
        if shuffled:
            rows.append(
                f"| a twin of `{name}` | shuffled, the same writers on both sides | {shuffled[1]} | | | | |"
            )
    measured = re.search(r"Measured by .*? on ([\d-]+) \(([^)]*)\)", card)
    stamp = f"Measured by `scripts/evaluate.py` on {measured[1]} ({measured[2]})." if measured else ""
    return "\n".join(rows) + "\n\n" + stamp


def _whole_way(card: str) -> str:
    """The range of the accuracies of pictures that were sent as image files."""
    table = card.partition("## The whole way")[2].partition("\n## ")[0]
    shares = [
        float(share) for share in re.findall(r"^\| (?!the same)[^|]+\| ([\d.]+) % \|", table, re.MULTILINE)
    ]
    return f"{min(shares):.1f} to {max(shares):.1f} %"


@contextmanager
def serving() -> Iterator[str]:
    """A server of its own on a free port; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "--port", "0", "--workers", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        found = next((m for line in process.stdout or () if (m := re.search(r"http://[\d.:]+", line))), None)
        if found is None:
            raise click.ClickException("The server did not start: run python -m service to see why.")
        with urllib.request.urlopen(f"{found[0]}/health/ready", timeout=30):  # noqa: S310
            yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)


if __name__ == "__main__":
    main()
