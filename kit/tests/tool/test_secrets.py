"""Tools with secrets: there before their code is loaded, in the server and the function, and in no result."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentcore_kit.config.import_string import import_string
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.mcp_server import aws_lambda
from agentcore_kit.mcp_server.app import create_app
from agentcore_kit.mcp_server.declarations import Failure
from agentcore_kit.runtime import masking, secrets
from tests.dev_secrets import VALUE, copy_with_secret, in_dev, process_without_secrets, put
from tests.tool.calls import Tools

EMEA = {"region": "EMEA", "dataType": "revenue"}


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    aws_lambda._server.cache_clear()
    with process_without_secrets(monkeypatch):
        yield
    aws_lambda._server.cache_clear()


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    copy_with_secret(tmp_path, monkeypatch)
    with in_dev(monkeypatch) as cloud:
        yield cloud


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool as the gateway calls the function."""
    custom = {"bedrockAgentCoreToolName": name}
    return aws_lambda.handler(arguments, SimpleNamespace(client_context=SimpleNamespace(custom=custom)))


def test_the_server_has_them_before_the_tools_are_imported(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cloud, VALUE)
    monkeypatch.setattr("agentcore_kit.runtime.http_server.serve", lambda *_, **__: None)
    create_app("probe").run()
    assert sys.modules["probe"].SEEN == {"CRM_KEY": VALUE, "LOG_DETAIL": "high"}


def test_a_server_without_the_secret_ends_with_one_line(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("agentcore_kit.runtime.http_server.serve", lambda *_, **__: pytest.fail("it must not serve"))
    with pytest.raises(SystemExit) as ended:
        create_app("probe").run()
    assert ended.value.code == 3
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["message"].startswith("the tools cannot start: secret team/crm for CRM_KEY (environment dev, ")
    assert "probe" not in sys.modules


def test_the_function_has_them_and_gets_a_new_value_without_a_deployment(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, VALUE)
    app = import_string("tool.app:app")
    monkeypatch.setattr("tool.app.app", SimpleNamespace(load=lambda: import_string("probe:SEEN"), log_formatter=None))
    app.load()
    assert call("getMarketData", **EMEA)["value"] == 18.4
    assert sys.modules["probe"].SEEN == {"CRM_KEY": VALUE, "LOG_DETAIL": "high"}
    put(cloud, "the-value-after-it")
    monkeypatch.setattr(secrets, "REFRESH_SECONDS", 0.0)
    call("getMarketData", **EMEA)
    assert os.environ["CRM_KEY"] == "the-value-after-it"


def test_a_function_without_the_secret_says_so_in_its_log_and_starts_once_it_is_there(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError, match=r"the tools cannot start; the cause is in the function's log$"):
        call("getMarketData", **EMEA)
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "aws secretsmanager create-secret" in line["message"]
    put(cloud, VALUE)
    assert call("getMarketData", **EMEA)["value"] == 18.4


def test_a_function_whose_code_fails_tells_its_log_alone(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(cloud, VALUE)

    def load() -> None:
        raise ValueError(f"401 for {os.environ['CRM_KEY']}")

    monkeypatch.setattr("tool.app.app", SimpleNamespace(load=load, log_formatter=None))
    with pytest.raises(RuntimeError) as raised:
        call("getMarketData", **EMEA)
    assert VALUE not in "".join(traceback.format_exception(raised.value))
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "ValueError: 401 for [secret CRM_KEY]" in line["exception"]


@pytest.mark.parametrize(
    "answer",
    [
        Failure(409, f"401 for {VALUE}"),
        RuntimeError(f"401 for {VALUE}"),
        SimpleNamespace(value=1.5, unit=f"signed with {VALUE}", period="2026-Q3", change_percent=0.5),
    ],
)
def test_no_result_of_a_tool_has_it(running: Tools, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    masking.register("CRM_KEY", VALUE)

    def market(*_: str) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("tool.tools.backend", SimpleNamespace(market=market))
    written = running.call("getMarketData", EMEA).model_dump_json()
    assert VALUE not in written
    assert ("[secret CRM_KEY]" in written) is not isinstance(answer, RuntimeError)


def test_a_request_has_the_newest_value(running: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(secrets, "is_due", lambda: not read)
    monkeypatch.setattr(secrets, "refresh", lambda: read.append("again"))
    running.call("getMarketData", EMEA)
    assert read == ["again"]
