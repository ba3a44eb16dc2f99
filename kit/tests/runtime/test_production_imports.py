"""`kit check` finds what the code in `src/` imports and production does not have."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentcore_kit.checks.commands import steps
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_path
from tests.homes import environment_of, home_in

PACKAGE = "agent" if repository_kind() == "Agent" else "tool"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a copy of what the image holds, with the requirement file, to plant faults in."""
    folder = home_in(tmp_path / "home")
    shutil.copy(repository_path("requirements.txt"), folder)
    return folder


def check(home: Path) -> subprocess.CompletedProcess[str]:
    """Run the check as `kit check` does."""
    return subprocess.run(
        [sys.executable, "-m", "agentcore_kit.checks.production_imports"],
        cwd=home, env=environment_of(home), capture_output=True, text=True, check=False,
    )  # fmt: skip


def plant(home: Path, name: str, text: str) -> None:
    """Add a module to the component's package."""
    (home / "src" / PACKAGE / f"{name}.py").write_text(text, encoding="utf-8")


def findings(home: Path) -> dict[str, str]:
    """Return the messages by the module and line that they name."""
    done = check(home)
    assert done.returncode == 2, done.stderr
    return dict(line.removeprefix(f"src/{PACKAGE}/").split(": ", 1) for line in done.stderr.splitlines())


def test_the_generated_repository_passes() -> None:
    done = check(repository_path())
    assert (done.returncode, done.stderr) == (0, "")


def test_it_is_part_of_the_check() -> None:
    step = next(step for step in steps() if step.name == "imports")
    assert step.command[-1] == "agentcore_kit.checks.production_imports"


def test_a_package_for_development_is_found_however_it_is_imported(home: Path) -> None:
    plant(home, "at_the_top", "import jinja2\n\n__all__ = ['jinja2']\n")
    plant(home, "in_a_function", "def page() -> None:\n    from rich.console import Console\n\n    Console()\n")
    plant(home, "by_name", "from importlib import import_module\n\n\ndef late():\n    return import_module('pytest')\n")
    plant(home, "computed", "import importlib\n\nNAME = 'ty' + 'per'\nimportlib.import_module(NAME)\n")
    plant(
        home,
        "by_way_of_another",
        "def late():\n    import agentcore_kit.evaluation.reports.html as html\n    return html\n",
    )
    plant(home, "fails_otherwise", "import ruff\n\nraise RuntimeError('what it needs is not here')\n")
    found = findings(home)
    assert set(found) == {
        "at_the_top.py:1", "in_a_function.py:2", "by_name.py:5", "computed.py:4", "by_way_of_another.py:2",
        "fails_otherwise.py:1",
    }  # fmt: skip
    assert found["at_the_top.py:1"] == (
        "imports jinja2, of package Jinja2, which requirements.txt does not have: the server would not start in the "
        "cloud, or fail there. Add Jinja2 to dependencies in pyproject.toml, then: make lock setup; or keep what needs "
        "it out of src/"
    )
    assert "imports rich" in found["in_a_function.py:2"]
    assert "of package typer," in found["computed.py:4"]


def test_what_is_not_in_the_image_or_not_installed_is_named_as_that(home: Path) -> None:
    (home / "evals").mkdir()
    plant(home, "of_evals", "def late():\n    from evals import evaluators\n    return evaluators\n")
    plant(home, "misspelt", "import jsn5\n")
    found = findings(home)
    assert "only src/ is in the image" in found["of_evals.py:2"]
    assert "is not installed" in found["misspelt.py:1"]


def test_what_production_can_do_without_is_no_finding(home: Path) -> None:
    plant(
        home,
        "fine",
        """
from __future__ import annotations

import typing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest import Config

if typing.TYPE_CHECKING:
    import ruff
else:
    import json as ruff

try:
    from rich.console import Console
except ImportError:
    Console = None


def on_windows() -> None:
    import winreg


def late(config: Config) -> None:
    from . import tools
    from .tools import __name__ as name
    import yaml.nodes
""",
    )
    done = check(home)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_package_that_the_image_of_linux_does_not_get_is_found(home: Path) -> None:
    requirements = home / "requirements.txt"
    text = requirements.read_text(encoding="utf-8")
    requirements.write_text(f"{text}ruff==0.17.6 ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}\n")
    plant(home, "at_the_top", "import ruff\n")
    assert set(findings(home)) == {"at_the_top.py:1"}
    requirements.write_text(f"{text}ruff==0.17.6 \\\n    --hash=sha256:{'0' * 64}\n")
    assert check(home).returncode == 0


def test_a_module_taken_over_from_the_kit_is_checked_where_production_loads_it(home: Path) -> None:
    for name in ("runtime/retries", "local/token"):
        path = home / "src" / "ejected" / "agentcore_kit" / f"{name}.py"
        path.parent.mkdir(parents=True)
        path.write_text("import typer\n", encoding="utf-8")
    assert list(findings(home)) == ["src/ejected/agentcore_kit/runtime/retries.py:1"]


def test_the_line_is_that_of_the_file_that_imports_it(home: Path) -> None:
    plant(home, "first", f"from {PACKAGE} import second\n\n__all__ = ['second']\n")
    plant(home, "second", "import agentcore_kit.cli\n")
    plant(home, "third", f"def late():\n    import {PACKAGE}.first\n")
    found = findings(home)
    assert list(found) == ["second.py:1"]
    assert "imports typer, of package typer," in found["second.py:1"]
