"""The lists in the documentation are complete: works that are cited, extras that can be installed."""

import calendar
import re
import tomllib

_NAME = r"[A-Z][a-z]*(?:['-]?[A-Z][a-z]+|[a-z]+)"
_MONTHS = calendar.month_name[1:]


def test_works_that_are_cited_are_in_the_list_of_works(root):
    listed = (root / "docs" / "references.md").read_text("utf-8")
    works = [" ".join(entry.split()) for entry in re.split(r"^- ", listed, flags=re.MULTILINE)[1:]]
    cited = re.compile(rf"\b({_NAME}(?:, {_NAME})*(?: & {_NAME}| et al\.)?)(?:'s)? \(?((?:19|20)\d\d)\b")
    sources = [path for folder in ("digitnet", "scripts") for path in (root / folder).rglob("*.py")]
    sources += [path for path in (root / "docs").rglob("*.md") if "_generated" not in path.parts]
    missing, found = set(), set()
    for path in sources:
        for names, year in cited.findall(" ".join(path.read_text("utf-8").split())):
            if names in _MONTHS:
                continue
            authors = re.findall(_NAME, names.removesuffix("et al."))
            matches = [work for work in works if f"({year})" in work and work.startswith(authors[0])]
            matches = [work for work in matches if all(f"{name}," in work for name in authors)]
            found.update(matches)
            if not matches:
                missing.add(f"{path.relative_to(root)}: {names} {year}")
    assert not missing
    assert len(found) > 40


def test_every_extra_is_on_the_page_on_installation(root):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    page = (root / "docs" / "guide" / "installation.md").read_text("utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE) == list(project["optional-dependencies"])
