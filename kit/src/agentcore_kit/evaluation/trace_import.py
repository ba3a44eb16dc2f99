"""Turns a recorded conversation into a draft row: from production back to ground truth, without personal data.

What the agent did becomes the expectation, and a person reviews it: a recorded answer is not a right answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentcore_kit.evaluation.dataset import Call, Metadata, Outcome, Row, Turn
from agentcore_kit.evaluation.expectations import Match, equal
from agentcore_kit.evaluation.figures import claims
from agentcore_kit.evaluation.runs import exit_codes
from agentcore_kit.local.spans import Span, read_traces
from agentcore_kit.runtime import personal_data
from agentcore_kit.runtime.arguments import NOT_CALLED

if TYPE_CHECKING:
    from strands_evals.types.trace import ToolExecutionSpan

_INTRODUCED = re.compile(
    r"\b(my name is|i am|i['’]m|this is|call me)\s+([^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*){0,3})", re.IGNORECASE
)
_NO_NAME = re.compile(
    r"and|but|or|i|i['’]m|from|at|in|of|with|to|the|what|which|how|show|please|can|could|want|need", re.IGNORECASE
)
_CONTEXT = re.compile(r"<context>(?:(?!<context>).)*?</context>", re.DOTALL)
_TODAY = re.compile(r"Today is (\d{4}-\d\d-\d\d)")
_FIRST_NAME = re.compile(r"""The user's first name is [\\"]*([^.<\\"]+)[\\"]*\.""")


WORDS_OF_A_FREE_TEXT = 5
"""A text of so many words is nobody's name or code: the next time it is said in other words."""


@dataclass
class Recorded:
    """A turn as the spans tell it."""

    said: str
    answer: str
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    context: str = ""
    failed: bool = False


