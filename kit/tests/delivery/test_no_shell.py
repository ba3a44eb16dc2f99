"""What somebody types, or a workflow is given, is no command: each option and argument gets what a shell would run."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

import agentcore_kit
from agentcore_kit.cli import application, commands
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_root
from tests.delivery.runtime_world import World

MAKE = str(shutil.which("make"))

HOSTILE = "\"; touch x; echo \"$(touch x)`touch x`'; touch x; '"
"""Makes a file `x` where a shell reads it, unquoted or within quotes of either kind."""

SERVES = {"dev"}
"""Commands that go on until they are stopped."""

APART = {*SERVES, "ask", "eval", "explain", "redteam"}
"""Commands that get a process of their own, as they set the process up for a server or an agent."""

FREE_TEXT = {
    ("ask", "question"), ("ask", "--user"), ("ask", "--session"), ("explain", "question"),
    ("token", "--user"), ("token", "--name"), ("token", "--claim"), ("token", "--trust"),
    ("dev", "--user"), ("dev", "--trust"), ("notes", "--since"), ("notes", "--comparison"),
}  # fmt: skip
"""What may be any text: the command need not refuse it, and must not run it."""

SHORT = {
    "eval": ("--select", "smoke"),
    "redteam": ("--select", "smoke"),
    "rehearse": ("--scene", "there-is-none"),
    "ask": ("What can you do?",),
    "explain": ("What can you do?",),
}
"""What else is typed with a command, so that it asks little; left out where that is what is tried."""


def tried() -> Iterator[tuple[str, str]]:
    """Yield each command of this kind of repository with each of its options and arguments that take a value."""
    for command in commands(repository_kind()):
        group: Any = get_command(application(repository_kind(), {command.name}))
        for one in group.commands[command.name].params:
            if not getattr(one, "is_flag", False) and one.name != "help":
                yield command.name, one.opts[0]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the repository."""
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".local", ".venv", "__pycache__", ".*_cache")
    shutil.copytree(repository_root(), copy, ignore=ignored)
    monkeypatch.chdir(copy)
    return copy


def arguments(command: str, option: str) -> list[str]:
    """Return what is typed: the option with a value that no shell may see, and what the command needs besides."""
    given = [option, HOSTILE] if option.startswith("-") else ["--", HOSTILE]
    group: Any = get_command(application(repository_kind(), {command}))
    known = {one.opts[0] for one in group.commands[command].params}
    more = ["--env", "preprod"] if "--env" in known and option != "--env" else []
    short = SHORT.get(command, ())
    same = short[:1] == (option,) or (short and not short[0].startswith("-") and not option.startswith("-"))
    return [command, *more, *(() if same else short), *given]


@pytest.mark.parametrize(("command", "option"), [*tried()])
def test_a_value_is_no_command(world: World, copy: Path, tmp_path: Path, command: str, option: str) -> None:
    line = arguments(command, option)
    if command in APART:
        code, said = apart(line, copy, seconds=10 if command in SERVES else 120)
    else:
        typed = world.run(*line)
        code, said = typed.code, typed.out + typed.err
    assert not [*tmp_path.rglob("x"), *Path.cwd().rglob("x")], "a shell has read it"
    assert "Traceback" not in said, said
    if (command, option) not in FREE_TEXT:
        assert code != 0, said
        assert said.strip(), "it must say what is wrong"


def apart(line: list[str], folder: Path, seconds: float) -> tuple[int, str]:
    """Run a command for some seconds at most; return its exit code, 0 for one that went on, and what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agentcore_kit", *line],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 15)
        said, _ = process.communicate(timeout=20)
        return 0, said
    return process.returncode, said


def test_nothing_in_the_kit_starts_a_shell() -> None:
    found = []
    for path in Path(agentcore_kit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            shell = any(one.arg == "shell" and ast.unparse(one.value) != "False" for one in node.keywords)
            if shell or name in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"):
                found.append(f"{path.name}:{node.lineno}: {name}")
    assert not found


def lines() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the lines that workflows run: the workflow, the line, and the variables that it names."""
    for path in sorted((repository_root() / ".github" / "workflows").glob("*.yml")):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for step in job["steps"]:
                if "run" in step:
                    names = re.findall(r"\$\{?(\w+)", step["run"])
                    yield path.name, step["run"], dict.fromkeys(names, HOSTILE)


@pytest.mark.parametrize(("workflow", "line", "variables"), [*lines()])
def test_what_a_workflow_is_given_is_no_command(
    tmp_path: Path, workflow: str, line: str, variables: dict[str, str]
) -> None:
    """Each line is run by the shell that GitHub uses, with programs that only note what they were given."""
    programs, noted = tmp_path / "bin", tmp_path / "noted"
    programs.mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for path in [*(programs / name for name in ("make", "git", "gh", "cat")), tmp_path / ".venv" / "bin" / "kit"]:
        path.write_text(
            f'#!/bin/sh\nfor each in "$@"; do printf "%s\\n" "$each" >> "{noted}"; done\n', encoding="utf-8"
        )
        path.chmod(0o755)
    outputs = {name: str(tmp_path / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    bash = str(shutil.which("bash"))
    subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", line],
        cwd=tmp_path, env={**variables, **outputs, "PATH": f"{programs}:/usr/bin:/bin"},
        check=True, capture_output=True,
    )  # fmt: skip
    assert not [*tmp_path.rglob("x")], (workflow, "a shell has read it", line)
    given = noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []
    for name in {*variables} - {*outputs} if "$(" not in line else ():  # what is within is typed by a program
        holding = [word for word in shlex.split(line, comments=True) if re.search(rf"\$\{{?{name}\b", word)]
        for word in holding:
            assert re.sub(rf"\$\{{?{name}\}}?", lambda _: HOSTILE, word) in given, (workflow, "not quoted", line)


def test_what_make_setup_is_given_is_no_command(copy: Path) -> None:
    """`make setup PYTHON=…` hands on what was typed."""
    made = subprocess.run([MAKE, "setup", f"PYTHON={HOSTILE}"], cwd=copy, capture_output=True, text=True, check=False)
    assert made.returncode != 0
    assert not [*copy.rglob("x")], "a shell has read it"
