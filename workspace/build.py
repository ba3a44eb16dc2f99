"""Generates a platform, a memory, a tool and an agent side by side, and tells each where the others are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cookiecutter.main import cookiecutter

ROOT = Path(__file__).parents[1]

PLATFORM, MEMORY, TOOL, AGENT = "company-platform", "analyst-memory", "market-data", "analytics-agent"
NAMES = {"platform": PLATFORM, "memory": MEMORY, "tool": TOOL, "agent": AGENT}
GATEWAY = "company-tools"


@dataclass(frozen=True)
class Workspace:
    """Four repositories in one folder, and the ports on which they are served.

    Attributes:
        folder: Where the repositories are, each under its name.
        gateway: Port of the platform's gateway, which also signs users in.
        memory: Port of the memory.
        tool: Port of the tool server.
        agent: Port of the agent.
    """

    folder: Path
    gateway: int = 8100
    memory: int = 8090
    tool: int = 8000
    agent: int = 8080

    def repository(self, name: str) -> Path:
        """Return the folder of one of the four."""
        return self.folder / name

    @property
    def discovery_url(self) -> str:
        """Where the issuer of the users' tokens says of itself what it is."""
        return f"http://127.0.0.1:{self.gateway}/.well-known/openid-configuration"

    @property
    def gateway_url(self) -> str:
        """Where the agent, or any client of MCP, reaches the gateway."""
        return f"http://127.0.0.1:{self.gateway}/mcp"


def generate(workspace: Workspace) -> None:
    """Write the four repositories with the default answers; the folder must not have them yet."""
    for kind, name in NAMES.items():
        answers = {"kind": kind, "agent_name": name}
        cookiecutter(
            str(ROOT), no_input=True, output_dir=str(workspace.folder), default_config=True, extra_context=answers
        )


def set_up(workspace: Workspace) -> None:
    """Install what each of the four needs, two at a time; exit with the output of the first that fails."""

    def install(name: str) -> None:
        done = subprocess.run(
            ["make", "--no-print-directory", "setup", f"PYTHON={sys.executable}"],
            cwd=workspace.repository(name),
            env={**os.environ, "MAKEFLAGS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{done.stdout}{done.stderr}\nmake setup failed in {workspace.repository(name)}")
        print(f"  {name}: ready", flush=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(install, NAMES.values()))


def connect(workspace: Workspace) -> None:
    """Write into the files of the four where the others are; the README of the template says the same by hand."""
    issuer = f"  discoveryUrl: {workspace.discovery_url}"

    platform = workspace.repository(PLATFORM) / "environments/local.yaml"
    _replace(platform, r"^  port: \d+", f"  port: {workspace.gateway}")
    _replace(platform, r"http://127\.0\.0\.1:\d+/mcp", f"http://127.0.0.1:{workspace.tool}/mcp")

    memory = workspace.repository(MEMORY) / "manifest.yaml"
    _replace(memory, r"- name: assistant\b", f"- name: {AGENT}")

    tool = workspace.repository(TOOL) / "environments/local.yaml"
    _replace(tool, r"^  mode: development.*$", rf"\g<0>\n{issuer}")

    manifest = workspace.repository(AGENT) / "manifest.yaml"
    _replace(manifest, r"^    gateways: \[\]", f"    gateways: [{GATEWAY}]")
    _replace(manifest, r"^  memory: null", f"  memory: {MEMORY}")
    agent = workspace.repository(AGENT) / "environments/local.yaml"
    _replace(agent, r"^  mode: development.*$", rf"\g<0>\n{issuer}")
    _replace(agent, r"^gateways: \{\}.*$", f"gateways: {{{GATEWAY}: {workspace.gateway_url}}}")
    with agent.open("a", encoding="utf-8") as file:
        memory_id = f"{MEMORY.replace('-', '_')}-localstore"
        file.write(f"\nmemory: {{id: {memory_id}, endpoint: http://127.0.0.1:{workspace.memory}}}\n")
        file.write("limits: {gateways: {connectSeconds: 60}} # four servers start on this machine at once\n")


def _replace(path: Path, pattern: str, text: str) -> None:
    """Change the one place of a file that a pattern finds."""
    before = path.read_text(encoding="utf-8")
    after, changes = re.subn(pattern, text, before, flags=re.MULTILINE)
    if changes != 1:
        sys.exit(f"{path}: expected one place that looks like {pattern!r}, found {changes}")
    path.write_text(after, encoding="utf-8")
