"""The pages of the reference, made from the code: which names there are, their signatures and their order."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from pathlib import Path
from typing import Any, ForwardRef

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature
from sphinx.util.typing import stringify_annotation


def public_names(module_name: str) -> list[str]:
    """What a module offers: its ``__all__``, or else what is defined or documented in it, in its order."""
    module = importlib.import_module(module_name)
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    constants = {
        name for _, name in ModuleAnalyzer.for_module(module_name).find_attr_docs() if "." not in name
    }
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (getattr(value, "__module__", None) == module_name or name in constants)
        and (inspect.isclass(value) or is_function(value) or name in constants)
    ]


def home(value: Any) -> str:
    """The module that defines a class or function; "" for anything else."""
    return str(value.__module__) if inspect.isclass(value) or is_function(value) else ""


def is_function(value: Any) -> bool:
    """Whether it is a function, one whose answers are kept (``functools.cache``) among them."""
    return callable(value) and inspect.isfunction(inspect.unwrap(value))


class Reference(SphinxDirective):
    """``.. reference:: module``: a table of its public names, then each of them in full.

    With ``:from:`` only the names that were defined in the modules listed there, which a package re-exports,
    in their order there; with ``:without:`` all but those listed, which stand on another page; with
    ``:first:`` those listed before all others. With ``:inherited:`` classes are shown with the methods of
    their base classes in this project, which stand on no page of their own. ``:module:`` and
    ``:no-module:`` say whether references to the module lead here; they do, unless there is ``:from:``.
    """

    required_arguments = 1
    option_spec = {  # noqa: RUF012 - docutils wants it so
        "first": directives.unchanged_required,
        "inherited": directives.flag,
        "module": directives.flag,
        "no-module": directives.flag,
        "from": directives.unchanged_required,
        "without": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """The nodes of the table and of the entries."""
        module_name = self.arguments[0]
        module = importlib.import_module(module_name)
        names = public_names(module_name)
        if wanted := self.options.get("from", "").split():
            # A package's own submodules may be packages in turn: nn.losses stands for nn.losses.entropy too.
            homes = tuple(f"{module_name}.{part}" for part in wanted)
            chosen = []
            for start in homes:
                found = [n for n in names if f"{home(getattr(module, n))}.".startswith(f"{start}.")]
                chosen += sorted(found, key=lambda n: inspect.getsourcelines(getattr(module, n))[1])
            names = chosen
        names = [name for name in names if name not in self.options.get("without", "").split()]
        first = self.options.get("first", "").split()
        names.sort(key=lambda name: first.index(name) if name in first else len(first))
        if not names:
            raise self.error(f"{module_name} has no public names here.")
        # Only one page can be the place that a reference to the module as a whole leads to.
        elsewhere = {"from", "no-module"} & self.options.keys() and "module" not in self.options
        here = "currentmodule" if elsewhere else "module"
        lines = [f".. py:{here}:: {module_name}", "", ".. autosummary::", ""]
        lines += [f"   {name}" for name in names] + [""]
        for name in names:
            inherited = "inherited" in self.options
            lines += self._entry(module_name, name, getattr(module, name), inherited=inherited)
        source = StringList(lines, source=f"<reference {module_name}>")
        result = self.parse_text_to_nodes("\n".join(source), allow_section_headings=False)
        # The module's own target would be handed on to the table, which shows no targets.
        return [
            nodes.container(ids=node["ids"]) if isinstance(node, nodes.target) and node.get("ismod") else node
            for node in result
        ]

    @staticmethod
    def _entry(module_name: str, name: str, value: Any, *, inherited: bool) -> list[str]:
        if inspect.isclass(value):
            # What a class inherits is shown where it comes from, if that is somewhere on these pages.
            ours = [base for base in value.__mro__ if base.__module__.startswith("digitnet")]
            sources = ours if inherited else [value]
            own = [n for source in sources for n, m in vars(source).items() if _is_shown(n, m)]
            own += [n for n in _commented(value) if n not in own]
            members = [f"   :members: {', '.join(own)}"] if own else []
            shown = not inherited and value.__base__ not in (object, tuple)
            bases = ["   :show-inheritance:"] if shown else []
            return [f".. autoclass:: {name}", *members, *bases, ""]
        if is_function(value):
            return [f".. autofunction:: {name}", ""]
        # autodata would spell out what an alias stands for.
        comments = ModuleAnalyzer.for_module(module_name).find_attr_docs()
        return [f".. py:data:: {name}", "", *(f"   {line}" for line in comments["", name]), ""]


def _is_shown(name: str, member: Any) -> bool:
    if name.startswith("_"):
        return False
    if isinstance(member, (classmethod, staticmethod)):
        member = member.__func__
    return (inspect.isfunction(member) or isinstance(member, property)) and bool(member.__doc__)


def _commented(owner: type) -> list[str]:
    """The attributes of a class that a ``#:`` comment documents."""
    comments = ModuleAnalyzer.for_module(owner.__module__).find_attr_docs()
    return [name for where, name in comments if where == owner.__qualname__ and not name.startswith("_")]


