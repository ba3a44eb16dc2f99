"""What the process writes: no log line, exported record or span has the value of a secret, wherever it was put."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from agentcore_kit.runtime import masking, telemetry
from agentcore_kit.runtime.logging import JsonFormatter, configure_logging

VALUE = 'se"cret/välue+1'
FORMS = [VALUE, json.dumps(VALUE)[1:-1], quote(VALUE, safe=""), b64encode(VALUE.encode()).decode(), repr(VALUE)[1:-1]]
PLAIN = __name__ + ":plain"


def plain(_: object) -> logging.Formatter:
    """Return a formatter of a team's own."""
    return logging.Formatter("%(message)s")


@pytest.fixture(autouse=True)
def known(log_as_it_was: None) -> Iterator[None]:
    """Know one secret, and put back the log of the process at the end."""
    masking.register("CRM_KEY", VALUE)
    yield
    masking.forget()


class Exporter(logging.Handler):
    """Keeps records as an exporter reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.seen.append(f"{record.getMessage()} {error!r} {vars(record)}")


def say() -> None:
    """Log a secret in all ways there are."""
    log = logging.getLogger("tool")
    log.warning(VALUE)
    log.warning("calling %s with %s", f"https://crm.example.com/?key={quote(VALUE, safe='')}", {"key": VALUE})
    log.warning("with extra", extra={"header": f"Basic {b64encode(f'me:{VALUE}'.encode()).decode()}"})
    try:
        try:
            raise ValueError(f"401 for {VALUE}")
        except ValueError as error:
            raise RuntimeError(json.dumps({"body": VALUE})) from error
    except RuntimeError:
        log.exception("failed with %s", VALUE)


@pytest.mark.parametrize("formatter", [None, PLAIN])
def test_no_line_has_it_in_any_format(formatter: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(dict, formatter)
    say()
    written = capsys.readouterr().err
    assert written.count("[secret CRM_KEY]") >= 6
    assert "Traceback" in written
    assert not [form for form in FORMS if form in written]


def test_what_nobody_catches_has_it_neither(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(dict)
    error = RuntimeError(json.dumps({"body": VALUE}))
    sys.excepthook(RuntimeError, error, None)
    threading.excepthook(threading.ExceptHookArgs((RuntimeError, error, None, None)))
    written = capsys.readouterr().err
    told = [json.loads(line)["exception"] for line in written.splitlines()]
    assert told == ['RuntimeError: {"body": "[secret CRM_KEY]"}'] * 2
    assert not [form for form in FORMS if form in written]


def test_no_record_that_is_exported_has_it_and_other_handlers_are_left_alone() -> None:
    exporter, other = Exporter(), Exporter()
    logging.getLogger().handlers = [exporter]
    configure_logging(dict)
    configure_logging(dict)  # as a server does that has a format of its own
    logging.getLogger("tool").addHandler(other)
    try:
        say()
    finally:
        logging.getLogger("tool").removeHandler(other)
    assert len(exporter.seen) == 4
    assert "exception.stacktrace" in exporter.seen[-1]
    assert "ValueError: 401 for [secret CRM_KEY]" in exporter.seen[-1]
    assert not [form for form in FORMS for seen in exporter.seen if form in seen]
    assert VALUE in other.seen[0], "the record itself was not changed"


def test_a_record_without_a_secret_stays_whole() -> None:
    exporter = Exporter()
    logging.getLogger().handlers = [exporter]
    configure_logging(dict)
    try:
        raise ValueError("an ordinary failure")
    except ValueError:
        logging.getLogger("tool").exception("failed %d times", 3)
    assert exporter.seen[0].startswith("failed 3 times ValueError('an ordinary failure')")
    assert JsonFormatter(dict).format(logging.makeLogRecord({"msg": "x", "args": ()})).startswith("{")


def test_no_span_has_it() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))  # as the distribution adds its own, before
    provider.add_span_processor(telemetry._secrets_processor())
    tracer = provider.get_tracer("test")
    url = f"https://crm.example.com/?key={quote(VALUE, safe='')}"
    with contextlib.suppress(ValueError), tracer.start_as_current_span("raises", attributes={"url.full": url, "n": 1}):
        raise ValueError(VALUE)
    with tracer.start_as_current_span("says") as span:
        span.set_attribute("gen_ai.tool.arguments", json.dumps({"key": VALUE}))
        span.set_attributes({"list": [VALUE, "other"], "number": 2.5})
        span.add_event("gen_ai.choice", {"message": json.dumps(json.dumps([{"text": VALUE}]))})
        span.record_exception(RuntimeError(VALUE), {"more": VALUE})
        span.set_status(Status(StatusCode.ERROR, VALUE))
    with tracer.start_as_current_span("says it otherwise") as span:
        span.set_status(StatusCode.ERROR, VALUE)
    spans = exporter.get_finished_spans()
    written = "".join(each.to_json() for each in spans)
    assert written.count("[secret CRM_KEY]") >= 9
    assert not [form for form in FORMS if form in written]
    assert [each.status.status_code for each in spans] == [StatusCode.ERROR] * 3
    assert spans[0].attributes is not None
    assert spans[0].attributes["n"] == 1
    assert [event.name for event in spans[1].events] == ["gen_ai.choice", "exception"]


@pytest.mark.parametrize("record_content", [True, False])
def test_the_spans_of_a_component_are_without_it(record_content: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "")
    telemetry.configure(
        SimpleNamespace(  # type: ignore[arg-type]
            environment=SimpleNamespace(name="dev", telemetry=SimpleNamespace(record_content=record_content))
        ),
        "agent",
    )
    with contextlib.suppress(ValueError), provider.get_tracer("test").start_as_current_span("calls") as span:
        span.set_attribute("header", VALUE)
        raise ValueError(VALUE)
    (finished,) = exporter.get_finished_spans()
    assert "[secret CRM_KEY]" in finished.to_json()
    assert not [form for form in FORMS if form in finished.to_json()]