def mask(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without e-mail addresses, numbers of phones, cards and accounts, tokens, and the given names."""
    text = _INTRODUCED.sub(_without_name, personal_data.mask(text))
    for name in names:
        if name.strip():
            text = re.sub(rf"\b{re.escape(name.strip())}\b", "[name]", text, flags=re.IGNORECASE)
    return text


def _without_name(found: re.Match[str]) -> str:
    """Mask the capitalised words of an introduction; after "my name is" also those that people write in lower case."""
    words = found.group(2).split(" ")
    number = len(list(takewhile(lambda word: word[0].isupper() and word != "I", words)))
    if found.group(1).lower() == "my name is":
        number = max(number, len(list(takewhile(lambda word: not _NO_NAME.fullmatch(word), words[:2]))))
    return " ".join([found.group(1), *(["[name]"] if number else []), *words[number:]])


def draft(turns: list[Recorded]) -> Row:
    """Return a row of a conversation, for review.

    Raises:
        ValueError: when there is nothing to make one of, because the environment keeps content out of traces.
    """
    if not turns or not any(turn.said for turn in turns):
        raise ValueError(
            "the trace has no words of the user: where telemetry.recordContent is false, content stays out of traces"
        )
    everything = " ".join(turn.context for turn in turns)
    names = _FIRST_NAME.findall(everything)
    today = _TODAY.search(everything)
    masked = [
        Recorded(mask(turn.said, names), mask(turn.answer, names), [(n, _masked(i, names)) for n, i in turn.calls])
        for turn in turns
    ]
    return Row(
        scenario_id=f"recorded-{hashlib.sha256(json.dumps([turn.said for turn in masked]).encode()).hexdigest()[:12]}",
        turns=[Turn(input=turn.said, expected_response=turn.answer) for turn in masked],
        expected_trajectory=[name for turn in masked for name, _ in turn.calls],
        metadata=Metadata(
            category="multi-turn" if len(turns) > 1 else "common",
            date=date.fromisoformat(today.group(1)) if today else datetime.now(UTC).date(),
            expect=[[_outcome(turn, recorded)] for turn, recorded in zip(masked, turns, strict=True)],
            tags=["review"],
        ),
    )


def _outcome(turn: Recorded, recorded: Recorded) -> Outcome:
    figures: list[float | str] = list(dict.fromkeys(figure.text for figure in claims(turn.answer)))
    calls = [_call(name, given, masked) for (name, masked), (_, given) in zip(turn.calls, recorded.calls, strict=True)]
    return Outcome(outcome="answer" if calls or figures else "decline", calls=calls, figures=figures)


def _call(name: str, given: dict[str, Any], masked: dict[str, Any]) -> Call:
    """Return an expected call; what was masked, and a text in somebody's own words, will never be equal again."""
    free = [key for key, value in given.items() if not equal(masked[key], value) or _is_free_text(value)]
    literal = {key: value for key, value in masked.items() if key not in free}
    return Call(name=name, input=literal, match={key: Match(any=True) for key in free})


def _is_free_text(value: Any) -> bool:
    return isinstance(value, str) and len(value.split()) >= WORDS_OF_A_FREE_TEXT


def _masked(value: Any, names: list[str]) -> Any:
    if isinstance(value, str):
        return mask(value, names)
    if isinstance(value, dict):
        return {key: _masked(item, names) for key, item in value.items()}
    return [_masked(item, names) for item in value] if isinstance(value, list) else value


def from_span_file(path: Path, trace_id: str = "") -> list[Recorded]:
    """Return the turns of the session that a trace belongs to, from the file that local runs write.

    Raises:
        ValueError: when there is no such trace.
    """
    traces = read_traces(path)
    chosen = [found for found in traces if found.startswith(trace_id)]
    if not traces:
        raise ValueError(f"{path} has no conversation yet; record one: kit ask")
    if not chosen:
        raise ValueError(f"{path} has no trace {trace_id!r}; see them with: kit trace --list")
    session = _session(traces[chosen[-1]])
    return [turn for roots in traces.values() if _session(roots) == session for turn in _turns(roots)]


def from_cloudwatch(path: Path, trace_id: str = "") -> list[Recorded]:
    """Return the turns in spans from CloudWatch: a JSON list, JSON lines, or the rows of a Logs Insights query.

    Raises:
        ValueError: when the file is none of these, or has no such trace.
    """
    from strands_evals.mappers.cloudwatch_parser import parse_cloudwatch_logs
    from strands_evals.mappers.utils import detect_otel_mapper
    from strands_evals.types.trace import AgentInvocationSpan, ToolExecutionSpan

    spans = parse_cloudwatch_logs(_one_session(_records(path), path, trace_id))
    session = detect_otel_mapper(spans).map_to_session(spans, "recorded")
    turns = []
    for trace in session.traces:
        agent = next((span for span in trace.spans if isinstance(span, AgentInvocationSpan)), None)
        if agent:
            calls = [span for span in trace.spans if isinstance(span, ToolExecutionSpan)]
            made = [(span.tool_call.name, span.tool_call.arguments) for span in calls if not _is_refused(span)]
            said = _text(agent.user_prompt)
            turns.append(Recorded(_CONTEXT.sub("", said).strip(), _text(agent.agent_response), made, said))
    return turns


def _is_refused(span: ToolExecutionSpan) -> bool:
    return NOT_CALLED in f"{span.tool_result.content} {span.tool_result.error}"


def _one_session(records: list[dict[str, Any]], path: Path, trace_id: str) -> list[dict[str, Any]]:
    """Return the records of the session that a trace belongs to; of the last one without a trace id."""
    sessions: dict[str, str] = {}
    for record in records:
        trace = str(record.get("traceId") or record.get("trace_id") or "")
        session = (record.get("attributes") or {}).get("session.id")
        if trace and (session or trace not in sessions):
            sessions[trace] = str(session or trace)
    chosen = [trace for trace in sessions if trace.startswith(trace_id)]
    if not chosen:
        raise ValueError(f"{path} has no trace {trace_id!r}")
    wanted = {trace for trace, session in sessions.items() if session == sessions[chosen[-1]]}
    return [record for record in records if (record.get("traceId") or record.get("trace_id")) in wanted]


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ValueError(f"{path} is neither JSON nor JSON lines: {error}") from None
    rows = found.get("results", found.get("events", [found])) if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise ValueError(f"{path} has no list of spans")
    spans = []
    for row in rows:
        try:
            spans.append(_unwrapped(row))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError(f"{path} has something that is no span: {json.dumps(row)[:80]}") from None
    return spans


def _unwrapped(row: Any) -> dict[str, Any]:
    """Return the span in a row: Logs Insights wraps it as `@message`, the events of a log stream as `message`."""
    if isinstance(row, list):
        row = {cell["field"]: cell["value"] for cell in row}
    message = row.get("@message", row.get("message"))
    return {**(json.loads(message) if isinstance(message, str) else row)}


def _turns(roots: list[Span]) -> list[Recorded]:
    turns = []
    for span in (each for root in roots for each in _walk(root)):
        if span.name.startswith("invoke_agent"):
            said, answer = _event(span, "gen_ai.user.message", "content"), _event(span, "gen_ai.choice", "message")
            inner = list(_walk(span))
            context = " ".join(
                _event(each, f"gen_ai.{role}.message", "content")
                for each in inner
                if each.name.startswith("chat")
                for role in ("system", "user")
            )
            calls = [
                (each.attributes["gen_ai.tool.name"], _json(_event(each, "gen_ai.tool.message", "content")))
                for each in inner
                if each.name.startswith("execute_tool") and NOT_CALLED not in _event(each, "gen_ai.choice", "message")
            ]
            turns.append(Recorded(_text(said), _text(answer), calls, context))
    return turns


def _event(span: Span, name: str, key: str) -> str:
    found = [event["attributes"].get(key, "") for event in span.events if event["name"] == name]
    return str(found[-1]) if found else ""


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(content: str) -> str:
    """Return the words of a message, which spans keep as a list of content blocks or as plain text."""
    try:
        blocks = json.loads(content)
    except ValueError:
        return content.strip()
    if not isinstance(blocks, list):
        return content.strip()
    words = " ".join(block["text"] for block in blocks if isinstance(block, dict) and "text" in block)
    return _CONTEXT.sub("", words).strip()


def _walk(span: Span) -> Iterable[Span]:
    yield span
    for child in span.children:
        yield from _walk(child)


def _session(roots: list[Span]) -> str:
    return next(
        (str(s.attributes["session.id"]) for root in roots for s in _walk(root) if "session.id" in s.attributes), ""
    )


def _append(path: Path, scenario_id: str, line: str) -> None:
    rows = path.read_text(encoding="utf-8") if path.exists() else ""
    if f'"{scenario_id}"' in rows:
        raise ValueError(f"{path}: this conversation is there already, as {scenario_id}")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if rows and not rows.endswith("\n") else "") + line + "\n")


def row(
    trace: Annotated[str, typer.Option(help="A local trace, or the beginning of its id; the last one, if empty.")] = "",
    file: Annotated[str, typer.Option(help="Spans downloaded from CloudWatch, instead of the local file.")] = "",
    append: Annotated[str, typer.Option(help="Append the row to this file, evals/recorded.jsonl for example.")] = "",
) -> None:
    """Turn a recorded conversation into a row of the dataset to review, with personal data masked."""
    with exit_codes():
        if file:
            turns = from_cloudwatch(Path(file), trace)
        else:
            from agentcore_kit.runtime.settings import STATE
            from agentcore_kit.runtime.telemetry import SPAN_FILE

            turns = from_span_file(STATE / SPAN_FILE, trace)
        found = draft(turns)
        line = found.model_dump_json(exclude_defaults=True)
        if append:
            _append(Path(append), found.scenario_id, line)
    print(line)
    print(
        "Review it: are calls, figures and answer right, anything personal left? What must an input that may be "
        "anything (any) contain? Correct it and remove the tag review, "
        "then: kit dataset --add FILE",
        file=sys.stderr,
    )
