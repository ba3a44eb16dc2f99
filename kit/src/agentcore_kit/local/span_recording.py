"""Starts the recording of spans in this process, for `kit trace`."""

from __future__ import annotations

import logging
import os
from pathlib import Path


def record_spans() -> None:
    """Set up OpenTelemetry for an agent or tools, as `opentelemetry-instrument` does around the deployed server."""
    from opentelemetry.instrumentation.auto_instrumentation import initialize

    from agentcore_kit.runtime.telemetry import local_defaults

    os.environ.update(local_defaults())
    # It warns of every configurator it was told not to use.
    logging.getLogger("opentelemetry.instrumentation.auto_instrumentation").setLevel(logging.ERROR)
    initialize()


def record_server_spans(name: str, state: Path) -> None:
    """Set up OpenTelemetry for a server that stands for a service of AWS: only the spans that it makes itself.

    Each span says which session it is of, where the caller's baggage or the request does.

    Args:
        name: Of the server, by which its spans are told from others' of the same trace.
        state: The folder for local state.
    """
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from agentcore_kit.runtime.private import private_folder
    from agentcore_kit.runtime.telemetry import FLUSH_MILLISECONDS, SPAN_FILE, file_exporter, session_processor

    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    exporter = file_exporter(private_folder(state) / SPAN_FILE)
    provider.add_span_processor(session_processor())
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=FLUSH_MILLISECONDS))
    trace.set_tracer_provider(provider)
