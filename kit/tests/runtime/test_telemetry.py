"""Telemetry: where the environment keeps content out, it stays out of errors and of the model's instrumentation too."""

from __future__ import annotations

import contextlib
import os

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from agentcore_kit.runtime import telemetry

SECRET = "what the user wrote"


def test_errors_are_cut_down_to_their_type() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(telemetry._error_processor())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with contextlib.suppress(ValueError), tracer.start_as_current_span("raises"):
        raise ValueError(SECRET)
    with tracer.start_as_current_span("says") as span:
        span.set_status(Status(StatusCode.ERROR, SECRET))
        span.record_exception(ValueError(SECRET))
    for finished in exporter.get_finished_spans():
        assert SECRET not in finished.to_json()
        assert finished.status.status_code is StatusCode.ERROR
        assert [dict(event.attributes or {}) for event in finished.events] == [{"exception.type": "ValueError"}]


def test_strands_and_bedrock_are_told_to_leave_content_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    telemetry._keep_content_out()
    assert os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] == "http,gen_ai_unredacted_attributes="
    assert os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] == "false"
