"""A copy of the repository with a secret and a variable, in this process and in a dev environment on this machine."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.server import serving
from agentcore_kit.local.aws_emulator.world import shell
from agentcore_kit.runtime import masking, secrets

VALUE = "planted-value-of-the-crm"
PROBE = """
import os
SEEN = {name: os.environ.get(name) for name in ("CRM_KEY", "LOG_DETAIL")}
"""
"""Code of a team that notes what is there when it is imported, as module `probe`."""


@contextmanager
def process_without_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin and end without anything that a process keeps of secrets and logs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for name in ("CRM_KEY", "LOG_DETAIL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    yield
    root.handlers, root.level = handlers, level
    secrets.unset_variables()
    secrets._stores.clear()
    masking.forget()
    sys.modules.pop("probe", None)


def copy_with_secret(folder: Path, monkeypatch: pytest.MonkeyPatch, probe: str = PROBE) -> Path:
    """Work in a copy of the repository whose environments have a secret and a variable, which code looks for."""
    copy = folder / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    for name in ("local", "dev"):
        with (copy / "environments" / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write("\nvariables: {LOG_DETAIL: high}\nsecrets: {CRM_KEY: 'team/crm#key'}\n")
    (copy / "src" / "probe.py").write_text(probe, encoding="utf-8")
    monkeypatch.syspath_prepend(str(copy / "src"))
    monkeypatch.chdir(copy)
    return copy


@contextmanager
def in_dev(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Serve AWS on this machine, and let this process be in dev."""
    cloud, there = Cloud(), read_environment("dev", load_manifest())
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with serving(cloud) as server:
        for name, value in {**shell(server.address, there.account, ""), "AGENT_ENV": "dev"}.items():
            monkeypatch.setenv(name, value)
        yield cloud


def put(cloud: Cloud, value: str) -> None:
    """Make the secret in dev."""
    there = read_environment("dev", load_manifest())
    cloud.at(str(there.account), there.region).secrets.values["team/crm"] = json.dumps({"key": value})
