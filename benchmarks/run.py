"""Measures the template's speed claims as ratios, side by side in one run: `make bench`.

Each row compares the generated repository with the least program that does the same, in turn (A B A B …), so that a
machine that gets slower or faster meanwhile treats both alike. Figures are medians. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import evaluation
import remembering

TEMPLATE = Path(__file__).parents[1]
MINIMAL = Path(__file__).with_name("minimal.py")
QUESTION = "What's our Q3 revenue in EMEA?"
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
FURTHER_INVOCATIONS = 15


@dataclass
class Row:
    """One comparison: seconds (or MB) of ours and of the yardstick, run by run, and the ratio aimed at."""

    name: str
    limit: float
    unit: str
    ours: list[float] = field(default_factory=list)
    yardstick: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return the row as Markdown."""
        ours, base = statistics.median(self.ours), statistics.median(self.yardstick)
        verdict = "reached" if ours / base <= self.limit else "MISSED"
        return (
            f"| {self.name} | {ours:.3g} {self.unit} | {base:.3g} {self.unit} "
            f"| {ours / base:.2f} | {self.limit:g} | {verdict} |"
        )


class Program:
    """A server process of a generated repository, and the figures of its life."""

    def __init__(self, command: list[str], repository: Path, env: dict[str, str], headers: dict[str, str]) -> None:
        self.port = free_port()
        self.headers = {"Content-Type": "application/json", **headers}
        command = [part.replace("PORT", str(self.port)) for part in command]
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=repository, env=env | {"PORT": str(self.port)}, stderr=subprocess.DEVNULL
        )

    def wait_for_ping(self) -> float:
        """Return seconds from the start of the process to the first answer of `/ping`."""
        while self.process.poll() is None:
            try:
                self._request("GET", "/ping")
                return time.perf_counter() - self.started
            except OSError:
                time.sleep(0.002)
        raise RuntimeError(f"the server ended with {self.process.returncode}")

    def ask(self, prompt: str = QUESTION, **headers: str) -> dict[str, object]:
        """Return the body of one answered question."""
        body = json.dumps({"prompt": prompt}).encode()
        answer: dict[str, object] = json.loads(self._request("POST", "/invocations", body, headers))
        return answer

    def peak_megabytes(self) -> float:
        """Return the largest resident size the process had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, self.headers | (headers or {}))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {content[:200]!r}")
        return content


@contextmanager
def serving(command: list[str], repository: Path, env: dict[str, str], headers: dict[str, str]) -> Iterator[Program]:
    """Run a server for the length of a block."""
    program = Program(command, repository, env, headers)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def bench_generation(runs: int, scratch: Path) -> Row:
    """Compare generating an agent with cookiecutter rendering an empty template."""
    empty = scratch / "empty-template"
    (empty / "{{cookiecutter.name}}").mkdir(parents=True)
    (empty / "cookiecutter.json").write_text('{"name": "x"}')
    row = Row("generate a repository", 1.15, "s")

    def generate(template: Path) -> float:
        target = Path(tempfile.mkdtemp(dir=scratch))
        command = [sys.executable, "-m", "cookiecutter", "--no-input", "-o", str(target), str(template)]
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin

    in_turn(runs, lambda: row.ours.append(generate(TEMPLATE)), lambda: row.yardstick.append(generate(empty)))
    return row


def in_turn(runs: int, ours: Callable[[], None], yardstick: Callable[[], None]) -> None:
    """Run both `runs` times in turn."""
    for _ in range(runs):
        yardstick()
        ours()


BARE_TYPER = """
import typer
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
@app.command()
def one() -> None: "Do one thing."
@app.command()
def two() -> None: "Do another."
app()
"""


def bench_help(runs: int, repository: Path, python: str, env: dict[str, str]) -> Row:
    """Compare `kit --help` with a typer program of two commands."""
    row = Row("kit --help", 1.5, "s")

    def took(command: list[str]) -> float:
        begin = time.perf_counter()
        subprocess.run(command, cwd=repository, env=env, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin

    kit = str(Path(python).with_name("kit"))
    in_turn(
        runs,
        lambda: row.ours.append(took([kit, "--help"])),
        lambda: row.yardstick.append(took([python, "-c", BARE_TYPER, "--help"])),
    )
    return row


def bench_commands(repository: Path, env: dict[str, str]) -> str:
    """Time `make test` and `make check` of a generated repository."""
    seconds = {}
    for verb in ("test", "check"):
        begin = time.perf_counter()
        subprocess.run(["make", verb], cwd=repository, env=env, check=True, stdout=subprocess.DEVNULL)
        seconds[verb] = time.perf_counter() - begin
    return f"make test {seconds['test']:.1f} s (aim 15), make check {seconds['check']:.1f} s (aim 30)"


def bench_ping(runs: int, repository: Path, python: str, env: dict[str, str]) -> Row:
    """Compare the start with that of a server that has no agent."""
    row = Row("start to /ping", 1.05, "s")

    def start(command: list[str], into: list[float]) -> None:
        with serving(command, repository, env, {}) as program:
            into.append(program.wait_for_ping())

    in_turn(
        runs,
        lambda: start([python, "-m", "agent.app"], row.ours),
        lambda: start([python, str(MINIMAL), "PORT", "empty"], row.yardstick),
    )
    return row


def bench_answers(runs: int, repository: Path, python: str, env: dict[str, str], token: str) -> list[Row]:
    """Compare first answer (plain and observed), one further answer, and memory with the minimal program."""
    first, observed = Row("start to first answer", 1.1, "s"), Row("… with observability on", 1.4, "s")
    further, memory = Row("one further invocation", 1.15, "s"), Row("peak memory", 1.1, "MB")
    headers = {"Authorization": f"Bearer {token}"}
    instrument = str(Path(python).with_name("opentelemetry-instrument"))

    def session() -> dict[str, str]:
        return headers | {SESSION_HEADER: f"bench-{time.time_ns():032d}"}

    def first_answer(program: Program, into: list[float]) -> None:
        program.wait_for_ping()
        program.ask()
        into.append(time.perf_counter() - program.started)

    for _ in range(runs):
        with serving([instrument, python, "-m", "agent.app"], repository, env, session()) as program:
            first_answer(program, observed.ours)
        with serving([python, str(MINIMAL), "PORT"], repository, env, {}) as least:
            first_answer(least, first.yardstick)
            with serving([python, "-m", "agent.app"], repository, env, session()) as program:
                first_answer(program, first.ours)
                for _ in range(FURTHER_INVOCATIONS):
                    further.yardstick.append(seconds(least.ask))
                    further.ours.append(seconds(program.ask))
                memory.ours.append(program.peak_megabytes())
                memory.yardstick.append(least.peak_megabytes())
    observed.yardstick = first.yardstick
    return [first, observed, further, memory]


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def bench_load(repository: Path, python: str, env: dict[str, str], sessions: int = 200, turns: int = 5) -> str:
    """Ask 200 sessions of 200 users five turns each, all at once, and look for failures and cross-talk."""
    regions = ["EMEA", "APAC", "AMER"]

    def tokens() -> list[str]:
        code = (
            "from pathlib import Path;from agentcore_kit.runtime.identity import issue_development_token as t;"
            f"print('\\n'.join(t(f'user-{{n}}', Path('.local')) for n in range({sessions})))"
        )
        return subprocess.run(
            [python, "-c", code], cwd=repository, env=env, check=True, capture_output=True, text=True
        ).stdout.split()

    def converse(program: Program, number: int, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", SESSION_HEADER: "the-same-session-name-for-every-user"}
        wrong = 0
        for turn in range(turns):
            region = regions[(number + turn) % 3]
            year = 2024 + number % 2
            prompt = f"What was our Q2 {year} revenue in {region}?" if turn == 0 else f"and {region}?"
            body = program.ask(prompt, **headers)
            calls = body["toolCalls"]
            assert isinstance(calls, list)
            expected = [{"region": region, "quarter": f"{year}-Q2"}]
            wrong += [call["input"] for call in calls] != expected
        return wrong

    with serving([python, "-m", "agent.app"], repository, env, {}) as program:
        program.wait_for_ping()
        known = tokens()
        begin = time.perf_counter()
        with ThreadPoolExecutor(sessions) as pool:
            wrong = sum(pool.map(lambda n: converse(program, n, known[n]), range(sessions)))
        seconds = time.perf_counter() - begin
        memory = program.peak_megabytes()
    return (
        f"{sessions} concurrent sessions of {turns} turns, 1 process: 0 failed, {wrong} mixed up, "
        f"{sessions * turns / seconds:.0f} turns/s, {memory:.0f} MB at the most"
    )


def set_up_repository(scratch: Path, kind: str = "agent") -> Path:
    """Generate a repository and install it."""
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "-o", str(scratch), str(TEMPLATE), f"kind={kind}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (repository,) = (path for path in scratch.iterdir() if (path / "manifest.yaml").exists())
    subprocess.run(["make", "--no-print-directory", "setup"], cwd=repository, check=True, stdout=subprocess.DEVNULL)
    return repository


def generate_memory(scratch: Path) -> Path:
    """Generate a memory; the agent's Python has what it needs."""
    target = Path(tempfile.mkdtemp(dir=scratch))
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "-o", str(target), str(TEMPLATE), "kind=memory"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(target.iterdir())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each program (default 5)")
    runs = parser.parse_args().runs
    scratch = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        say("generating and installing an agent")
        repository = set_up_repository(scratch)
        python = str(repository / ".venv" / "bin" / "python")
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_", "VIRTUAL_"))
        }
        observability = {
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_PYTHON_DISTRO": "aws_distro",
            "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
            "AGENT_OBSERVABILITY_ENABLED": "true",
        }
        env |= {"PYTHONPATH": "src:.", **observability}
        token = subprocess.run(
            [python, "-m", "agentcore_kit", "token"],
            cwd=repository,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        say(f"measuring, {runs} runs of each program")
        rows = [bench_generation(runs, scratch), bench_ping(runs, repository, python, env)]
        rows.append(bench_help(runs, repository, python, env))
        rows += bench_answers(runs, repository, python, env, token)
        say("measuring 200 concurrent sessions")
        load = bench_load(repository, python, env)
        say("measuring make test and make check")
        commands = bench_commands(repository, env)
        say("measuring the evaluation")
        evaluated = evaluation.figures(repository)
        say("measuring the local memory")
        remembered = remembering.figures(generate_memory(scratch), python)
        print("\n| | generated agent | least program | ratio | aim | |\n|---|---:|---:|---:|---:|---|")
        print("\n".join(row.line() for row in rows))
        print(f"\n{load}\n")
        print(f"{commands}\n")
        print("\n".join(f"Evaluation, {name}: {figure:g}" for name, figure in evaluated.items()))
        print("\n".join(f"Memory, {name}: {figure:g}" for name, figure in remembered.items()))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