def readable_signature(
    _app: Sphinx, what: str, _name: str, value: Any, _options: Any, args: str | None, _returns: str | None
) -> tuple[str, str] | None:
    """The signature as it is written in the source: ``Array`` and not what the alias stands for."""
    if args is None or what not in ("class", "function", "method"):
        return None
    signature = inspect.signature(value)
    known = vars(importlib.import_module(inspect.unwrap(value).__module__))
    parameters = [
        parameter.replace(annotation=_linked(parameter.annotation, known), default=_default(parameter, value))
        for parameter in signature.parameters.values()
        if not (what == "method" and parameter.name in ("self", "cls"))
    ]
    shown = stringify_signature(signature.replace(parameters=parameters), show_return_annotation=False)
    returns = _linked(signature.return_annotation, known)
    return shown, "" if what == "class" or returns is inspect.Signature.empty else returns


def _linked(annotation: Any, known: dict[str, Any]) -> Any:
    """An annotation in which each of our classes has its whole name, of which the last part is shown."""
    if annotation is inspect.Signature.empty:
        return annotation
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    text = annotation if isinstance(annotation, str) else stringify_annotation(annotation, "smart")

    def whole(match: re.Match[str]) -> str:
        value = known.get(match[0])
        ours = inspect.isclass(value) and value.__module__.startswith("digitnet")
        return f"~{value.__module__}.{value.__qualname__}" if ours else match[0]

    return re.sub(r"(?<![\w.'\"])[A-Za-z_]\w*", whole, text)


def _default(parameter: inspect.Parameter, owner: Any) -> Any:
    """A parameter's default; of a dataclass's field that is made anew for each object, one such value."""
    if repr(parameter.default) != "<factory>":
        return parameter.default
    factory = next(
        field for field in dataclasses.fields(owner) if field.name == parameter.name
    ).default_factory
    return factory()  # type: ignore[misc]  # the field has one, as its sentinel shows


def keep_first_line(
    _app: Sphinx, what: str, _name: str, _value: Any, _options: Any, lines: list[str]
) -> None:
    """Napoleon takes what stands before a colon in an attribute's first line for its type: it shall not."""
    if what in ("attribute", "data", "property"):
        lines.insert(0, "")


def one_entry_a_name(
    _app: Sphinx, _what: str, _name: str, _value: Any, _options: Any, lines: list[str]
) -> None:
    """``a, b: text`` in a list of parameters is an entry for each; Sphinx would take ``a,`` for b's type."""
    entry = re.compile(r"^:(param|ivar) ([^\s:]+(?:, [^\s:]+)*):((?:.*)(?:\n[ ]+\S.*)*)$", re.MULTILINE)

    def entries(match: re.Match[str]) -> str:
        # An underscore at the end of a name would make it a link.
        names = [re.sub(r"(?<!\\)_$", r"\\_", name) for name in match[2].split(", ")]
        return "\n".join(f":{match[1]} {name}:{match[3]}" for name in names)

    lines[:] = entry.sub(entries, "\n".join(lines)).split("\n")


def without_missing_pictures(app: Sphinx, docname: str, source: list[str]) -> None:
    """Where a picture has not been drawn, a line that says how it is."""
    folder = Path(app.srcdir, docname).parent

    def replace(match: re.Match[str]) -> str:
        if (folder / match[1]).is_file():
            return match[0]
        return f"*(A picture is missing in this build: `make docs` draws {Path(match[1]).name}.)*"

    block = r"^```\{(?:image|figure)\} (\S*_generated/\S+)\n(?:(?!```).*\n)*```$"
    source[0] = re.sub(block, replace, source[0], flags=re.MULTILINE)


def source_module(_app: Sphinx, module_name: str, attribute: str) -> str:
    """The module whose source a name links to: ours, and not Python's for a value of one of its types."""
    value: Any = importlib.import_module(module_name)
    for part in attribute.split("."):
        value = getattr(value, part, None)
    return home(value) if home(value).startswith("digitnet") else module_name


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive and of how signatures are written."""
    app.add_directive("reference", Reference)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"  # that is what our docstrings call them
    app.connect("autodoc-process-signature", readable_signature)
    app.connect("source-read", without_missing_pictures)
    app.connect("viewcode-follow-imported", source_module)
    app.connect("autodoc-process-docstring", keep_first_line, priority=400)  # before Napoleon
    app.connect("autodoc-process-docstring", one_entry_a_name, priority=600)  # after Napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
