"""Tables that pages include and no hand writes: of the modules, of what the models reach, of the lessons."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_tables(folder: Path) -> None:
    """Write the tables that pages include, each file only where its content has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "modules.txt": modules_table(),
        "figures.txt": figures_table(),
        "lessons.txt": lessons_list(folder),
    }
    for name, text in tables.items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def modules_table() -> str:
    """Every module with the first sentence of its docstring, by package."""
    parts = []
    for package in ("digitnet", "service", "scripts"):
        parts += [f"## {package}", ""]
        for path in sorted((ROOT / package).rglob("*.py")):
            parts += [f"`{path.relative_to(ROOT).as_posix()}`", f": {first_sentence(path)}", ""]
    return "\n".join(parts)


def first_sentence(path: Path) -> str:
    """The first sentence of a module's docstring, in Markdown; of a lesson, which is titled, the title."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "(says nothing)"
    paragraph = " ".join(line.strip() for line in docstring.split("\n\n")[0].splitlines())
    sentence = re.split(r"(?<=[.!?])\s+(?=[A-Z`])|\s+[=~-]{4,}", paragraph)[0]
    # :class:`~digitnet.nn.Network` becomes `Network`, and ``code`` becomes `code`.
    return re.sub(r":\w+:`~?(?:\w+\.)*(\w+)`|``(.+?)``", lambda m: f"`{m[1] or m[2]}`", sentence)


def figures_table() -> str:
    """The README's table of what the models reach, with its links leading to this site's pages."""
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"<!-- figures -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    table = found[1] if found else ""
    return re.sub(r"\]\(models/(\w+)\.md\)", r"](../benchmarks/\1.md)", table) + "\n"


def lessons_list(folder: Path) -> str:
    """The table of contents of the lessons that were run, in their order; how to run them if none was."""
    script = ast.parse((ROOT / "scripts" / "walkthrough" / "all.py").read_text("utf-8"))
    order = next(
        ast.literal_eval(node.value)
        for node in script.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LESSONS"
    )
    there = [name for name in order if (folder / "lessons" / f"{name}.rst").is_file()]
    if not there:
        titles = [
            f"1. {first_sentence(path)}"
            for name in order
            if (path := ROOT / "scripts" / "walkthrough" / f"{name}.py").is_file()
        ]
        absent = (
            "This build of the documentation is without them: `make docs` runs the lessons and adds them."
        )
        return "\n".join([*titles, "", absent, ""])
    # Paths in an included file are those of the page that includes it, docs/lessons/index.md.
    entries = "\n".join(f"/_generated/lessons/{name}" for name in there)
    return f"```{{toctree}}\n:maxdepth: 1\n:numbered:\n\n{entries}\n```\n"
