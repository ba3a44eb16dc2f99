"""Arguments are checked before a tool runs: what does not fit goes back to the model, by the field's name."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Literal
from unittest.mock import patch

import pytest
from mcp.server.mcpserver import MCPServer
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel
from rich.console import Console
from strands import ToolContext, tool

from agentcore_kit.local import ask as kit_ask
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_gateway import serving, with_gateways
from tests.agent.test_turn import SESSION, agent_with, ask
from tests.agent.test_turn_limits import Scripted

MENDED = {"region": "APAC", "limit": 3}


class Filter(BaseModel):
    """What is looked for."""

    status: Literal["open", "closed"]
    owner: str | None = None


@pytest.fixture(params=["own", "gateway"])
def where(request: pytest.FixtureRequest) -> str:
    """Return whose tool it is."""
    return str(request.param)


@pytest.fixture
def asked(settings: AgentSettings, alice: Caller, where: str) -> Any:
    """Return what lets a model call the tool with what it is given, and returns the turn's result and the calls."""

    def asked(*calls: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]], Scripted]:
        ran: list[dict[str, Any]] = []

        def revenue(
            region: Literal["EMEA", "APAC", "AMER"] = "EMEA",
            limit: int = 10,
            note: str | None = None,
            filters: list[Filter] | None = None,
        ) -> str:
            """Returns the revenue."""
            ran.append({"region": region, "limit": limit, "note": note})
            return f"revenue of {region}"

        model = Scripted(
            *([{"id": f"c{number}", "name": "revenue", **one}] for number, one in enumerate(calls)), [{"text": "Done."}]
        )
        if where == "own":
            service = Service(settings, model, agent_with(tool(name="revenue")(revenue)))
            result = ask(service, alice, "What is it?")[-1]
            service.close()
            return result, ran, model
        server = MCPServer("shared")
        server.tool(name="revenue")(revenue)
        with serving(server) as (url, _):
            service = Service(with_gateways(settings, {"shared": url}), model, agent_with())
            result = ask(service, alice, "What is it?")[-1]
            service.close()
        return result, ran, model

    return asked


BROKEN = {
    "cut off": ('{"region": "APAC"', "cut off"),
    "cut off within a text": ('{"region": "AP', "cut off"),
    "no JSON": ("region=APAC", "no JSON"),
    "two objects": ('{"region": "APAC"}{"region": "AMER"}', "no JSON"),
    "a list": ('["APAC"]', "an array"),
    "a text": ('"APAC"', "a string"),
    "nothing": ("null", "not null"),
    "a number": ("747", "a number"),
}


@pytest.mark.parametrize("raw", BROKEN)
def test_arguments_that_are_no_object_run_nothing_and_the_model_mends_them(
    asked: Any, raw: str, caplog: pytest.LogCaptureFixture
) -> None:
    text, said = BROKEN[raw]
    with caplog.at_level(logging.INFO):
        result, ran, model = asked({"raw": text}, {"input": MENDED})
    assert [call["status"] for call in result["toolCalls"]] == ["error", "success"], result
    assert result["toolCalls"][0]["input"] == {}
    refusal = result["toolCalls"][0]["result"]
    assert refusal.startswith("Error 400: the tool was not called: ")
    assert said in refusal
    assert refusal in json.dumps(model.sent[1], ensure_ascii=False), "the model is told"
    assert [(one["region"], one["limit"]) for one in ran] == [("APAC", 3)]
    assert result["answer"] == "Done."
    assert text == "null" or text not in caplog.text, "what the model wrote is content"


WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a list where text belongs": ({"note": ["x"]}, ("note: must be a string", ", not an array")),
    "a list where a choice belongs": ({"region": ["APAC"]}, ("region: ", "EMEA, APAC, AMER")),
    "a choice misspelt": ({"region": "apac"}, ("region: ", "EMEA, APAC, AMER", "did you mean APAC?")),
    "text where a number belongs": ({"limit": "3"}, ("limit: must be an integer, not a string",)),
    "nothing where a number belongs": ({"limit": None}, ("limit: must be an integer, not null",)),
    "an unknown field": ({"regoin": "APAC"}, ("there is no argument 'regoin', did you mean region?",)),
    "an unknown field within": (
        {"filters": [{"status": "open", "ownr": "me"}]},
        ("there is no argument 'filters.0.ownr', did you mean owner?",),
    ),
    "a field that is missing within": ({"filters": [{}]}, ("filters.0.status: is missing",)),
    "a wrong choice within": ({"filters": [{"status": "opened"}]}, ("filters.0.status: ", "open, closed")),
    "several": ({"region": "X", "limit": []}, ("region: ", "limit: must be an integer, not an array")),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_arguments_that_do_not_fit_the_schema_run_nothing_and_name_the_field(asked: Any, wrong: str) -> None:
    arguments, said = WRONG[wrong]
    result, ran, model = asked({"input": arguments}, {"input": MENDED})
    assert [call["status"] for call in result["toolCalls"]] == ["error", "success"], result
    assert result["toolCalls"][0]["input"] == arguments
    refusal = result["toolCalls"][0]["result"]
    for each in said:
        assert each in refusal
    assert refusal in json.dumps(model.sent[1], ensure_ascii=False), "the model is told"
    assert [(one["region"], one["limit"]) for one in ran] == [("APAC", 3)]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"note": None}, {"note": "x", "filters": [{"status": "open", "owner": None}]}, {"limit": 2.0}],
)
def test_arguments_that_fit_are_passed_on(asked: Any, arguments: dict[str, Any]) -> None:
    result, ran, _ = asked({"input": arguments})
    assert [call["status"] for call in result["toolCalls"]] == ["success"], result
    assert len(ran) == 1


