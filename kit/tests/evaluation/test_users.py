"""Who asks in a row: the same claims in this process, over HTTP, by hand, and as a test user of a deployed agent."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from strands import Agent, ToolContext, tool

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.evaluation import agent_targets
from agentcore_kit.evaluation.dataset import Row, load_dataset
from agentcore_kit.evaluation.http_target import HttpTarget
from agentcore_kit.evaluation.local_target import LocalTarget
from agentcore_kit.evaluation.smoke import SmokeFailure, ask_smoke_rows, smoke_rows
from agentcore_kit.evaluation.tool_targets import ToolTarget
from agentcore_kit.evaluation.users import (
    TOKENS,
    EvaluationUser,
    by_development_token,
    by_given_tokens,
    declared_users,
    developer,
    users_path,
)
from agentcore_kit.runtime.identity import claims_of
from agentcore_kit.serving import AgentSession, caller_of
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_gateway import market_server, serving
from tests.evaluation.runs import cases, command, evaluated
from tests.evaluation.test_targets import Server, server

__all__ = ["server"]

USERS = """\
users:
  Kim: {firstName: Kim, claims: {employee_id: E1001, groups: [sales]}}
  robin: {claims: {employee_id: E2001}}
  owner: {claims: {sub: u-1, employee_id: E3001}}
"""


@pytest.fixture
def users() -> Iterator[Path]:
    """Declare users, and forget them again; rows of the starter name others, so they lose their users meanwhile."""
    dataset = load_dataset().path
    before = dataset.read_text(encoding="utf-8")
    rows = [json.loads(line) for line in before.splitlines()]
    for row in rows:
        row["metadata"].pop("user", None)
    dataset.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    users_path().write_text(USERS, encoding="utf-8")
    yield users_path()
    users_path().unlink()
    dataset.write_text(before, encoding="utf-8")


@tool(name="getOwnNumber", context=True)
def get_own_number(tool_context: ToolContext) -> dict[str, Any]:
    """Retrieves the personnel number of who asks. Use when the user asks for their personnel number."""
    caller = caller_of(tool_context)
    return {"user": caller.user_id, "firstName": caller.first_name, "employee": caller.claims.get("employee_id")}


def build_agent(session: AgentSession) -> Agent:
    """Return an agent that knows who asks."""
    return Agent(tools=[get_own_number], plugins=session.plugins, **session.options)


def row(user: str | None, **about: Any) -> Row:
    """Return a row that asks for one's own number."""
    calls = [{"name": "getOwnNumber", "input": {}}]
    return Row.model_validate_json(
        json.dumps(
            {
                "scenario_id": f"own-{user}",
                "turns": [{"input": "What is my personnel number?"}],
                "metadata": {"category": "common", "date": "2026-11-16", "any_date": True, "user": user,
                             "expect": [[{"outcome": "answer", "calls": calls}]]} | about,
            }
        )
    )  # fmt: skip


def jwt(**claims: Any) -> str:
    """Return a token that says this, as one who signs users in would issue it."""
    part = urlsafe_b64encode(json.dumps({"exp": time.time() + 600, **claims}).encode()).rstrip(b"=").decode()
    return f"e30.{part}.signature"


def test_in_process_a_row_is_asked_with_the_claims_of_its_user(
    tmp_path: Path, users: Path, settings: AgentSettings
) -> None:
    spec = settings.manifest.spec
    own = spec.model_copy(update={"code": spec.code.model_copy(update={"app": f"{__name__}:App"})})
    settings = replace(settings, manifest=settings.manifest.model_copy(update={"spec": own}))
    asked = [row("Kim"), row("robin"), row("owner"), row(None)]
    report = evaluated(tmp_path, asked, target=LocalTarget(settings))
    told = {name: case["turns"][0]["calls"][0]["result"] for name, case in cases(report).items()}
    assert [told[f"own-{name}"]["employee"] for name in ("Kim", "robin", "owner", None)] == [
        "E1001",
        "E2001",
        "E3001",
        None,
    ]
    assert [told[f"own-{name}"]["firstName"] for name in ("Kim", "robin")] == ["Kim", None]
    assert told["own-owner"]["user"] == "u-1"
    assert told["own-Kim"]["user"] != told["own-robin"]["user"]


class App:
    """The team's application, as far as an evaluation reads it."""

    build_agent = f"{__name__}:build_agent"


def test_without_a_file_the_user_of_a_row_is_a_first_name(tmp_path: Path) -> None:
    assert declared_users() is None
    claims = claims_of(by_development_token(tmp_path)(EvaluationUser("Maria", {"given_name": "Maria"})))
    assert claims["given_name"] == "Maria"
    assert claims["sub"].startswith("evaluation-")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("users: {Kim: {clams: {}}}", "evals/users.yaml:1: users.Kim.clams: no such field; did you mean claims?"),
        (
            "users:\n  Kim:\n    claims: {exp: 1}",
            "evals/users.yaml:3: users.Kim.claims.exp: is for who issues the token",
        ),
        ("people: {}", "evals/users.yaml:1: users: missing"),
    ],
)
def test_a_wrong_file_is_told_with_line_and_field(users: Path, text: str, wrong: str) -> None:
    users.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        declared_users()
    assert wrong in str(told.value)


