"""Commands as processes of their own, without importing everything anew for each: a process that has, and forks.

A command takes some seconds of a processor, most of it for imports. Where the system cannot fork, each command is a
Python of its own.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_PACKAGES = ("agentcore_kit.config", "agentcore_kit.delivery", "agentcore_kit.kinds")
_OF_KIND = {"Platform": ("agentcore_kit.delivery.platform", "agentcore_kit.governance")}
_OF_COMPONENTS = ("agentcore_kit.evaluation",)
"""What is imported before the first command: what commands of the delivery need."""


class Worker:
    """Runs commands of the kit, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str] | None) -> None:
        self._process = process

    def run(
        self, arguments: Sequence[str], home: Path, variables: Mapping[str, str], typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and return its exit code and what it printed.

        Args:
            arguments: What is typed after `kit`.
            home: The working directory.
            variables: The whole environment of the process.
            typed: What somebody types in the terminal when the command asks; empty without a terminal.
        """
        if self._process is None:
            assert not typed, "without fork there is no terminal to type in"
            return subprocess.run(
                [sys.executable, "-m", "agentcore_kit", *arguments],
                cwd=home, env=dict(variables), capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.TemporaryDirectory(prefix="rehearsal-output-") as folder:
            about = {"arguments": [*arguments], "home": str(home), "variables": dict(variables), "typed": typed}
            wanted = {**about, "output": folder}
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            out, err = ((Path(folder) / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess([*arguments], code, out, err)


@contextmanager
def worker() -> Iterator[Worker]:
    """Start what runs commands, for the length of a block."""
    if not hasattr(os, "fork"):
        yield Worker(None)
        return
    with subprocess.Popen(
        [sys.executable, "-m", "agentcore_kit.local.rehearsal.worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield Worker(process)
        finally:
            assert process.stdin
            process.stdin.close()


def _import_all() -> None:
    from agentcore_kit.config.manifest import repository_kind

    for package in map(importlib.import_module, (*_PACKAGES, *_OF_KIND.get(repository_kind(), _OF_COMPONENTS))):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            with suppress(ImportError):  # what a repository does without
                importlib.import_module(module.name)
    _load_services()
    from agentcore_kit.delivery import polling

    polling._FIRST, polling._LONGEST = 0.02, 0.2  # the emulated AWS needs no time


def _load_services() -> None:
    """Read botocore's models of the services that commands call most, for all commands: each would read them anew."""
    import boto3
    import botocore.session
    from botocore.loaders import create_loader

    loader = create_loader()
    botocore.session.create_loader = lambda *_: loader
    session = boto3.Session("none", "none", region_name="eu-central-1")
    for service in ("cloudformation", "ssm", "sts", "bedrock-agentcore-control"):
        session.client(service)


def _command(wanted: Mapping[str, object]) -> int:
    """Run a command in a process that was forked for it; return its exit code."""
    os.chdir(str(wanted["home"]))
    variables = wanted["variables"]
    assert isinstance(variables, dict)
    os.environ.clear()
    os.environ.update(variables)
    arguments = wanted["arguments"]
    assert isinstance(arguments, list)
    sys.argv = ["kit", *arguments]
    from agentcore_kit import cli

    try:
        cli.main(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return int(end.code or 0)
    return 0


def _forked(line: str) -> int:
    """Run a command in a fork with its own output; return its exit code."""
    wanted = json.loads(line)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    code = 3
    try:
        with _output(wanted["output"]), _terminal(wanted["typed"]):
            code = _command(wanted)
    finally:
        os._exit(code)


@contextmanager
def _terminal(typed: str) -> Iterator[None]:
    """Let standard input be a terminal in which somebody types; without anything typed, there is none."""
    if not typed:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # not the pipe of this process, which the next command comes by
        yield
        return
    keyboard, terminal = os.openpty()
    os.write(keyboard, f"{typed}\n".encode())
    os.dup2(terminal, 0)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
    yield
    os.close(keyboard)


@contextmanager
def _output(folder: str) -> Iterator[None]:
    """Send what this process and its children print to files of a folder."""
    for name, number in (("out", 1), ("err", 2)):
        with (Path(folder) / name).open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    try:
        yield
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def main() -> None:
    """Import everything, then run a command for each line of standard input, and print its exit code."""
    _import_all()
    for line in sys.stdin:
        print(_forked(line), flush=True)


if __name__ == "__main__":
    main()
