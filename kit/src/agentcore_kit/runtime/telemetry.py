"""Traces: the libraries' own spans under one span a request, exported as the standard variables say, to a file locally.

The process is started by `opentelemetry-instrument`, which sets up the provider and exporters but none of the fifty
instrumentations it would find: the component loads those that it uses, after its port is open.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import baggage, context, propagate, trace

from agentcore_kit.runtime.logging import keep_content_out
from agentcore_kit.runtime.masking import mask, mask_value
from agentcore_kit.runtime.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

SPAN_FILE = Path("traces") / "spans.jsonl"
"""Where a local run writes spans, in the folder of its state; see `span_file`."""

FLUSH_MILLISECONDS = 500
_FLUSH_AT_END_MILLISECONDS = 1500
_SESSION = "session.id"
_USAGE = "gen_ai.usage."

MODEL_CALL = "chat"
"""The name of Strands' span of one model call, which has the call's tokens."""

SIGNED_IN = "oauth token"
"""The event of a span within which a token was asked for."""

logger = logging.getLogger(__name__)
_tracer = trace.get_tracer("runtime")


def local_defaults() -> dict[str, str]:
    """Return the variables a local run starts `opentelemetry-instrument` with, where the shell has not set them.

    Without a backend named by `OTEL_EXPORTER_OTLP_ENDPOINT` nothing is exported but the local span file.
    """
    exporter = "otlp" if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") else "none"
    defaults = {
        "OTEL_TRACES_EXPORTER": exporter,
        "OTEL_METRICS_EXPORTER": exporter,
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2",  # a backend that is down must not hold up the end of each run
        "OTEL_PYTHON_DISTRO": "distro",
        "OTEL_PYTHON_CONFIGURATOR": "configurator",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
    }
    return {name: os.environ.get(name, value) for name, value in defaults.items()}


def configure(settings: Settings, own_package: str, instrument: Callable[[], None] = lambda: None) -> None:
    """Apply the content policy, and complete the provider that `opentelemetry-instrument` set up, if it did.

    Args:
        settings: Whose environment says whether contents may be recorded.
        own_package: The package of the component's own code, which `LOG_LEVEL` holds for in any case.
        instrument: Loads the instrumentations of the component; called only where spans are made.
    """
    record = settings.environment.telemetry.record_content
    if not record:
        _keep_content_out()
        keep_content_out(("agentcore_kit", own_package))
    provider = trace.get_tracer_provider()
    if not hasattr(provider, "add_span_processor"):
        return  # not started under opentelemetry-instrument: no spans, no cost
    if not record:
        provider.add_span_processor(_error_processor())
    provider.add_span_processor(_usage_processor())
    provider.add_span_processor(_secrets_processor())
    instrument()
    if settings.environment.name == "local":
        _export_to_file(provider, settings)


@contextmanager
def request_span(name: str, headers: Mapping[str, str], session_id: str = "") -> Iterator[None]:
    """Open the span of one request, as a child of the caller's trace, with the session id as baggage.

    Args:
        name: The span's name.
        headers: The request's, which may name the caller's trace.
        session_id: The session; where it is empty, the one that the caller's baggage names.
    """
    carrier = {name.lower(): value for name, value in headers.items()}
    # X-Ray's propagator knows its header in this spelling only.
    carrier["X-Amzn-Trace-Id"] = carrier.pop("x-amzn-trace-id", "")
    around = propagate.extract(carrier)
    session_id = session_id or str(baggage.get_baggage(_SESSION, around) or "")
    token = context.attach(baggage.set_baggage(_SESSION, session_id, around) if session_id else around)
    try:
        attributes = {_SESSION: session_id} if session_id else {}
        with _tracer.start_as_current_span(name, kind=trace.SpanKind.SERVER, attributes=attributes):
            yield
    finally:
        context.detach(token)


def mark_failed(error: Exception) -> None:
    """Say on the request's span that it failed, and with what."""
    span = trace.get_current_span()
    span.record_exception(error)
    span.set_status(trace.StatusCode.ERROR, str(error))


def flush() -> None:
    """Export the spans that wait for it. A process that a signal ends does not do so by itself."""
    provider = trace.get_tracer_provider()
    if hasattr(provider, "force_flush"):
        provider.force_flush(_FLUSH_AT_END_MILLISECONDS)


def _keep_content_out() -> None:
    """Tell Strands and the Bedrock instrumentation to leave out prompts, answers, tool inputs and results."""
    name = "OTEL_SEMCONV_STABILITY_OPT_IN"
    tokens = [token for token in os.environ.get(name, "").split(",") if token]
    os.environ[name] = ",".join([*tokens, "gen_ai_unredacted_attributes="])
    # AWS's distribution switches this on for agents.
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "false"


