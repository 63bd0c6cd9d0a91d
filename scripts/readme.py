"""Write into the README and the documentation what their examples really answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from service.__main__ import shown_default

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
ADDRESS = "127.0.0.1:8000"  # in examples: where the service listens


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("pages", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(pages: tuple[Path, ...]) -> None:
    """Write into the README and the documentation what their examples really answer.

    PAGES are Markdown files; without any it is all of them.
    """
    with serving_examples() as address:
        for page in pages or all_pages():
            text = page.read_text("utf-8")
            fresh = refreshed(text, address)
            if fresh != text:
                page.write_text(fresh, "utf-8")
                click.echo(f"{page}: renewed")


def all_pages() -> list[Path]:
    """The README and the pages of the documentation that have examples to run."""
    pages = [README, *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        page for page in pages if "_generated" not in page.parts and BLOCK.search(page.read_text("utf-8"))
    ]


def refreshed(text: str, address: str) -> str:
    """The page with every block after an ``<!-- answer -->`` mark replaced by what its example prints.

    All ``python`` blocks of a page are run, one after the other in one process, as a reader would type them;
    ``sh`` blocks are run where an answer follows.
    """
    with python_session(address) as run_python:

        def replace(match: re.Match[str]) -> str:
            code = match["code"]
            if match["language"] == "sh":
                output = run_shell(code, address) if match["answer"] else ""
            else:
                output = run_python(code)
            if not match["answer"]:
                return match[0]
            return f"{match['example']}{match['between']}```{match['kind']}\n{output.rstrip()}\n```"

        text = BLOCK.sub(replace, text)
    for mark, table in (("figures", figures), ("settings", settings)):
        text = re.sub(
            rf"(<!-- {mark} -->\n).*?(<!-- end -->)",
            lambda match, table=table: f"{match[1]}{table()}\n{match[2]}",
            text,
            flags=re.DOTALL,
        )
    return text


BLOCK = re.compile(
    r"(?P<example>^```(?P<language>sh|python)\n(?P<code>(?:(?!^```).)*)^```$)"
    r"(?P<answer>(?P<between>\n+<!-- answer -->\n)```(?P<kind>\w*)\n(?:(?!^```).)*^```$)?",
    re.MULTILINE | re.DOTALL,
)


def run_shell(code: str, address: str) -> str:
    """Standard output of a shell example, JSON laid out for reading."""
    output = _run(["bash", "-euo", "pipefail", "-c", _at(code, address)])
    try:
        return _pretty(json.loads(output))
    except json.JSONDecodeError:
        return output


# Reads one example a line, as JSON, runs it among the names of those before and answers with its output.
_SESSION = """
import contextlib, io, json, sys, traceback
names = {"__name__": "__main__"}
for line in sys.stdin:
    output, error = io.StringIO(), None
    with contextlib.redirect_stdout(output):
        try:
            exec(compile(json.loads(line), "<example>", "exec"), names)
        except BaseException:
            error = traceback.format_exc()
    print(json.dumps([output.getvalue(), error]), flush=True)
"""


@contextmanager
def python_session(address: str) -> Iterator[Callable[[str], str]]:
    """A process for the Python examples of one page; gives a function that runs one for its output."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SESSION],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdin is None or process.stdout is None:
        raise click.ClickException("The process for the examples has no pipes.")
    sender, receiver = process.stdin, process.stdout

    def run(code: str) -> str:
        sender.write(json.dumps(_at(code, address)) + "\n")
        sender.flush()
        output, error = json.loads(receiver.readline())
        if error:
            raise click.ClickException(f"An example failed:\n{code}\n{error}")
        return str(output)

    try:
        yield run
    finally:
        sender.close()
        process.wait(timeout=30)
        receiver.close()


def _at(code: str, address: str) -> str:
    """The example for a service that listens elsewhere."""
    return code.replace(ADDRESS, address.removeprefix("http://"))


def _run(command: list[str]) -> str:
    result = subprocess.run(
        command, cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=300, check=False
    )
    if result.returncode:
        raise click.ClickException(f"An example failed:\n{command[-1]}\n{result.stderr}")
    return result.stdout


def _environment() -> dict[str, str]:
    """The examples say ``python``: that must be this one, and curl must not go through a proxy.

    A make that runs this must not make an example's make talk of folders.
    """
    makes = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    return {
        **{name: value for name, value in os.environ.items() if name not in makes},
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


def settings() -> str:
    """The table of the service's settings, read from their one typed place."""
    from service.config import Config, expected

    rows = ["| setting | default | may be | what it is |", "|---|---|---|---|"]
    for name, field in Config.model_fields.items():
        default = shown_default(field.default)
        rows.append(f"| `{name}` | {default} | {expected(name)} | {field.description} |")
    return "\n".join(rows)


def _whole_way(card: str) -> str:
    """The range of the accuracies of pictures that were sent as image files."""
    table = card.partition("## The whole way")[2].partition("\n## ")[0]
    shares = [
        float(share) for share in re.findall(r"^\| (?!the same)[^|]+\| ([\d.]+) % \|", table, re.MULTILINE)
    ]
    return f"{min(shares):.1f} to {max(shares):.1f} %"


@contextmanager
def serving_examples() -> Iterator[str]:
    """A server for the examples, which keeps corrections until it stops; its address."""
    with TemporaryDirectory() as folder, serving("--feedback", f"{folder}/corrections.sqlite") as address:
        yield address


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """A server of its own on a free port, with these options; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "--port", "0", "--workers", "1", *options],
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