def test_a_row_whose_user_is_not_declared_is_wrong(users: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = load_dataset().path
    first, *others = dataset.read_text(encoding="utf-8").splitlines()
    changed = json.loads(first)
    changed["metadata"]["user"] = "kimm"
    dataset.write_text("\n".join([json.dumps(changed), *others]) + "\n", encoding="utf-8")
    code, text = command(capsys, "dataset")
    assert code == 2
    assert "evals/dataset.jsonl:1: metadata.user: no user 'kimm' in evals/users.yaml; did you mean Kim?" in text


def test_over_http_a_row_is_asked_as_its_user(tmp_path: Path, users: Path, server: Server) -> None:
    sign_in = by_development_token(tmp_path)
    target = HttpTarget(server.url, "own", date(2026, 11, 16), sign_in=sign_in)
    evaluated(tmp_path / "run", [row("Kim"), row(None)], target=target)
    kim, own = server.tokens
    assert (claims_of(kim)["employee_id"], claims_of(kim)["given_name"]) == ("E1001", "Kim")
    assert own == "own"


def test_a_row_whose_user_cannot_be_signed_in_is_left_out_with_the_reason_and_counted(
    tmp_path: Path, users: Path, server: Server
) -> None:
    tokens = {"Kim": jwt(given_name="Kim", employee_id="E1001", groups=["sales"]), "owner": jwt(employee_id="E9999")}
    target = HttpTarget(server.url, "own", date(2026, 11, 16), sign_in=by_given_tokens(tokens))
    report = evaluated(tmp_path, [row("Kim"), row("robin"), row("owner"), row(None)], target=target)
    assert set(cases(report)) == {"own-Kim", "own-None"}
    assert report.left_out == {
        "nobody is signed in as robin; see testUsers of the environment file": ["own-robin"],
        'the token of owner says employee_id="E9999", unlike evals/users.yaml and the row': ["own-owner"],
    }
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "nobody is signed in as robin" in summary


def test_tools_are_called_as_the_user_of_a_row(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def heard(target: ToolTarget, *rows: Row) -> None:
        for one in rows:
            async with target.converse(one):
                pass

    with serving(market_server(1)) as (url, app):
        asyncio.run(heard(ToolTarget("tools", url), row("Kim")))
        told = [claims_of(token.removeprefix("Bearer ")).get("employee_id") for token in app.tokens]
        assert set(told) == {"E1001"}
        app.tokens.clear()
        monkeypatch.setenv(TOKENS, json.dumps({"robin": jwt(employee_id="E2001")}))
        target = ToolTarget("tools", url, "own")
        assert target.excludes(row(None)) is None
        assert "nobody is signed in as Kim" in str(target.excludes(row("Kim")))
        asyncio.run(heard(target, row("robin"), row(None)))
        assert app.tokens[-1] == "Bearer own"
        assert claims_of(app.tokens[0].removeprefix("Bearer "))["employee_id"] == "E2001"
    monkeypatch.setenv("EVAL_SIGNED", "eu-central-1")
    assert target.excludes(row("robin")) == "with AWS credentials no tool knows of a user"


def test_smoke_rows_may_have_users(users: Path) -> None:
    tagged = smoke_rows()
    dataset = load_dataset().path
    rows = [json.loads(line) for line in dataset.read_text(encoding="utf-8").splitlines()]
    called = next(one for one in tagged if one.metadata.expect[0][0].calls)
    for one in rows:
        if one["scenario_id"] == called.scenario_id:
            one["metadata"]["user"] = "Kim"
    dataset.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    heard: dict[str, str] = {}

    def ask(_: str, prompt: str, token: str) -> Any:
        heard[prompt] = token
        return Reply(next(one for one in tagged if one.turns[0].input == prompt))

    token = jwt(given_name="Kim", employee_id="E1001", groups=["sales"])
    assert ask_smoke_rows(ask, by_given_tokens({"Kim": token})) == {}
    assert heard.pop(called.turns[0].input) == token
    assert set(heard.values()) == {""}
    left_out = ask_smoke_rows(ask)
    assert list(left_out) == [called.scenario_id]
    assert "nobody is signed in as Kim" in left_out[called.scenario_id]
    for one in rows:
        one["metadata"]["user"] = "Kim"
    dataset.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    with pytest.raises(SmokeFailure, match="no smoke row could be asked: nobody is signed in as Kim"):
        ask_smoke_rows(ask)


class Reply:
    """A right answer to a row."""

    status_code = 200

    def __init__(self, row: Row) -> None:
        calls = row.metadata.expect[0][0].calls
        self.body = {
            "answer": "x",
            "toolCalls": [{"name": c.name, "input": c.input, "status": "success"} for c in calls],
        }

    def json(self) -> Any:
        return self.body


def test_by_hand_a_declared_user_has_the_same_claims(users: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = command(capsys, "token", "--user", "Kim", "--claim", "department=hr")
    assert code == 0
    said = claims_of(text.strip())
    assert (said["sub"], said["given_name"], said["employee_id"], said["department"]) == ("Kim", "Kim", "E1001", "hr")
    assert developer("owner").user_id == "u-1"
    assert developer("somebody").claims == {"sub": "somebody"}
    assert command(capsys, "token", "--claim", "department")[0] == 2


def test_tokens_of_users_come_from_a_variable(users: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVAL_TOKEN", "own")
    monkeypatch.setenv(TOKENS, json.dumps({"robin": jwt(employee_id="E2001")}))
    target = agent_targets.build_target(server.url)
    assert target.excludes(row("robin")) is None
    assert "Kim" in str(target.excludes(row("Kim")))
    monkeypatch.setenv(TOKENS, "robin=eyJ")
    with pytest.raises(ConfigError, match="EVAL_USER_TOKENS: must be JSON"):
        agent_targets.build_target(server.url)
    monkeypatch.delenv("EVAL_TOKEN")
    monkeypatch.delenv(TOKENS)
    assert agent_targets.build_target(server.url).excludes(row("Kim")) is None, "an agent that this machine serves"
