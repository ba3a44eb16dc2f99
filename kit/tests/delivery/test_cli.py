"""The command line: every command can be asked for help, and options are options, not variables of a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command

from agentcore_kit.cli import GROUPS, application, commands
from agentcore_kit.config.manifest import repository_kind
from tests.delivery.runtime_world import World

NAMES = [command.name for command in commands(repository_kind())]
SECRET = {"EVAL_TOKEN"}
"""What may be given in a variable only, as an option would stand in the history of a shell."""


def loaded(name: str) -> Any:
    """Return a command as it is when it is typed."""
    group: Any = get_command(application(repository_kind(), {name}))
    return group.commands[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself_and_reads_no_variables(name: str) -> None:
    command = loaded(name)
    assert command.help
    for option in command.params:
        assert option.param_type_name == "argument" or option.name == "help" or option.help, option.name
        assert option.envvar is None or option.envvar in SECRET, (name, option.name)


def test_the_list_has_the_commands_of_this_kind_under_their_headings(world: World) -> None:
    lines = world.run("--help").out.splitlines()
    headings = {command.group for command in commands(repository_kind())}
    shown = [line.rstrip(":") for line in lines if line.rstrip(":") in GROUPS]
    assert shown == [one for one in GROUPS if one in headings]
    listed = {line.split()[0] for line in lines if line.startswith("  ") and line.strip()}
    assert listed >= set(NAMES)
    assert not listed & ({command.name for command in commands(None)} - set(NAMES))


def test_the_list_imports_no_command() -> None:
    """`kit --help` must be quick: no AWS, no model, no evaluation."""
    shown = "import sys; from agentcore_kit.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    shown += "import json; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    heavy = {"boto3", "botocore", "strands", "pydantic", "yaml", "httpx", "pytest", "agentcore_kit.kinds.base"}
    assert not heavy & modules


def test_a_wrong_option_is_wrong_input(world: World) -> None:
    assert world.run("status", "--environment", "dev").code == 2
    assert world.run("stattus").code == 2


def test_a_missing_environment_says_which_there_are(world: World) -> None:
    typed = world.run("status")
    assert typed.code == 2
    assert typed.err == "error: --env is missing\nnext:  add --env …, one of: dev, preprod, prod\n"


def test_a_fault_of_a_command_is_no_gate_that_was_not_passed(world: World) -> None:
    def faulty(*_: object) -> None:
        raise RuntimeError("a fault")

    world.monkeypatch.setattr("agentcore_kit.delivery.output.header", faulty)
    typed = world.type("status", "dev")
    assert (typed.code, "RuntimeError: a fault" in typed.err) == (3, True)
