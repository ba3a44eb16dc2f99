"""The repository that the tests run in: `--kind` and `--starter` choose it. Every process generates its own."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from agentcore_kit.testing.plugin import SEALED
from tests.repositories import KINDS, STARTERS, generate

FOLDERS: dict[str, tuple[str, ...]] = {
    "agent": ("agent", "config", "evaluation", "runtime", "offline_model", "local", "delivery", "fuzz"),
    "tool": ("tool", "runtime", "delivery", "fuzz"),
    "memory": ("memory", "delivery", "fuzz"),
}
"""Which folders of tests a kind of repository is for."""

DELIVERY: dict[str, tuple[str, ...]] = {
    "agent": ("agent", "runtime", "record"),
    "tool": ("tool", "runtime"),
    "memory": ("memory", "record"),
}
"""Of the tests of delivery, which folders a kind is for besides what all kinds share."""

OF_A_DOMAIN = ("agent", "evaluation", "delivery")
"""What asks an agent something, and is run again for another domain; of delivery, its tests of an agent."""

OF_NO_DOMAIN = ("agent", "failures")
"""Of these, what is the same whatever the agent is about."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kind", default="agent", choices=KINDS, help="the kind of repository that tests run in")
    parser.addoption("--starter", default="finance", choices=STARTERS, help="the domain of the agent in it")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEALED] = True
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return  # the tests run in workers, each of which has a repository of its own
    folder = tempfile.TemporaryDirectory(prefix="kit-tests-")
    config.add_cleanup(folder.cleanup)
    repository = generate(Path(folder.name).resolve(), config.getoption("kind"), config.getoption("starter"))
    before = Path.cwd()
    config.add_cleanup(lambda: os.chdir(before))
    os.chdir(repository)
    sys.path[:0] = [str(repository / "src"), str(repository)]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is about another kind of repository."""
    kind, starter = config.getoption("kind"), config.getoption("starter")
    parts = collection_path.relative_to(Path(__file__).parent).parts if collection_path != Path(__file__).parent else ()
    if not parts or not collection_path.is_dir():
        return None
    if parts[0] == "delivery" and len(parts) > 1:
        return parts[1] not in (DELIVERY[kind] if starter == "finance" else ("agent",)) or None
    if starter != "finance" and parts == OF_NO_DOMAIN:
        return True
    return parts[0] not in (FOLDERS[kind] if starter == "finance" else OF_A_DOMAIN) or None
