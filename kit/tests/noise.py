"""What a team's code, libraries and the interpreter write besides log lines, and what a log must have of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentcore_kit.runtime.telemetry import local_defaults
from tests.homes import environment_of, free_port, instrumented

NOISE = """

import asyncio as _asyncio, logging as _logging, sys as _sys, threading as _threading
import traceback as _traceback, warnings as _warnings


class _Dying:
    def __init__(self, what):
        self.what = what

    def __del__(self):
        raise ValueError("noise: " + self.what)


def _noise():
    _warnings.warn("noise: a warning", ResourceWarning)
    _warnings.simplefilter("always")
    _warnings.warn("noise: a warning after all")
    print("noise: printed")
    print("noise: printed in", "parts", 7, sep=" / ")
    print("noise: in two\\nlines", file=_sys.stderr)
    _sys.stderr.write("noise: without an end")
    _sys.stderr.flush()
    print('{"noise": "JSON of its own"}')
    try:
        raise KeyError("noise: printed with its stack")
    except KeyError:
        _traceback.print_exc()
    _Dying("unraisable")
    thread = _threading.Thread(target=lambda: [][0], name="noise-thread")
    thread.start()
    thread.join()
    _logging.getLogger("noise").error("%d apples", "many")

    async def forgotten():
        async def fails():
            raise ValueError("noise: never retrieved")
        task = _asyncio.ensure_future(fails())
        await _asyncio.sleep(0)
        del task
        _asyncio.get_running_loop().call_exception_handler({"message": "noise: of the event loop"})

    _asyncio.run(forgotten())


noise = _threading.Thread(target=_noise)
noise.start()
noise.join()
"""
"""Appended to a module of a component."""

WANTED = (
    "noise: a warning after all",
    "noise: printed",
    "noise: printed in / parts / 7",
    "noise: in two\nlines",
    "noise: without an end",
    "noise: printed with its stack",
    "noise: unraisable",
    "list index out of range",
    "a log line could not be written: noise at",
    "noise: never retrieved",
    "noise: of the event loop",
)


def log_of(module: str, home: Path, source: Path, ready: Callable[[str], bool], **variables: str) -> str:
    """Return all that a server writes from its start to its end, with the noise in one of its modules.

    Args:
        module: What is started, as the image does.
        home: The folder of the component.
        source: The module that makes the noise when it is imported.
        ready: Whether the server at an address has loaded it.
        variables: Further variables of the process.
    """
    source.write_text(source.read_text(encoding="utf-8") + NOISE, encoding="utf-8")
    port = free_port()
    image = {"OTEL_PYTHON_DISTRO": "aws_distro", "OTEL_PYTHON_CONFIGURATOR": "aws_configurator"}
    env = environment_of(home) | local_defaults() | image | {"PORT": str(port), "PYTHONUNBUFFERED": "1"} | variables
    with (home / "whole.log").open("wb") as log:
        process = subprocess.Popen(instrumented(module), cwd=home, env=env, stdout=log, stderr=log)
        while process.poll() is None and not ready(f"http://127.0.0.1:{port}"):
            time.sleep(0.1)
        process.terminate()
        process.wait()
    return (home / "whole.log").read_text(encoding="utf-8")


def check(log: str) -> None:
    """See that each line of a log is an object of JSON, and that nothing is missing."""
    entries: list[dict[str, Any]] = []
    for line in log.splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            raise AssertionError(f"no JSON: {line[:300]}\n\n{log[-6000:]}") from None
    assert all(isinstance(entry, dict) for entry in entries)
    assert {"noise": "JSON of its own"} in entries
    texts = [f"{entry.get('message')} {entry.get('exception', '')}" for entry in entries]
    for wanted in WANTED:
        assert any(wanted in text for text in texts), f"{wanted!r} is missing:\n{log[-6000:]}"
    named = [entry for entry in entries if "message" in entry]
    assert all(entry.keys() >= {"timestamp", "level", "logger"} for entry in named)


def check_failing_start(module: str, home: Path, **variables: str) -> None:
    """See that a server that cannot start ends with a failure, and says so in objects of JSON alone.

    Args:
        module: What is started.
        home: The folder of the component.
        variables: Further variables of the process.
    """
    env = environment_of(home) | local_defaults() | {"PORT": "0"} | variables
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=home, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    assert lines
    assert all(line.startswith("{") and line.endswith("}") for line in lines), lines
    assert done.returncode