def test_no_arguments_at_all_are_the_defaults(asked: Any) -> None:
    result, ran, _ = asked({"raw": ""})
    assert result["toolCalls"][0]["status"] == "success"
    assert ran[0]["region"] == "EMEA"


@pytest.mark.parametrize("depth", [80, 700, 90_000])
def test_what_is_nested_too_deeply_runs_nothing_and_does_not_end_the_conversation(asked: Any, depth: int) -> None:
    raw = '{"filters": ' + "[" * depth + "]" * depth + "}"
    result, ran, _ = asked({"raw": raw}, {"input": MENDED})
    assert (result["type"], result.get("answer")) == ("result", "Done."), result
    assert len(ran) == 1


SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "another draft's definitions": (
        {"properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": {"A": {"type": "integer"}}},
        {"a": "1"},
        "a: must be an integer, not a string",
    ),
    "a pattern of another language": ({"properties": {"a": {"pattern": "^\\p{L}+$"}}}, {"a": "Ä"}, None),
    "a pattern": ({"properties": {"a": {"pattern": "^[A-Z]$"}}}, {"a": "secret"}, "a: must fit pattern: ^[A-Z]$"),
    "a date": ({"properties": {"a": {"format": "date"}}}, {"a": "1.2.2026"}, "a: must fit format: date"),
    "fields elsewhere": ({"properties": {}, "allOf": [{"properties": {"a": {}}}]}, {"a": 1}, None),
    "any field": ({"additionalProperties": True, "properties": {}}, {"a": 1}, None),
    "no field": ({"additionalProperties": False}, {"a": 1}, "the arguments: must fit additionalProperties"),
    "another type's alternatives": (
        {"properties": {"a": {"oneOf": [{"type": "string"}, {"type": ["integer", "null"]}]}}},
        {"a": True},
        "a: must be a string or an integer or null, not true or false",
    ),
    "a schema elsewhere": ({"properties": {"a": {"$ref": "http://127.0.0.1:9/a"}}}, {"a": 1}, "cannot be read"),
    "a schema in circles": (
        {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}},
        {"a": {}},
        "cannot be read",
    ),
    "a reference to itself": (
        {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}},
        {"a": {}},
        "cannot be read",
    ),
}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_any_schema_is_followed_or_the_tool_is_not_called(settings: AgentSettings, alice: Caller, kind: str) -> None:
    schema, arguments, said = SCHEMAS[kind]

    @tool(name="any", inputSchema={"json": {"type": "object", **schema}})
    def any_tool(a: Any = None) -> str:
        """Takes anything."""
        return "ran"

    any_tool.tool_spec["inputSchema"]["json"] = {"type": "object", **schema}
    model = Scripted([{"id": "c", "name": "any", "input": arguments}], [{"text": "Done."}])
    service = Service(settings, model, agent_with(any_tool))
    (call,) = ask(service, alice, "What is it?")[-1]["toolCalls"]
    service.close()
    assert call["status"] == ("error" if said else "success"), call
    assert (said or "ran") in call["result"]
    assert "secret" not in call["result"]


def test_what_the_teams_own_code_calls_is_its_own_affair(settings: AgentSettings, alice: Caller) -> None:
    @tool
    def inner(limit: int) -> str:
        """Takes a number, or what can be read as one."""
        return f"limit {limit}"

    @tool(context=True)
    def outer(tool_context: ToolContext) -> str:
        """Calls another tool."""
        result: Any = tool_context.agent.tool.inner(limit="3", record_direct_tool_call=False)
        return str(result["content"][0]["text"])

    model = Scripted([{"id": "c", "name": "outer", "input": {}}], [{"text": "Done."}])
    service = Service(settings, model, agent_with(inner, outer))
    result = ask(service, alice, "What is it?")[-1]
    service.close()
    assert [call["result"] for call in result["toolCalls"] if call["name"] == "outer"] == ["limit 3"]


def test_a_refused_call_is_in_the_trace(asked: Any) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with (
        patch("strands.telemetry.tracer._tracer_instance", None),
        patch.object(trace_api, "get_tracer_provider", return_value=provider),
    ):
        asked({"input": {"region": "apac"}})
    (span,) = [one for one in exporter.get_finished_spans() if one.name.startswith("execute_tool")]
    assert "must be one of EMEA" in span.to_json()
    assert "apac" in span.to_json()


@pytest.mark.parametrize("raw", ['{"region": "APAC"', '["APAC"]', '{"region": ["APAC"]}'])
def test_kit_ask_shows_what_was_refused(
    settings: AgentSettings, alice: Caller, raw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @tool(name="revenue")
    def revenue(region: Literal["EMEA", "APAC"] = "EMEA") -> str:
        """Returns the revenue."""
        raise AssertionError("it ran")

    screen = Console(record=True, width=200)
    monkeypatch.setattr(kit_ask, "console", screen)
    model = Scripted([{"id": "c", "name": "revenue", "raw": raw}], [{"text": "I could not ask."}])
    service = Service(settings, model, agent_with(revenue))
    body = asyncio.run(kit_ask._one(service, "What is it?", alice, SESSION, as_json=False))
    service.close()
    shown = screen.export_text()
    assert body["answer"] == "I could not ask."
    assert "→ revenue(" in shown
    assert "Error 400: the tool was not called: " in shown
