"""The public interface: one list, which README, reference and the files of every kind of repository keep to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from build_reference import KIT, REFERENCE, text

from agentcore_kit.guidance.public_interface import FILES, NAMES
from agentcore_kit.guidance.source import definitions
from tests.delivery.shell import typed

PUBLIC = {f"{group.module}.{name}" for group in NAMES for name in definitions(group.module, group.names)}


def imported(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield what the Python files below a folder import of the kit, by its full name."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agentcore_kit"):
                yield from ((path, f"{node.module}.{each.name}") for each in node.names)


def test_llms_txt_is_what_the_source_says() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == text(), "run: .venv/bin/python kit/build_reference.py"


def test_repositories_import_nothing_else_of_the_kit() -> None:
    found = list(imported(KIT.parent / "{{cookiecutter.agent_name}}"))
    assert len(found) > 20
    assert not [(str(path), name) for path, name in found if name not in PUBLIC]


def test_the_readme_names_the_same() -> None:
    section = (KIT / "README.md").read_text(encoding="utf-8").split("## What a repository may use")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`agentcore_kit.*?) \|", section, re.MULTILINE)
    modules = {group.module for group in NAMES}
    named = set()
    for row in rows:
        full = [one for one in re.findall(r"`([^`]+)`", row) if one.startswith("agentcore_kit")]
        short = [one for one in re.findall(r"`([^`]+)`", row) if not one.startswith("agentcore_kit")]
        named |= {f"{full[0]}.{one}" for one in short} if short else {*full}
    assert not [one for one in named if one not in PUBLIC | modules], "no longer public"
    whole = {one for one in named if one in modules} | {"agentcore_kit.evaluation.evaluators"}  # said in words
    missing = [one for one in PUBLIC - named if one.rpartition(".")[0] not in whole]
    assert not missing


def test_a_file_has_no_two_models_for_one_kind() -> None:
    seen = [(file.path, kind) for file in FILES for kind in file.kinds]
    assert len(seen) == len({*seen})


def test_a_repository_is_shown_what_is_for_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = typed(capsys, "reference")
    assert code == 0
    assert "### `agentcore_kit.serving.app.create_app`" in out
    assert "### `kit ask [QUESTION]`" in out
    assert "- `model.provider`: offline (no LLM), bedrock" in out
    assert "- `spec.tools.gateways`: " in out
    assert not re.search(r"mcp_server|`kit forget|components\.yaml", out)


def test_a_word_finds_names_commands_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    names = typed(capsys, "reference", "tool_error")[1]
    assert names.startswith("### `agentcore_kit.serving.tool_error`")
    assert "message: What the model is told" in names
    fields = typed(capsys, "reference", "latencyP95Ms")[1]
    assert "- `alarms.latencyP95Ms`: P95 of the latency in ms" in fields
    assert "alarms.throttles" not in fields
    code, out, err = typed(capsys, "reference", "no-such-word")
    assert (code, out) == (2, "")
    assert "kit reference, which prints all" in err
