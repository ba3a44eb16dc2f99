"""Where content must not be recorded, no log has what users wrote or tools were called with, whoever logs it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from agentcore_kit.runtime.logging import configure_logging, keep_content_out

CONTENT = "my salary is 4711"


@pytest.fixture(autouse=True)
def _debug(log_as_it_was: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")


class Exporter(logging.Handler):
    """Keeps what an exporter would send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = (record.getMessage(), record.exc_text, record.exc_info, vars(record).get("exception.stacktrace"))
        self.sent.append(" ".join(map(str, said)))


class Amount(BaseModel):
    """What a tool takes."""

    amount: int


def refused() -> ValidationError:
    try:
        Amount.model_validate({"amount": [CONTENT]})
    except ValidationError as error:
        return error
    raise AssertionError("it is no number")


@pytest.mark.parametrize("kept_out", [True, False])
def test_content(kept_out: bool, capsys: pytest.CaptureFixture[str]) -> None:
    exporter = Exporter()
    logging.getLogger().addHandler(exporter)
    configure_logging(dict)
    if kept_out:
        keep_content_out(["agentcore_kit", "agent"])
    for library in ("strands.event_loop.streaming", "openai._base_client", "other"):
        logging.getLogger(library).debug("request: %s", CONTENT)
    logging.getLogger("agent.tools").debug("the team's own words")
    logging.getLogger("agentcore_kit.serving").debug("the kit's own words")
    logging.getLogger("other").info("useful")
    logging.getLogger("strands").error("tool failed", exc_info=refused())
    logging.getLogger("strands").warning("refused: %s", refused())
    written, sent = capsys.readouterr().err, "\n".join(exporter.sent)
    for said in (written, sent):
        assert ("4711" not in said) is kept_out
        assert "the team's own words" in said
        assert "the kit's own words" in said
        assert "useful" in said
        assert "Input should be a valid integer" in said


def test_the_rest_of_what_pydantic_says_stays(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(dict)
    keep_content_out(["agent"])
    tricky: Any = "], input_type=str] x"
    for value in (tricky, "\n\n", "input_value="):
        with pytest.raises(ValidationError) as caught:
            Amount.model_validate({"amount": value})
        logging.getLogger("a").warning("refused: %s", caught.value)
    lines = capsys.readouterr().err.splitlines()
    assert all("type=int_parsing" in line and "errors.pydantic.dev" in line for line in lines)
