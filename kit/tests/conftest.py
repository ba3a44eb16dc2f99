"""The repository that the tests run in: `--kind` and `--starter` choose it. Every process generates its own."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentcore_kit.config.repository import repository_root
from agentcore_kit.testing.plugin import SEALED
from tests.repositories import KINDS, STARTERS, generate

FOLDERS: dict[str, tuple[str, ...]] = {
    "agent": (
        "agent",
        "adopting",
        "authoring",
        "config",
        "evaluation",
        "runtime",
        "offline_model",
        "local",
        "delivery",
        "fuzz",
    ),
    "tool": ("tool", "runtime", "local", "delivery", "fuzz"),
    "memory": ("memory", "local", "delivery", "fuzz"),
    "platform": ("platform", "gateway", "governance"),
}
"""Which folders of tests a kind of repository is for."""

DELIVERY: dict[str, tuple[str, ...]] = {
    "agent": ("agent", "runtime", "record"),
    "tool": ("tool", "runtime"),
    "memory": ("memory", "record"),
    "platform": (),
}
"""Of the tests of delivery, which folders a kind is for besides what all kinds share."""

OF_A_DOMAIN = ("agent", "authoring", "evaluation", "delivery")
"""What asks an agent something, and is run again for another domain; of delivery, its tests of an agent."""

OF_NO_DOMAIN = {("agent", "failures")}
"""Of these, what is the same whatever the agent is about."""

OF_NO_KIND = {
    "test_aws_emulator.py",
    "test_emulated_resources.py",
    "test_emulated_stacks.py",
    "test_faults.py",
    "test_iam_policies.py",
    "test_significance.py",
    "test_template_conflicts.py",
    "test_template_functions.py",
    "test_template_update.py",
}
"""Of the tests of delivery, what is the same whatever the repository is: it runs once, with an agent."""


OWN = ("agent", "tool", "evals")
"""The packages of a repository that its team owns."""

REPOSITORY = pytest.StashKey[Path]()
"""Where the tests of this process run: each process has a repository of its own."""


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
    config.stash[REPOSITORY] = repository
    before = Path.cwd()
    config.add_cleanup(lambda: os.chdir(before))
    os.chdir(repository)
    sys.path[:0] = [str(repository / "src"), str(repository)]


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """Create files as most machines do: readable by all."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the generated repository, as the working directory, that the test may change."""
    ignored = shutil.ignore_patterns(".git", ".venv", ".local")
    copy = Path(shutil.copytree(repository_root(), tmp_path / "copy", ignore=ignored))
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture(autouse=True)
def code_of_the_repository(pytestconfig: pytest.Config) -> Iterator[None]:
    """Forget what a test imported from a copy of the repository: the next one means the repository's own code."""
    root, path = pytestconfig.stash[REPOSITORY], sys.path[:]
    own = [name for name in OWN if (root / "src" / name).is_dir() or (root / name).is_dir()]
    yield
    if own:  # a command of the kit puts the repository that it works for first
        sys.path[:] = path
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] in own and not Path(getattr(module, "__file__", None) or root).is_relative_to(root):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def log_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back what `configure_logging` and `keep_content_out` change for the whole process."""
    monkeypatch.setattr("agentcore_kit.runtime.logging._without_content", False)
    for module, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, hook, getattr(module, hook))
    before = {one.name: (one.level, one.handlers[:]) for one in _loggers()}
    yield
    for one in _loggers():
        level, one.handlers = before.get(one.name, (logging.NOTSET, []))
        one.setLevel(level)
    logging.captureWarnings(False)


def _loggers() -> list[logging.Logger]:
    named = logging.Logger.manager.loggerDict.values()
    return [logging.getLogger(), *(one for one in named if isinstance(one, logging.Logger))]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is about another kind of repository."""
    kind, starter = config.getoption("kind"), config.getoption("starter")
    parts = collection_path.relative_to(Path(__file__).parent).parts if collection_path != Path(__file__).parent else ()
    if starter != "finance" and (parts in OF_NO_DOMAIN or _of_all_kinds(parts)):
        return True
    if kind != "agent" and _of_all_kinds(parts) and parts[-1] in OF_NO_KIND:
        return True
    if not parts or not collection_path.is_dir():
        return None
    if parts[0] == "local" and len(parts) > 1:
        return parts[1] != kind or None  # a folder for each kind that has a page
    if parts[0] == "delivery" and len(parts) > 1:
        return parts[1] not in (DELIVERY[kind] if starter == "finance" else ("agent",)) or None
    return parts[0] not in (FOLDERS[kind] if starter == "finance" else OF_A_DOMAIN) or None


def _of_all_kinds(parts: tuple[str, ...]) -> bool:
    """Whether these are tests of delivery that all kinds share, or most: files beside the folders of single kinds."""
    return len(parts) == 2 and parts[0] == "delivery" and parts[1].startswith("test_")
