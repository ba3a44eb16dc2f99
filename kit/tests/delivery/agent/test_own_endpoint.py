"""A deployed agent with an OpenAI-compatible model: its role has the endpoint's key, and no model of Bedrock."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.delivery.runtime_world import World

ENDPOINT = "  provider: openai-compatible\n  baseUrl: https://models.example.com/v1\n  apiKey: GATEWAY_KEY\n"


def test_its_role_reads_the_key_and_calls_no_model_of_bedrock(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    monkeypatch.chdir(copy)
    file = copy / "environments" / "dev.yaml"
    text = file.read_text(encoding="utf-8").replace("  provider: bedrock\n", ENDPOINT)
    file.write_text(f"{text}\nsecrets: {{GATEWAY_KEY: team/gateway}}\n", encoding="utf-8")
    world.at("dev").secrets.values["team/gateway"] = "planted-key"
    world.commit("a" * 40)
    world.must("deploy", "dev")
    stacks = world.at("dev").stacks.stacks.values()
    (role,) = [one.resources["ExecutionRole"].properties for one in stacks if "ExecutionRole" in one.resources]
    names = [policy["PolicyName"] for policy in role["Policies"]]
    assert "secrets" in names
    assert "model" not in names
    assert "bedrock:InvokeModel" not in json.dumps(role)
