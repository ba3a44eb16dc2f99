"""An agent outside the commercial partition: where its runtime is called, and which models it cannot have."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from agentcore_kit.delivery.regions import domain, partition
from agentcore_kit.evaluation import agent_targets
from agentcore_kit.evaluation.http_target import HttpTarget
from tests.delivery.shell import typed


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "eusc-de-east-1"])
def test_a_runtime_is_called_in_its_own_partition(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = f"arn:{partition(region)}:bedrock-agentcore:{region}:111122223333:runtime/agent-a1b2c3d4e5"
    monkeypatch.setenv("EVAL_TOKEN", "a.b.c")
    target = agent_targets.build_target(arn)
    assert isinstance(target, HttpTarget)
    assert target.name.startswith(f"https://bedrock-agentcore.{region}.{domain(region)}/runtimes/")


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_a_global_profile_is_refused_outside_the_commercial_partition(
    region: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__", ".*_cache"))
    monkeypatch.chdir(copy)
    path = copy / "environments" / "prod.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^region: .*$", f"region: {region}", text), encoding="utf-8")
    code, _, errors = typed(capsys, "manifest")
    assert (code, f"a profile for global cannot be called from {region}" in errors) == (2, True)
