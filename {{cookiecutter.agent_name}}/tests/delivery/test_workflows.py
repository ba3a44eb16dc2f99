"""The workflows: verbs and nothing else, in an order that guards production, with least rights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.document import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKE = (ROOT / "Makefile").read_text(encoding="utf-8") + "".join(
    path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*.mk"))
)
VERBS = set(re.findall(r"^([a-z-]+):.*## ", MAKE, re.MULTILINE))


def load(path: Path) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def runs() -> Iterator[tuple[str, str]]:
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            yield from ((path.name, step["run"]) for step in job["steps"] if "run" in step)


def test_there_are_these() -> None:
    assert {path.stem for path in WORKFLOWS} == {"ci", "deliver", "monitor", "rollback", "template-update"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_least_rights_and_bounds(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    assert "group" in workflow["concurrency"]
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 120, name
        assert isinstance(job["permissions"], dict), name
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", f"a/b@{'0' * 40}")), step


def test_every_step_is_a_verb_or_one_line() -> None:
    for name, line in runs():
        assert "\n" not in line.strip(), (name, line)
        assert "${{" not in line, (name, "nothing is interpolated into a shell; variables carry it", line)
        for verb in re.findall(r"\bmake (?:-C \S+ )?([a-z-]+)", line):
            assert verb in VERBS, (name, verb)


def test_no_call_of_aws_exists_only_in_a_workflow() -> None:
    """Whatever touches AWS is a verb, so that a laptop does what the pipeline does."""
    for name, line in runs():
        assert not re.search(r"\b(aws|boto3|curl|docker|sam|cdk)\b", line), (name, line)
    with_roles = [path.stem for path in WORKFLOWS if "configure-aws-credentials" in path.read_text(encoding="utf-8")]
    assert with_roles == ["deliver", "monitor", "rollback"]


def test_no_long_lived_key() -> None:
    for path in WORKFLOWS:
        assert "secrets." not in path.read_text(encoding="utf-8"), path.name
