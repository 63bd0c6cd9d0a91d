"""What the audit of the locked packages makes of what pip-audit says."""

import importlib.util
import json

import pytest


@pytest.fixture(scope="module")
def script(root):
    spec = importlib.util.spec_from_file_location("audit", root / "scripts" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


CLEAN = {"name": "flask", "version": "3.1.3", "vulns": []}
UNKNOWN = {"name": "pillow", "skip_reason": "Dependency not found on PyPI and could not be audited"}
HOLE = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3.1.6"], "description": "A hole."}
HOLED = {
    "name": "werkzeug",
    "version": "3.1.5",
    "vulns": [HOLE, {**HOLE, "id": "PYSEC-2", "fix_versions": []}],
}


def test_a_known_hole_is_a_failure_that_says_where_it_is_mended(script):
    sentences, failed = script.verdict(said(CLEAN, UNKNOWN, HOLED))
    assert failed
    assert "werkzeug 3.1.5 has PYSEC-1, CVE-1; mended in 3.1.6." in sentences
    assert "werkzeug 3.1.5 has PYSEC-2, CVE-1; mended in no version." in sentences
    assert "Not audited, since nothing is known of them: pillow." in sentences


@pytest.mark.parametrize("answer", ["", "Traceback", "[]", "{}", "null", said(), said(UNKNOWN, UNKNOWN)])
def test_data_that_cannot_be_reached_are_no_failure(script, answer):
    assert script.verdict(answer) == ([script.UNREACHABLE], False)


def test_packages_without_holes_pass(script):
    sentences, failed = script.verdict(said(CLEAN, UNKNOWN))
    assert not failed
    assert sentences[-1] == "No hole is known in the 1 packages that were audited."


def test_an_audit_that_takes_too_long_is_ended(script, monkeypatch, root):
    monkeypatch.setattr(script, "SECONDS", 0.01)
    assert script.ask(root / "requirements" / "run.txt") == ""
