"""Each token of the model is on one span of the trace, whatever else records the same call, and is counted once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry import trace as trace_api
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from rich.console import Console

from agentcore_kit.local import traces
from agentcore_kit.local.spans import Span, read_traces
from agentcore_kit.runtime import telemetry
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.models import build_model, load_instrumentations
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import http_server
from tests.agent.test_model_failures import frame, pay
from tests.agent.test_models import BEDROCK, chosen_by
from tests.agent.test_server import walk
from tests.agent.test_turn import agent_with, ask

USAGE = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
ANSWER = b"".join(
    [
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "It is 7"}}),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": "end_turn"}),
        frame("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}}),
    ]
)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[TracerProvider]:
    """Return what makes spans, for the kit, Strands and the instrumentation of Bedrock's client."""
    provider = TracerProvider()
    monkeypatch.setattr("strands.telemetry.tracer._tracer_instance", None)
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    monkeypatch.setattr(trace_api, "get_tracer_provider", lambda: provider)
    yield provider
    BotocoreInstrumentor().uninstrument()  # type: ignore[no-untyped-call]
    provider.shutdown()


def test_a_call_of_bedrock_is_counted_once(
    settings: AgentSettings, alice: Caller, monkeypatch: pytest.MonkeyPatch, provider: TracerProvider
) -> None:
    def answer(_: Any) -> tuple[int, str, bytes]:
        return 200, "application/vnd.amazon.eventstream", ANSWER

    with http_server(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url.removesuffix("/v1"))
        there = chosen_by(settings, BEDROCK)
        telemetry.configure(there, "agent", lambda: load_instrumentations(there))
        service = Service(there, build_model(there), agent_with(pay))
        usage = ask(service, alice, "How many?")[-1]["usage"]
        service.close()
    provider.force_flush()
    assert {name: usage[name] for name in USAGE} == USAGE
    (roots,) = read_traces(there.state / telemetry.SPAN_FILE).values()
    spans = [span for root in roots for span in walk(root)]
    assert {"invoke_agent example-agent", "chat", "chat global.anthropic.claude-sonnet-4-6"} <= {s.name for s in spans}
    said = [{name: count for name, count in span.attributes.items() if "usage" in name} for span in spans]
    assert sum(one.get("gen_ai.usage.input_tokens", 0) for one in said) == USAGE["inputTokens"]
    assert sum(one.get("gen_ai.usage.output_tokens", 0) for one in said) == USAGE["outputTokens"]
    assert [name for one in said for name in one if name.endswith("total_tokens")] == ["gen_ai.usage.total_tokens"]


def test_a_call_that_a_tool_makes_keeps_its_tokens(provider: TracerProvider) -> None:
    provider.add_span_processor(telemetry._usage_processor())
    tracer = provider.get_tracer("t")
    with tracer.start_as_current_span("execute_tool summarise"), tracer.start_as_current_span("chat other") as own:
        own.set_attribute("gen_ai.usage.input_tokens", 5)
    assert dict(own.attributes or {}) == {"gen_ai.usage.input_tokens": 5}  # type: ignore[attr-defined]


def test_traces_of_others_are_counted_once_too() -> None:
    def span(name: str, tokens: int, *children: Span) -> Span:
        usage = {"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": 1}
        return Span(name, name, "t", None, datetime(2026, 11, 27, tzinfo=UTC), 1.0, False, usage, [], list(children))

    tool = span("execute_tool summarise", 0, span("chat other", 5))
    whole = span("invoke_agent a", 22, span("chat", 11, span("chat claude", 11)), tool, span("chat", 11))
    console = Console(record=True, width=200)
    traces._show(console, "t", [whole])
    shown = console.export_text()
    assert "3 model calls, 27 tokens in, 3 out" in shown
    assert shown.count("11 tokens in") == 2
