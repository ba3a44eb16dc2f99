"""The form of log lines that a team gives its tools, as a server and as a Lambda function."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from agentcore_kit.mcp_server import aws_lambda
from agentcore_kit.mcp_server.app import create_app
from agentcore_kit.runtime.logging import Ids

FORMATTER = f"{__name__}:formatter"


def formatter(ids: Ids) -> logging.Formatter:
    """Return a formatter of plain lines."""
    return logging.Formatter(f"{sorted(ids())} %(levelname)s %(message)s")


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Put back what an application does to the log of the process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


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
