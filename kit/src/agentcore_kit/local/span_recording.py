"""Starts the recording of spans in this process, as `opentelemetry-instrument` does around the deployed server."""

from __future__ import annotations

import logging
import os


def record_spans() -> None:
    """Set up OpenTelemetry with the local defaults, without a second start of Python."""
    from opentelemetry.instrumentation.auto_instrumentation import initialize

    from agentcore_kit.runtime.telemetry import local_defaults

    os.environ.update(local_defaults())
    # It warns of every configurator it was told not to use.
    logging.getLogger("opentelemetry.instrumentation.auto_instrumentation").setLevel(logging.ERROR)
    initialize()
