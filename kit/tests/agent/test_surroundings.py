"""What tests and offline evaluation have around them: no running server is needed, none is written to."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp.server.mcpserver import MCPServer

from agentcore_kit.config.agent import Memory, Tools
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import repository_root
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.local_target import LocalTarget
from agentcore_kit.evaluation.users import users_path
from agentcore_kit.local.recorded_gateway import Recording, read_recording, recording_path
from agentcore_kit.local.surroundings import Surroundings, surroundings
from agentcore_kit.runtime.identity import Caller, issue_development_token
from agentcore_kit.serving.gateways import CallerToken, connect_gateways
from agentcore_kit.serving.settings import AgentSettings
from tests.agent import test_gateway
from tests.domains import Domain
from tests.evaluation.runs import cases, command, evaluated, rows_of

TOOL: dict[str, Any] = {
    "name": "desk___findKey",
    "description": "Finds the key of a building. Use when the user asks for the key of the boathouse.",
    "inputSchema": {"type": "object", "properties": {"building": {"type": "string"}}, "required": ["building"]},
}
FOUND = {"content": [{"type": "text", "text": '{"drawer": "third"}'}], "isError": False}


@contextmanager
def somebody() -> Iterator[tuple[str, list[str]]]:
    """Serve what a developer has running: it notes who writes to it."""
    written: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            written.append(self.path)
            self.send_error(500)

        do_GET = do_PUT = do_POST

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", written
    finally:
        server.shutdown()
        server.server_close()


def with_surroundings(settings: AgentSettings, memory: str | None, *gateways: str, at: str) -> AgentSettings:
    """Return settings of an agent with a memory and gateways, as its environment file would have them."""
    spec = settings.manifest.spec.model_copy(update={"tools": Tools(gateways=list(gateways)), "memory": "customers"})
    there = Memory(id="customers-localstore", endpoint=memory) if memory else None
    urls = dict.fromkeys(gateways, f"{at}/mcp")
    return replace(
        settings,
        manifest=settings.manifest.model_copy(update={"spec": spec}),
        environment=settings.environment.model_copy(update={"memory": there, "gateways": urls}),
    )


@pytest.fixture
def recorded() -> Iterator[Recording]:
    """Record one call of a gateway; the file is removed afterwards."""
    recording = Recording("desk", [TOOL])
    recording.note("desk___findKey", {"building": "boathouse"}, {}, FOUND)
    recording.write()
    yield recording
    recording_path("desk").unlink(missing_ok=True)


def key_row(tool: str = "desk___findKey") -> Row:
    """Return a row that needs a gateway's tool."""
    expect = [[{"outcome": "answer", "calls": [{"name": tool, "input": {"building": "boathouse"}}]}]]
    about = {"category": "common", "date": "2026-11-16", "any_date": True, "expect": expect}
    turns = [{"input": "Where is the key of the boathouse?"}]
    return Row.model_validate_json(json.dumps({"scenario_id": "key", "turns": turns, "metadata": about}))


def test_rows_are_answered_with_a_memory_of_their_own_and_without_a_gateway_that_is_not_there(
    tmp_path: Path, settings: AgentSettings, domain: Domain, capfd: pytest.CaptureFixture[str]
) -> None:
    with somebody() as (address, written):
        target = LocalTarget(with_surroundings(settings, address, "desk", at=address))
        multi = [row for row in rows_of("multi-turn") if len(row.turns) == 2][:2]
        report = evaluated(tmp_path, [*multi, key_row()], target=target)
    assert not written, "what a developer has running is never written to"
    assert {case["status"] for case in cases(report).values()} == {"passed"}
    assert len(cases(report)) == 2
    assert report.left_out == {"they need tools of desk, which is not recorded": ["key"]}
    (line,) = target.missing
    assert line == (
        "gateway desk: there is no evals/gateways/desk.json, so its tools are missing; "
        "while it runs, type: kit record --gateway desk"
    )
    said = capfd.readouterr()
    assert "Traceback" not in said.err + said.out
    assert "plaintext" not in said.err
    assert "async_mode" not in said.err


def test_a_recorded_gateway_is_a_real_one_that_answers_what_it_did(
    settings: AgentSettings, recorded: Recording
) -> None:
    around = with_surroundings(settings, None, "desk", at="http://127.0.0.1:9")
    with surroundings(around.manifest, around.environment) as found:
        assert not found.missing
        assert found.variables["AGENT_GATEWAY_DESK"]
        there = replace(around, environment=found.applied(around.environment))
        gateway = connect_gateways(there, CallerToken(Caller("alice", token="t")), [])
        try:
            assert [tool.tool_name for tool in gateway.tools] == ["desk___findKey"]
            client = gateway.clients[0]
            right = client.call_tool_sync("1", "desk___findKey", {"building": "boathouse"})
            other = client.call_tool_sync("2", "desk___findKey", {"building": "barn"})
        finally:
            gateway.close()
    assert (right["status"], right["content"][0]["text"]) == ("success", '{"drawer": "third"}')
    assert other["status"] == "error"
    assert "this call was not recorded" in other["content"][0]["text"]
    assert "kit record --gateway desk" in other["content"][0]["text"]


def test_a_row_about_a_recorded_tool_is_asked(tmp_path: Path, settings: AgentSettings, recorded: Recording) -> None:
    target = LocalTarget(with_surroundings(settings, None, "desk", at="http://127.0.0.1:9"))
    report = evaluated(tmp_path, [key_row()], target=target)
    (case,) = cases(report).values()
    assert case["turns"][0]["calls"][0]["result"] == {"drawer": "third"}
    assert not report.left_out


