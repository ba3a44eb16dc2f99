"""The form of log lines that a team gives its tools, as a server and as a Lambda function."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from agentcore_kit.config.served import Telemetry
from agentcore_kit.mcp_server import aws_lambda
from agentcore_kit.mcp_server.app import create_app
from agentcore_kit.mcp_server.server import ToolSettings
from agentcore_kit.runtime import logging as kit_logging
from agentcore_kit.runtime.logging import Ids

FORMATTER = f"{__name__}:formatter"


def formatter(ids: Ids) -> logging.Formatter:
    """Return a formatter of plain lines."""
    return logging.Formatter(f"{sorted(ids())} %(levelname)s %(message)s")


def test_a_server_logs_in_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        "agentcore_kit.runtime.http_server.serve", lambda *_, **__: logging.getLogger("tool").warning("serving")
    )
    create_app("tool.tools", log_formatter=FORMATTER).run()
    assert capsys.readouterr().err == "['sessionId'] WARNING serving\n"


def test_a_function_logs_in_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("tool.app.app", create_app("tool.tools", log_formatter=FORMATTER))
    aws_lambda._server.__wrapped__()
    logging.getLogger("tool").warning("answering")
    assert capsys.readouterr().err == "[] WARNING answering\n"


def test_a_function_logs_no_content_where_none_must_be_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ToolSettings.from_files()
    environment = settings.environment.model_copy(
        update={"telemetry": Telemetry.model_validate({"recordContent": False})}
    )
    monkeypatch.setattr(ToolSettings, "from_files", lambda: replace(settings, environment=environment))
    monkeypatch.setattr(kit_logging, "_without_content", False)
    for name in ("OTEL_SEMCONV_STABILITY_OPT_IN", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    aws_lambda._server.__wrapped__()
    logging.getLogger("library").debug("a call with 4711")
    logging.getLogger("tool").debug("the team's own words")
    written = capsys.readouterr().err
    assert "4711" not in written
    assert "the team's own words" in written
