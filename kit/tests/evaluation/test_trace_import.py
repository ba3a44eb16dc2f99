"""Recorded conversations become rows to review, and nothing personal comes along."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import pytest
from bedrock_agentcore.evaluation.span_to_adot_serializer import convert_strands_to_adot
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentcore_kit.cli import main
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.expectations import fits
from agentcore_kit.evaluation.trace_import import Recorded, draft, from_cloudwatch, from_span_file, mask

SAID = "My name is Maria Schmidt, mail maria.schmidt@example.com or +49 170 1234567: EMEA revenue in 2024-Q3?"
ANSWER = "Maria, EMEA revenue in 2024-Q3 was 482.3 million USD."
CALL = {"region": "EMEA", "quarter": "2024-Q3"}


def recorded() -> Sequence[ReadableSpan]:
    """Return the spans of one request, as Strands records them."""
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("strands.telemetry.tracer")
    context = '<context>Today is 2026-11-16 (Monday). The user\'s first name is "Maria".</context>'

    def said(*texts: str) -> dict[str, str]:
        return {"content": json.dumps([{"text": text} for text in texts])}

    with tracer.start_as_current_span("POST /invocations") as request:
        request.set_attribute("session.id", "session-1")
        with tracer.start_as_current_span("invoke_agent agent") as agent:
            agent.set_attributes({"gen_ai.operation.name": "invoke_agent", "session.id": "session-1"})
            agent.add_event("gen_ai.user.message", said(SAID))
            with tracer.start_as_current_span("chat") as chat:
                chat.set_attributes({"gen_ai.operation.name": "chat", "session.id": "session-1"})
                chat.add_event("gen_ai.system.message", said("You answer questions about revenue.", context))
                chat.add_event("gen_ai.user.message", said(SAID))
                use = {"toolUseId": "use-1", "name": "getQuarterlyRevenue", "input": CALL}
                chat.add_event(
                    "gen_ai.choice", {"message": json.dumps([{"toolUse": use}]), "finish_reason": "tool_use"}
                )
                client = provider.get_tracer("opentelemetry.instrumentation.botocore.bedrock-runtime")
                with client.start_as_current_span("chat claude") as same:  # the same call, as its client records it
                    same.set_attributes({"gen_ai.operation.name": "chat", "session.id": "session-1"})
            with tracer.start_as_current_span("execute_tool getQuarterlyRevenue") as refused:
                attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "getQuarterlyRevenue"}
                refused.set_attributes({**attributes, "gen_ai.tool.call.id": "use-0", "session.id": "session-1"})
                refused.add_event("gen_ai.tool.message", {"content": '{"region": "emea"}', "id": "use-0"})
                why = [{"text": "Error 400: the tool was not called: region: must be one of EMEA, APAC"}]
                refused.add_event("gen_ai.choice", {"message": json.dumps(why), "id": "use-0"})
            with tracer.start_as_current_span("execute_tool getQuarterlyRevenue") as tool:
                attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "getQuarterlyRevenue"}
                tool.set_attributes({**attributes, "gen_ai.tool.call.id": "use-1", "session.id": "session-1"})
                tool.add_event("gen_ai.tool.message", {"content": json.dumps(CALL), "id": "use-1"})
                tool.add_event(
                    "gen_ai.choice", {"message": json.dumps([{"text": '{"revenue": 482.3}'}]), "id": "use-1"}
                )
            agent.add_event("gen_ai.choice", {"message": ANSWER, "finish_reason": "end_turn"})
    return memory.get_finished_spans()


def check(row: Row) -> None:
    assert row.turns[0].input == "My name is [name], mail [e-mail] or [phone]: EMEA revenue in 2024-Q3?"
    assert row.expected_trajectory == ["getQuarterlyRevenue"]
    expected = row.metadata.expect[0][0]
    assert expected.calls[0].input == CALL
    assert [str(figure).split()[0] for figure in expected.figures] == ["482.3"]
    assert "review" in row.metadata.tags


def test_what_was_masked_or_said_in_own_words_need_not_be_equal() -> None:
    given = {
        "employee": "maria.schmidt@example.com", "kind": "IT", "hours": 2.5, "tags": ["vpn"], "odd": float("nan"),
        "text": "The VPN in the Berlin office is down",
    }  # fmt: skip

    (call,) = draft([Recorded("Open a ticket", "Done.", [("createTicket", given)])]).metadata.expect[0][0].calls

    assert call.input == {"kind": "IT", "hours": 2.5, "tags": ["vpn"]}
    assert {name: match.way for name, match in call.match.items()} == dict.fromkeys(["employee", "odd", "text"], "any")
    assert fits("createTicket", {**given, "text": "no VPN", "employee": "x"}, call) is True


def test_from_the_local_span_file(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    path.write_text("".join(f"{span.to_json(indent=None)}\n" for span in recorded()), encoding="utf-8")

    row = draft(from_span_file(path))

    check(row)
    assert row.turns[0].expected_response == "[name], EMEA revenue in 2024-Q3 was 482.3 million USD."
    assert row.metadata.date.isoformat() == "2026-11-16"
    with pytest.raises(ValueError, match="has no trace 'ffff'"):
        from_span_file(path, "ffff")


@pytest.mark.parametrize("form", ["list", "lines", "insights"])
def test_from_cloudwatch(tmp_path: Path, form: str) -> None:
    documents = convert_strands_to_adot(list(recorded()))
    insights = {"results": [[{"field": "@message", "value": json.dumps(document)}] for document in documents]}
    text = {
        "list": json.dumps(documents),
        "lines": "\n".join(json.dumps(document) for document in documents),
        "insights": json.dumps(insights),
    }[form]
    path = tmp_path / "spans.json"
    path.write_text(text, encoding="utf-8")

    check(draft(from_cloudwatch(path)))


def test_of_several_sessions_one_is_taken(tmp_path: Path) -> None:
    documents = convert_strands_to_adot(list(recorded()))
    other = json.loads(
        json.dumps(documents).replace("session-1", "session-2").replace(documents[0]["traceId"], "f" * 32)
    )
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(documents + other), encoding="utf-8")

    check(draft(from_cloudwatch(path)))
    check(draft(from_cloudwatch(path, documents[0]["traceId"][:8])))
    with pytest.raises(ValueError, match="has no trace 'abcdefg'"):
        from_cloudwatch(path, "abcdefg")


def test_content_that_was_not_recorded_makes_no_row() -> None:
    with pytest.raises(ValueError, match="where telemetry"):
        draft([])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to a.b+c@mail.example.org now", "write to [e-mail] now"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [IBAN]"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("call +1 (555) 010-9999", "call [phone]"),
        ("account 123456789012", "account [account]"),
        ("account 12345678", "account [account]"),
        ("iban de89370400440532013000", "iban [IBAN]"),
        ("call 555-123-4567 or (555) 123-4567", "call [phone] or [phone]"),
        ("from 192.168.0.17", "from [address]"),
        ("number 078-05-1120", "number [social security number]"),
        ("I'm Anna Schmidt and want EMEA revenue", "I'm [name] and want EMEA revenue"),
        ("my name is anna schmidt, hello", "my name is [name], hello"),
        ("My name is anna and I want EMEA revenue", "My name is [name] and I want EMEA revenue"),
        ("I am Östen", "I am [name]"),
        ("This is Łukasz Żak from sales", "This is [name] from sales"),
        ("from 2024-11-16 2025-11-16, as of 20261116", "from 2024-11-16 2025-11-16, as of 20261116"),
        ("in FY26 this year have data", "in FY26 this year have data"),
        ("key AKIAIOSFODNN7EXAMPLE", "key [token]"),
        ("I'm responsible for EMEA in 2024-Q3", "I'm responsible for EMEA in 2024-Q3"),
        ("556.2 million USD, up 4.3 % on 2026-Q2", "556.2 million USD, up 4.3 % on 2026-Q2"),
        ("between 482.3 and 514.8 on 2026-11-16", "between 482.3 and 514.8 on 2026-11-16"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_long_word_is_masked_in_no_time() -> None:
    began = perf_counter()
    assert mask("a" * 200_000) == "a" * 200_000
    assert perf_counter() - began < 5  # it took minutes


def test_a_row_is_kept_once_on_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spans, rows = tmp_path / "spans.json", tmp_path / "rows.jsonl"
    spans.write_text(json.dumps(convert_strands_to_adot(list(recorded()))), encoding="utf-8")
    rows.write_text('{"scenario_id":"other"}', encoding="utf-8")

    def row(*arguments: str) -> tuple[object, str]:
        try:
            main(["row", *arguments])
        except SystemExit as stopped:
            return stopped.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    assert row("--file", str(spans), "--append", str(rows))[0] in (0, None)
    code, text = row("--file", str(spans), "--append", str(rows))
    assert (code, "is there already" in text) == (2, True)
    assert [json.loads(line)["scenario_id"][:8] for line in rows.open(encoding="utf-8")] == ["other", "recorded"]
    code, text = row("--file", str(spans), "--append", str(tmp_path / "nowhere" / "rows.jsonl"))
    assert (code, text.count("\n")) == (3, 1)
    spans.write_text("[1, 2]", encoding="utf-8")
    code, text = row("--file", str(spans))
    assert (code, text) == (2, f"{spans} has something that is no span: 1\n")
