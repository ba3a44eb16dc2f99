"""Measures a generated tool server against a bare one of the MCP SDK, in turn in one run; part of `make bench`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from run import Row, free_port, say, seconds, set_up_repository

BARE = Path(__file__).with_name("bare_server.py")
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "getMarketData", "arguments": {"region": "EMEA", "dataType": "revenue"}},
}
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
CALLS_A_RUN = 200
CLIENTS, CALLS_EACH = 50, 20


class Server:
    """A server process, and one client's connection to it."""

    def __init__(self, command: list[str], repository: Path, env: dict[str, str], token: str) -> None:
        self.port = free_port()
        self.headers = HEADERS | {"Authorization": f"Bearer {token}"}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, str(self.port)],
            cwd=repository,
            env=env | {"PORT": str(self.port)},
            stderr=subprocess.DEVNULL,
        )
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)

    def first_answer(self) -> float:
        """Return seconds from the start of the process to the first answer of a tool."""
        while self.process.poll() is None:
            try:
                self.call()
                return time.perf_counter() - self.started
            except OSError:
                self.connection.close()
                time.sleep(0.002)
        raise RuntimeError(f"the server ended with {self.process.returncode}")

    def call(self, connection: HTTPConnection | None = None) -> None:
        """Call the tool once. Raises RuntimeError unless it answers with its figure."""
        connection = connection or self.connection
        connection.request("POST", "/mcp", json.dumps(CALL).encode(), self.headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200 or b"18.4" not in body:
            raise RuntimeError(f"{response.status}: {body[:200]!r}")

    def calls_of_one_client(self) -> int:
        """Make some calls over a connection of its own and return how many were answered."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        for _ in range(CALLS_EACH):
            self.call(connection)
        connection.close()
        return CALLS_EACH

    def stop(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.kill()
        self.process.wait()


def bench(runs: int, repository: Path, python: str, env: dict[str, str], token: str) -> tuple[list[Row], str]:
    """Return the rows, and what a thousand calls at once came to."""
    first, call = Row("start to first answer", 1.15, "s"), Row("one tool call over HTTP", 1.3, "s")
    ours, bare = [python, "-m", "tool.app"], [python, str(BARE)]
    load = ""
    for number in range(runs):
        least, made = None, None
        try:
            least = Server(bare, repository, env, token)
            first.yardstick.append(least.first_answer())
            made = Server(ours, repository, env, token)
            first.ours.append(made.first_answer())
            least.connection.close()  # idle meanwhile, and perhaps closed by the server; the next call opens another
            for _ in range(CALLS_A_RUN):
                call.yardstick.append(seconds(least.call))
                call.ours.append(seconds(made.call))
            if number == runs - 1:
                begin = time.perf_counter()
                with ThreadPoolExecutor(CLIENTS) as pool:
                    answered = sum(pool.map(lambda _, server=made: server.calls_of_one_client(), range(CLIENTS)))
                pace = answered / (time.perf_counter() - begin)
                load = f"{answered} calls from {CLIENTS} clients: 0 failed, {pace:.0f}/s"
        finally:
            for server in (least, made):
                if server:
                    server.stop()
    return [first, call], load


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each program (default 5)")
    runs = parser.parse_args().runs
    scratch = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        say("generating and installing a tool")
        repository = set_up_repository(scratch, "tool")
        python = str(repository / ".venv" / "bin" / "python")
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_", "VIRTUAL_"))
        }
        env = kept | {"PYTHONPATH": "src:."}
        token = subprocess.run(
            [python, "-m", "agentcore_kit", "token"],
            cwd=repository,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        say(f"measuring, {runs} runs of each server")
        rows, load = bench(runs, repository, python, env, token)
        print("\n| | generated tool server | bare MCP SDK server | ratio | aim | |\n|---|---:|---:|---:|---:|---|")
        print("\n".join(row.line() for row in rows))
        print(f"\n{load}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
