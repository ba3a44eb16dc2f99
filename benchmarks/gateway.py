"""Measures the gateway of a generated platform, in turn with others in one run; part of `make bench`.

What it adds to a tool's call, a search in very many tools, what an agent's model is given of them, and decisions.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

import many_tools
import yaml
from run import Row, free_port, say, seconds, set_up_repository

BARE, MANY_TOOLS, OFFERED = (
    Path(__file__).with_name(name) for name in ("bare_proxy.py", "many_tools.py", "offered_tools.py")
)
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
TOOL, TARGET, MANY_TARGET = "getMarketData", "market-data", "many"
SEARCH = "x_amz_bedrock_agentcore_search"
ARGUMENTS = {"region": "EMEA", "dataType": "revenue"}
WARM_UP, CALLS, SEARCHES, CHANGES, ROWS = 20, 200, 100, 5, 1000
MANY = 300
POLICY = """@id("bench")
permit(principal is AgentCore::OAuthUser, action, resource == AgentCore::Gateway::"${gateway}")
when { principal.hasTag("department") && principal.getTag("department") == "bench" };
"""


class Served:
    """A server process and a client's connection to it."""

    def __init__(self, command: list[str], folder: Path, port: int, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, tool: str, arguments: dict[str, str], token: str, expected: bytes) -> None:
        """Call a tool once. Raises RuntimeError unless it answers as expected."""
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        headers = HEADERS | {"Authorization": f"Bearer {token}"}
        self.connection.request("POST", "/mcp", json.dumps(message).encode(), headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200 or expected not in body:
            raise RuntimeError(f"{response.status}: {body[:300]!r}")

    def wait(self, *call: object) -> None:
        """Wait until a call is answered."""
        end = time.monotonic() + 120
        while True:
            try:
                self.call(*call)  # type: ignore[arg-type]
                return
            except (OSError, RuntimeError) as error:
                self.connection.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"no answer: {error}") from error
                time.sleep(0.1)

    def stop(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.terminate()
        self.process.wait()


def prepare(platform: Path, tool: Path, ports: dict[str, int], kit: list[str]) -> str:
    """Put both targets behind the gateway, with a policy and a token that permits all calls; return the token.

    Args:
        platform: The platform's repository.
        tool: The tool's repository.
        ports: Of `gateway`, and of each target by its name.
        kit: The command line of the platform's `kit`.
    """
    url = f"http://127.0.0.1:{ports['gateway']}"
    path = platform / "environments" / "local.yaml"
    local = yaml.safe_load(path.read_text())
    targets = [{"name": name, "url": f"http://127.0.0.1:{ports[name]}/mcp"} for name in (TARGET, MANY_TARGET)]
    local["gateway"] |= {"port": ports["gateway"], "targets": targets, "requestsPerMinute": 1_000_000}
    path.write_text(yaml.safe_dump(local))
    path = tool / "environments" / "local.yaml"
    local = yaml.safe_load(path.read_text())
    local["identity"]["discoveryUrl"] = f"{url}/.well-known/openid-configuration"
    path.write_text(yaml.safe_dump(local))
    (platform / "policies" / "bench.cedar").write_text(POLICY)
    of_tool = json.loads((tool / "tests" / "contract.json").read_text())
    for name, described in ((TARGET, of_tool), (MANY_TARGET, {"tools": many_tools.described(MANY)})):
        (platform / "policies" / "tools" / f"{name}.json").write_text(json.dumps(described))
    command = [*kit, "token", "--user", "bench", "--claim", "department=bench"]
    return subprocess.run(command, cwd=platform, check=True, capture_output=True, text=True).stdout.strip()


def bench_calls(gateway: Served, behind: Served, proxy: Served, token: str) -> tuple[Row, str]:
    """Compare a tool's call through the gateway with one through a bare proxy, and with the call alone."""
    row = Row("one tool call through it", 1.5, "s")
    alone: list[float] = []
    through = (f"{TARGET}___{TOOL}", ARGUMENTS, token, b"18.4")
    direct = (TOOL, ARGUMENTS, token, b"18.4")
    for server, call in ((gateway, through), (behind, direct), (proxy, direct)):
        server.wait(*call)
    for number in range(WARM_UP + CALLS):
        taken = (
            seconds(lambda: behind.call(*direct)),
            seconds(lambda: gateway.call(*through)),
            seconds(lambda: proxy.call(*direct)),
        )
        if number >= WARM_UP:
            for kept, each in zip((alone, row.ours, row.yardstick), taken, strict=True):
                kept.append(each)
    added = (statistics.median(row.ours) - statistics.median(alone)) * 1000
    of = f"to a call of {statistics.median(alone) * 1000:.2f} ms"
    return row, f"The gateway adds {added:.2f} ms {of}; aim 5: {verdict(added <= 5)}"


def bench_search(gateway: Served, token: str) -> tuple[Row, str]:
    """Compare a search in very many tools with a tool's call, and time searches while all tools change."""
    row = Row(f"a search in {MANY} tools, to a tool call", 1.5, "s")
    change = (f"{MANY_TARGET}___{many_tools.CHANGE}", {}, token, b"done")
    gateway.wait(*change)

    def search(number: int) -> float:
        verb, subject = many_tools.VERBS[number % 6], many_tools.SUBJECTS[number % 10]
        return seconds(lambda: gateway.call(SEARCH, {"query": f"{verb} a {subject}"}, token, verb.encode()))

    for number in range(WARM_UP + SEARCHES):
        called = seconds(lambda: gateway.call(f"{TARGET}___{TOOL}", ARGUMENTS, token, b"18.4"))
        found = search(number)
        if number >= WARM_UP:
            row.yardstick.append(called)
            row.ours.append(found)
    while_read, first = [], []
    for number in range(CHANGES):
        gateway.call(*change)
        time.sleep(1.2)  # longer than a list is taken as known
        while_read.append(search(number))
        time.sleep(3)  # it is read by then, also on a busy machine
        first.append(search(number))
    once, begun, changed = (statistics.median(each) * 1000 for each in (row.ours, while_read, first))
    said = f"A search in {MANY} tools takes {once:.2f} ms; as all change, {begun:.2f} ms, and the next {changed:.2f} ms"
    return row, f"{said}; aim 20: {verdict(max(once, begun, changed) <= 20)}"


def bench_tokens(agent: Path, url: str, token: str, env: dict[str, str]) -> Row:
    """Compare what an agent's model is given of a gateway's very many tools with all of them."""
    row = Row(f"characters of tools that an agent's model is given, of {MANY}", 0.15, "kB")
    python = str(agent / ".venv" / "bin" / "python")
    for above, into in ((20, row.ours), (10 * MANY, row.yardstick)):
        command = [python, str(OFFERED), f"{url}/mcp", token, str(above)]
        done = subprocess.run(command, cwd=agent, env=env, check=True, capture_output=True, text=True)
        into.append(int(done.stdout.split()[-1]) / 1000)
    return row


def bench_decisions(python: str, env: dict[str, str], platform: Path) -> str:
    """Return how many rows of the policies' table are tested in a second, in the platform's own Python."""
    path = platform / "policies" / "decisions.yaml"
    before = path.read_text()
    table = yaml.safe_load(before)
    table["decisions"] *= 1 + ROWS // len(table["decisions"])
    path.write_text(json.dumps(table))  # which is YAML, without references to rows before
    program = (
        "import time\n"
        "from agentcore_kit.policies.engine import load\n"
        "from agentcore_kit.policies.table import outcomes, policies_folder\n"
        "policies = load(policies_folder())\n"
        "def per_second(act):\n"
        "    began = time.perf_counter(); made = len(act()); return made / (time.perf_counter() - began)\n"
        "rows = [each.row for each in outcomes(policies=policies)]\n"
        "print(per_second(lambda: [policies.decide(row.claims, row.tool, row.arguments) for row in rows]))\n"
        "print(per_second(lambda: outcomes(policies=policies)))\n"
    )
    done = subprocess.run([python, "-c", program], cwd=platform, env=env, check=True, capture_output=True, text=True)
    path.write_text(before)
    decided, tested = map(float, done.stdout.split())
    said = f"Policies: {decided:.0f} decisions a second, {tested:.0f} with reading a table of {ROWS} rows"
    return f"{said}; aim 1000: {verdict(decided >= 1000)}"


def verdict(reached: bool) -> str:
    """Return a verdict in words."""
    return "reached" if reached else "MISSED"


def bench(repositories: dict[str, Path], env: dict[str, str]) -> tuple[list[Row], list[str]]:
    """Return all comparisons, and what else is said."""
    platform, tool, agent = (repositories[kind] for kind in ("platform", "tool", "agent"))
    ports = {name: free_port() for name in ("gateway", "bare", TARGET, MANY_TARGET)}
    python = str(platform / ".venv" / "bin" / "python")
    kit = [python, "-m", "agentcore_kit"]
    token = prepare(platform, tool, ports, kit)
    decisions = bench_decisions(python, env, platform)
    started: list[Served] = []

    def serve(name: str, command: list[str], folder: Path, more: dict[str, str]) -> Served:
        server = Served(command, folder, ports[name], env | more)
        started.append(server)
        return server

    tool_python = str(tool / ".venv" / "bin" / "python")
    try:
        gateway = serve("gateway", [*kit, "dev"], platform, {})
        behind = serve(TARGET, [tool_python, "-m", "tool.app"], tool, {"PORT": str(ports[TARGET])})
        serve(MANY_TARGET, [python, str(MANY_TOOLS), str(ports[MANY_TARGET]), str(MANY)], platform, {})
        bare = [python, str(BARE), f"http://127.0.0.1:{ports[TARGET]}/mcp", str(ports["bare"])]
        called, added = bench_calls(gateway, behind, serve("bare", bare, platform, {}), token)
        searched, took = bench_search(gateway, token)
        given = bench_tokens(agent, f"http://127.0.0.1:{ports['gateway']}", token, env)
    finally:
        for server in started:
            server.stop()
    return [called, searched, given], [added, took, decisions]


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        say("generating and installing a platform, a tool and an agent")
        repositories = {}
        for kind in ("platform", "tool", "agent"):
            (scratch / kind).mkdir()
            repositories[kind] = set_up_repository(scratch / kind, kind)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_", "VIRTUAL_"))
        }
        say(f"measuring, {CALLS} calls each in turn")
        rows, told = bench(repositories, kept | {"PYTHONPATH": "src:."})
        print("\n| | gateway | yardstick | ratio | aim | |\n|---|---:|---:|---:|---:|---|")
        print("\n".join(row.line() for row in rows))
        print("\n" + "\n".join(told))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