def _error_processor() -> SpanProcessor:
    """Return what cuts errors down to their type: their messages quote what users wrote and tools were called with."""
    from opentelemetry.sdk.trace import Span, SpanProcessor
    from opentelemetry.trace import Status, StatusCode

    class TypesOnly(SpanProcessor):
        def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
            set_status = span.set_status

            def status_without_text(status: Status | StatusCode, description: str | None = None) -> None:
                set_status(status.status_code if isinstance(status, Status) else status)

            def type_of_exception(exception: BaseException, *_: object, **__: object) -> None:
                span.add_event("exception", {"exception.type": type(exception).__qualname__})

            span.set_status = status_without_text
            span.record_exception = type_of_exception  # type: ignore[method-assign]

    return TypesOnly()


def _secrets_processor() -> SpanProcessor:
    """Return what masks secrets as they are written, so that no exporter ever has one, whatever it makes of a span."""
    from opentelemetry.sdk.trace import Span, SpanProcessor
    from opentelemetry.trace import Status, StatusCode

    class NoSecrets(SpanProcessor):
        def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
            set_attributes, add_event, set_status = span.set_attributes, span.add_event, span.set_status

            def masked_attributes(attributes: Mapping[str, Any]) -> None:
                set_attributes(mask_value(attributes))

            def masked_attribute(key: str, value: Any) -> None:
                set_attributes({key: mask_value(value)})

            def masked_event(name: str, attributes: Any = None, timestamp: int | None = None) -> None:
                # What records an exception comes here too, with its message and stack as attributes.
                add_event(mask(name), mask_value(attributes), timestamp)

            def masked_status(status: Status | StatusCode, description: str | None = None) -> None:
                if isinstance(status, Status):
                    status = Status(status.status_code, status.description and mask(status.description))
                set_status(status, description and mask(description))

            if span.attributes:
                masked_attributes(dict(span.attributes))
            span.set_attributes, span.set_attribute = masked_attributes, masked_attribute  # type: ignore[method-assign]
            span.add_event, span.set_status = masked_event, masked_status  # type: ignore[method-assign]

    return NoSecrets()


def _usage_processor() -> SpanProcessor:
    """Return what keeps the tokens of a model call on one span: Strands' own, which there is whatever the model is.

    The instrumentation of Bedrock's client says them once more below it, and the agent's span their sum above it: who
    adds up a trace would count each token three times.
    """
    from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

    class UsageOnce(SpanProcessor):
        def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
            above = trace.get_current_span(parent_context)
            within_a_call = isinstance(above, ReadableSpan) and above.name == MODEL_CALL
            if not within_a_call and not span.name.startswith("invoke_agent"):
                return
            set_attributes, set_attribute = span.set_attributes, span.set_attribute

            def without_usage(attributes: Mapping[str, Any]) -> None:
                set_attributes({key: value for key, value in attributes.items() if not key.startswith(_USAGE)})

            def unless_usage(key: str, value: Any) -> None:
                if not key.startswith(_USAGE):
                    set_attribute(key, value)

            span.set_attributes, span.set_attribute = without_usage, unless_usage  # type: ignore[method-assign]

    return UsageOnce()


def session_processor() -> SpanProcessor:
    """Return what says on each span which session it is of, as the baggage has it."""
    from opentelemetry.sdk.trace import Span, SpanProcessor

    class OfSession(SpanProcessor):
        def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
            if session_id := baggage.get_baggage(_SESSION, parent_context):
                span.set_attribute(_SESSION, str(session_id))

    return OfSession()


def file_exporter(path: Path) -> SpanExporter:
    """Return what appends spans to a file, and to those before it; one that cannot be written is told of once."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    from agentcore_kit.runtime import span_file

    class ToFile(SpanExporter):
        told = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            try:
                span_file.append(path, (span.to_json(indent=None) for span in spans))
            except OSError as error:
                if not self.told:  # not with each batch
                    logger.warning("spans are not kept: %s: %s", path, error.strerror)
                self.told = True
                return SpanExportResult.FAILURE
            self.told = False
            return SpanExportResult.SUCCESS

    return ToFile()


def _export_to_file(provider: object, settings: Settings) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from agentcore_kit.runtime.private import private_folder

    if not isinstance(provider, TracerProvider):
        return
    exporter = file_exporter(private_folder(settings.state) / SPAN_FILE)
    provider.add_span_processor(session_processor())
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=FLUSH_MILLISECONDS))
