"""The offline model is no LLM: outside this machine it is refused by what checks the files, and by what deploys."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.delivery.runtime_world import World
from tests.delivery.shell import Typed


def told(typed: Typed) -> None:
    assert typed.code == 2, typed.out
    assert re.search(r"environments/preprod.yaml:\d+: model.provider: offline is no LLM and for local only", typed.err)


def test_a_cloud_environment_needs_a_real_model(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    monkeypatch.chdir(copy)
    file = copy / "environments" / "preprod.yaml"
    text = file.read_text(encoding="utf-8")
    model = re.compile(r"(?m)^model:\n(?:  .*\n)+")
    assert model.search(text)
    file.write_text(model.sub("model: {provider: offline}\n", text), encoding="utf-8")
    world.commit("a" * 40)
    told(world.run("manifest"))
    for command in ("plan", "deploy"):
        told(world.type(command, "preprod"))
    assert not world.cloud.made("CreateChangeSet")
