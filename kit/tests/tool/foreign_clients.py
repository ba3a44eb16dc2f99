"""MCP clients of another language: the TypeScript SDK's and the Inspector, installed by npm from hashes.

They are installed once for each state of the lock file, into the virtual environment, so outside of git.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parents[1] / "foreign_clients"
INSTALLED = Path(sys.prefix) / "foreign_clients"
NODE = 20
"""The oldest version of Node.js that the clients run on."""

_NEEDED = f"these tests need Node.js {NODE} or newer with npm, for clients that are not Python's; install it"
_OR = "or leave these tests out: --ignore=tests/tool/test_foreign_clients.py"


def install() -> None:
    """Install the clients where they are not yet. Fails the test with what to do where that cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.fail(f"{'npm' if node else 'Node.js'} is missing: {_NEEDED}, {_OR}", pytrace=False)
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE:
        pytest.fail(f"Node.js {version} is too old: {_NEEDED}, {_OR}", pytrace=False)
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker of the test run may be at it
        for file in SOURCE.iterdir():
            shutil.copy(file, INSTALLED)
        state = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
        ready = INSTALLED / "ready"
        if ready.is_file() and ready.read_text() == state:
            return
        ready.unlink(missing_ok=True)
        done = subprocess.run([npm, "ci", "--loglevel=error"], cwd=INSTALLED, capture_output=True, text=True)
        if done.returncode != 0:
            mirror = "set npm's registry to one that can be reached (npm config set registry …)"
            pytest.fail(f"npm could not install the clients:\n{done.stderr}{mirror}, {_OR}", pytrace=False)
        ready.write_text(state)


def run_node(script: str, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of Node.js where the clients are installed.

    Args:
        script: Its path in that folder.
        arguments: What it is started with.
        said: What it reads from standard input.
    """
    environment = os.environ | {"HOME": str(INSTALLED), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return subprocess.run(
        ["node", script, *arguments],  # noqa: S607 - found by `install`
        cwd=INSTALLED, env=environment, input=said, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def with_typescript(generation: int, url: str, token: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a generation of the TypeScript SDK's client lists, and what it answers to calls.

    Args:
        generation: 1 or 2, see `typescript_sdk.mjs`.
        url: Where the tools are.
        token: The user's.
        calls: The name and arguments of each call.
    """
    asked = json.dumps({"generation": generation, "url": url, "token": token, "calls": calls})
    done = run_node("typescript_sdk.mjs", said=asked)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def with_inspector(era: str, url: str, token: str, *arguments: str) -> tuple[int, Any]:
    """Run the Inspector's command line.

    Args:
        era: `legacy`, of revision 2025-11-25 and before, or `modern`, of 2026-07-28.
        url: Where the tools are.
        token: The user's.
        arguments: What is asked.

    Returns:
        Its exit code, and the JSON that it printed.
    """
    where = ("--cli", url, "--transport", "http", "--protocol-era", era, "--header", f"Authorization: Bearer {token}")
    done = run_node("node_modules/.bin/mcp-inspector", *where, *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)
