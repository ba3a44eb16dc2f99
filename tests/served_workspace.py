"""The four repositories of a workspace while their servers run: stopped and started, held up, and what they wrote."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore_kit.config.platform import Gateway
from agentcore_kit.local.gateway.issuer import Issuer
from agentcore_kit.local.gateway.settings import LOOK_SECONDS
from agentcore_kit.local.spans import Span, read_traces
from agentcore_kit.runtime.telemetry import SPAN_FILE

from tests.test_generated import OFFLINE
from workspace.build import NAMES, PLATFORM, TOOL, Workspace
from workspace.people import Person, ask
from workspace.processes import serving_one
from workspace.run import AUDIT

STATE = Path(".local")
SETTINGS = "environments/local.yaml"
COUNTING_TOOL = '''class WatchCount(BaseModel):
    """How many markets are on a watch list."""

    count: int = Field(description="how many markets are on the list")


@tool("countWatchedMarkets", title="Count of watched markets", effect="read")
def count_watched_markets(caller: Caller) -> WatchCount:
    """Counts how many markets the user watches.

    Use when the user asks how many markets are watched, or for the number or count of markets.

    Returns: how many markets are on the list.

    Errors: 403 when it is not known who asks; 503 when the list is unavailable.
    """
    return WatchCount(count=len(backend.watched(caller.user_id)))


'''
"""A tool that the tool server of the starter may have besides."""

AUDIENCE = Gateway.model_fields["audience"].default


@dataclass
class Served:
    """The four repositories, whose servers run.

    Attributes:
        workspace: The repositories.
    """

    workspace: Workspace
    _running: dict[str, ExitStack] = field(default_factory=dict)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Serve one of them."""
        self._running[name] = ExitStack()
        server = serving_one(self.workspace, name, {**os.environ, **OFFLINE})
        self._processes[name] = self._running[name].enter_context(server)

    def stop(self, *names: str) -> None:
        """Stop some of them; all, where none is named."""
        for name in names or list(self._running):
            self._running.pop(name).close()

    @contextmanager
    def held_up(self, name: str) -> Iterator[None]:
        """Let one of them take connections and answer nothing until the end of the block."""
        os.killpg(self._processes[name].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._processes[name].pid, signal.SIGCONT)

    @contextmanager
    def locked_watch_lists(self) -> Iterator[None]:
        """Let the tool's watch lists be in use by another until the end of the block: it waits for them."""
        file = self.workspace.repository(TOOL) / STATE / "market.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute("BEGIN EXCLUSIVE")
            yield

    @contextmanager
    def saved(self, name: str, path: str, pattern: str, text: str) -> Iterator[None]:
        """Change the one place of a file that a pattern finds, until the end of the block.

        The gateway looks at its files with a request, when its last look was long enough ago; it is by then.
        """
        file = self.workspace.repository(name) / path
        before = file.read_text(encoding="utf-8")
        after, changes = re.subn(pattern, text, before, flags=re.MULTILINE)
        assert changes == 1, f"{file}: {changes} places look like {pattern}"
        file.write_text(after, encoding="utf-8")
        time.sleep(2 * LOOK_SECONDS)
        try:
            yield
        finally:
            file.write_text(before, encoding="utf-8")

    def token(
        self, name: str, *, role: str = "analyst", seconds: float = 3600, issuer: str = "", keys: Path | None = None
    ) -> Person:
        """Return a person with a token like those of `kit token`, or one that `kit token` does not issue.

        Args:
            name: Who it names.
            role: Their role; empty for none.
            seconds: How long it is valid; negative for one that has expired.
            issuer: Who it says has issued it; empty for the gateway.
            keys: The folder for the keys that sign it; None for those of the gateway.
        """
        folder = keys or self.workspace.repository(PLATFORM) / STATE
        issued_by = Issuer(folder, issuer or f"http://127.0.0.1:{self.workspace.gateway}", AUDIENCE)
        return Person(name, issued_by.issue(name, claims={"role": role} if role else {}, seconds=seconds))

    def describe_tools(self, person: Person, tool: str) -> bool:
        """Write the tools that the tool server has into the platform's policies; return whether one is among them.

        Args:
            person: Whose token the server is asked with.
            tool: The name of the one.
        """
        url = f"http://127.0.0.1:{self.workspace.tool}/mcp"
        command = [".venv/bin/kit", "policies", "--refresh", TOOL, "--from", url, "--token", person.token]
        platform = self.workspace.repository(PLATFORM)
        subprocess.run(command, cwd=platform, capture_output=True, check=False)  # fails while the server starts anew
        return f'"{tool}"' in (platform / f"policies/tools/{TOOL}.json").read_text(encoding="utf-8")

    def audited(self) -> list[dict[str, Any]]:
        """Return the lines of the gateway's audit."""
        text = (self.workspace.repository(PLATFORM) / AUDIT).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def decided(self, user: str) -> list[tuple[str, str, list[str]]]:
        """Return what the gateway decided on a user's calls: tool, decision, policies."""
        return [(one["tool"], one["decision"], one["policies"]) for one in self.audited() if one["user"] == user]

    def spans(self, trace: str) -> list[Span]:
        """Return the spans of a trace, those within others too, by all four processes."""
        files = {name: self.workspace.repository(name) / STATE / SPAN_FILE for name in NAMES.values()}
        found = read_traces(files).get(trace, [])
        for span in found:
            found.extend(span.children)
        return found


def eventually(said: Callable[[], Any], *, tries: int = 120) -> Any:
    """Return what a function returns as soon as it is true; in the end what it returned last."""
    for _ in range(tries):
        if found := said():
            return found
        time.sleep(1)
    return found


def called(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return which tools were called for an answer, and whether each failed."""
    return [(call["name"], call["status"]) for call in answer["toolCalls"]]


def asked_until(served: Served, person: Person, question: str, expected: list[tuple[str, str]]) -> dict[str, Any]:
    """Ask, again and again in the one session, until the expected tools are called, and nothing is unavailable."""
    answers = []

    def is_well() -> bool:
        answers.append(ask(served.workspace, person, question))
        is_all_there = "unavailable" not in " ".join(answers[-1].get("notices", []))
        return answers[-1]["status"] == 200 and is_all_there and called(answers[-1]) == expected

    assert eventually(is_well), answers[-1]
    return answers[-1]
