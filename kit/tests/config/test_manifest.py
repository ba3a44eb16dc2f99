"""The manifest: what is right loads, what is wrong is refused with file, line, field, and what would be right."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from agentcore_kit.config.commands import schema
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_path, repository_root

# Of its own, so that a team may change its manifest as it likes.
GOOD = """\
apiVersion: agentops/v1
kind: Agent
metadata:
  name: sales-agent
  version: 1.2.3
  description: 'Beantwortet Fragen: "Umsatz", 売上, it''s all there'
  owner: '@acme/sales'
  costCenter: CC-1
  useCaseId: UC-1
  githubOrg: acme
spec:
  protocol: HTTP
  tools:
    gateways: [market-data]
  memory: customer-memory
"""


def problems(folder: Path, text: str) -> list[str]:
    """Return what is wrong with a manifest, one line each, without the folder."""
    path = folder / "manifest.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_manifest(path)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_this_repository_is_right_and_says_the_same_in_pyproject() -> None:
    metadata = load_manifest().metadata
    project = tomllib.loads((repository_root() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["name"], project["version"]) == (metadata.name, metadata.version)


def test_a_right_manifest_loads(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(GOOD, encoding="utf-8")
    manifest = load_manifest(path)
    assert manifest.metadata.description == 'Beantwortet Fragen: "Umsatz", 売上, it\'s all there'
    assert (manifest.metadata.tags, manifest.spec.tools.gateways) == ({}, ["market-data"])


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("  owner: '@acme/sales'\n", "", "manifest.yaml:3: metadata.owner: missing; needed: an e-mail address"),
        ("'@acme/sales'", "Bob Smith", "manifest.yaml:7: metadata.owner: 'Bob Smith' is not right; needed: an e-mail"),
        ("'@acme/sales'", "", "manifest.yaml:7: metadata.owner: missing; needed"),
        ("version: 1.2.3", "version: 1.20", "metadata.version: 1.20 is read as a number; put it in quotes: '1.20'"),
        ("name: sales-agent", "name: Sales_Agent", "metadata.name: 'Sales_Agent' is not right"),
        ("kind: Agent", "kind: Tols", "manifest.yaml:2: kind: 'Tols' is not known; did you mean Tool?"),
        ("kind: Agent", "kind: agnet", "manifest.yaml:2: kind: 'agnet' is not known; did you mean Agent?"),
        (
            "githubOrg: acme",
            "githubOrg: acme\n  githubOrg: b",
            "10: metadata.githubOrg: stands here and again",
        ),
        ("  owner:", "\towner:", "manifest.yaml:7: starts with a tab; indent with spaces"),
        ("'Beantwortet", "Beantwortet", "manifest.yaml:6: no YAML: mapping values"),
        ("githubOrg: acme", "githubOrg: acme\n  tags: {owner: me}", "metadata.tags.owner: is set by others"),
        ("[market-data]", "[market-data, Other One]", "14: spec.tools.gateways[1]: 'Other One' is not right"),
        ("customer-memory", "&a {b: *a}", "spec.memory.b: is an alias"),
        ("customer-memory", "2026-02-30", "spec.memory: '2026-02-30' cannot be read as a timestamp"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path: Path, right: str, wrong: str, problem: str) -> None:
    assert right in GOOD
    found = problems(tmp_path, GOOD.replace(right, wrong))
    assert any(problem in line for line in found), found


def test_a_misspelt_field_is_named_with_the_right_one(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD.replace("costCenter", "costcentre")) == [
        "manifest.yaml:3: metadata.costCenter: missing; needed: who pays, 1 to 64 letters, digits, dots, hyphens, "
        "underscores or slashes; for example costCenter: CC-1234",
        "manifest.yaml:8: metadata.costcentre: no such field; did you mean costCenter?",
    ]


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = GOOD.replace("agentops/v1", "v2").replace("CC-1", "C C").replace("HTTP", "MCP").replace("1.2.3", "one")
    assert [problem.split(":")[1] for problem in problems(tmp_path, text)] == ["1", "5", "8", "12"]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "- a\n", "a: \x00", "a: 1\n---\nb: 2\n", "a: [1", '"', "a: " + "[" * 3000]
)
def test_what_is_no_manifest_at_all_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("manifest.yaml:")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^nowhere\.yaml:1: no such file"):
        load_manifest(repository_root() / "nowhere.yaml")


def test_editors_know_the_format_that_is_checked() -> None:
    schema()
    known = json.loads(repository_path(".local", "schemas", "manifest.json").read_text(encoding="utf-8"))
    jsonschema.validate(yaml.safe_load(repository_path("manifest.yaml").read_text(encoding="utf-8")), known)
    with pytest.raises(jsonschema.ValidationError, match="owner"):
        jsonschema.validate(yaml.safe_load(GOOD.replace("owner", "ownr")), known)


def test_an_unknown_command_is_refused_with_the_right_one() -> None:
    command = [sys.executable, "-m", "agentcore_kit", "manifst"]
    run = subprocess.run(command, cwd=repository_root(), capture_output=True, text=True, check=False)
    assert (run.returncode, "Did you mean 'manifest'?" in run.stderr) == (2, True)