def test_only_a_row_that_has_no_other_end_needs_a_missing_tool() -> None:
    lacking = Surroundings(missing={"desk": "…"})
    row = key_row()
    assert lacking.lacks(row, {})
    assert not lacking.lacks(row, {"desk___findKey": {}})
    assert not Surroundings().lacks(row, {}), "a tool that no gateway has is a mistake, and no reason"
    (outcomes,) = row.metadata.expect
    other = outcomes[0].model_copy(update={"calls": [], "outcome": "decline"})
    either = row.model_copy(update={"metadata": row.metadata.model_copy(update={"expect": [[*outcomes, other]]})})
    assert not lacking.lacks(either, {})


def test_what_a_caller_is_told_depends_on_the_claims_that_are_declared(recorded: Recording, tmp_path: Path) -> None:
    users_path().write_text("users: {Kim: {firstName: Kim, claims: {employee_id: E1}}}", encoding="utf-8")
    try:
        kim, other = (
            issue_development_token(f"u-{claim}", tmp_path, first_name="Kim", claims={"employee_id": claim, "x": claim})
            for claim in ("E1", "E2")
        )
        recording = Recording("desk", [TOOL])
        recording.note("desk___findKey", {"building": "barn"}, {"employee_id": "E1"}, FOUND)
        recording.write()
        read = read_recording("desk")
        assert read is not None
        assert asyncio.run(read.answer("desk___findKey", {"building": "barn"}, kim)) == FOUND
        assert asyncio.run(read.answer("desk___findKey", {"building": "barn"}, other))["isError"]
    finally:
        users_path().unlink()


def test_a_file_that_is_no_recording_is_told(recorded: Recording) -> None:
    recording_path("desk").write_text('{"tools": [{"name": "x"}], "calls": []}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"evals/gateways/desk.json:1: is no recording .*inputSchema.* kit record"):
        read_recording("desk")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a copy of the repository with a memory and a gateway that nobody serves."""
    import shutil

    copy = tmp_path / "repository"
    ignored = shutil.ignore_patterns(".local", "__pycache__", "results")
    shutil.copytree(repository_root(), copy, ignore=ignored)
    for path, changes in (
        (copy / "manifest.yaml", {"spec": {"memory": "customers", "tools": {"gateways": ["desk"]}}}),
        (
            copy / "environments" / "local.yaml",
            {
                "gateways": {"desk": "http://127.0.0.1:9/mcp"},
                "memory": {"id": "customers-localstore", "endpoint": "http://127.0.0.1:9"},
            },
        ),
    ):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key, value in changes.items():
            content[key] = content[key] | value if isinstance(content.get(key), dict) else value
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    for name in ("dev", "preprod", "prod"):
        path = copy / "environments" / f"{name}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content |= {"gateways": {"desk": "https://desk.example.com/mcp"}, "memory": {"id": "customers-a1B2c3D4e5"}}
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return copy


TEST = """
import json
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.service import Service
import asyncio


def test_the_whole_agent() -> None:
    service = Service.from_files()

    async def ask(text):
        return [event async for event in service.ask(text, Caller("alice", token="t"), "s" * 33)][-1]

    try:
        last = asyncio.run(ask("Hello!"))
    finally:
        service.close()
    assert last["type"] == "result", last
    assert last["notices"] == []
"""


def test_a_teams_own_tests_of_the_whole_agent_need_no_server(repository: Path) -> None:
    (repository / "tests" / "test_whole.py").write_text(TEST, encoding="utf-8")
    paths = [str(repository / "src"), str(repository), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_whole.py"],
        cwd=repository, env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("there is no evals/gateways/desk.json") == 1
    assert "Traceback" not in done.stdout + done.stderr


def test_recording_keeps_what_a_running_gateway_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], repository: Path
) -> None:
    server = MCPServer("desk")

    @server.tool(name="findKey")
    def find_key(building: str) -> dict[str, str]:
        """Finds the key of a building. Use when the user asks for the key of the boathouse."""
        return {"drawer": f"that of the {building}"}

    monkeypatch.chdir(repository)
    rows = repository / "evals" / "dataset.jsonl"
    rows.write_text(f"{key_row().model_dump_json(exclude_defaults=True)}\n", encoding="utf-8")
    (repository / "evals" / "redteam.jsonl").unlink()
    code, text = command(capsys, "record", "--gateway", "desk")
    assert code == 3
    assert "gateway desk at http://127.0.0.1:9/mcp: nobody answers" in text
    assert "kit dev --trust" in text
    assert command(capsys, "record", "--gateway", "desks") == (
        2,
        "--gateway: 'desks' is no gateway of this agent; did you mean desk?\n",
    )
    with test_gateway.serving(server) as (url, app):
        monkeypatch.setenv("AGENT_GATEWAY_DESK", url)
        code, text = command(capsys, "record", "--gateway", "desk", "--prefix", "desk")
        monkeypatch.delenv("AGENT_GATEWAY_DESK")
    assert code == 0, text
    assert "evals/gateways/desk.json: 1 calls of 1 tools, made by 1 rows" in text
    assert all(token.startswith("Bearer ey") for token in app.tokens), "each with a user's token"
    found = json.loads((repository / "evals/gateways/desk.json").read_text(encoding="utf-8"))
    (call,) = found["calls"]
    assert call["tool"] == "desk___findKey"
    assert "drawer" in json.dumps(call["result"])
