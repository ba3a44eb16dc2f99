"""Endpoints of models, as real HTTP servers on this machine: each refuses what its family refuses in the cloud.

The rules are those of the families' own documentation, chat templates and error messages. What a family takes
although it is odd is not checked. The model behind them asks for the tool that a question needs, and then repeats what
the tool said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import Any

from tests.domains import Exchange

Request = dict[str, Any]
Rule = Callable[[Request], str | None]
"""Returns why a request is refused, or None."""


@dataclass
class Family:
    """Models of one make, behind an OpenAI-compatible endpoint.

    Attributes:
        model: The id of one of its models.
        rules: What it refuses.
        settings: What an environment file must say of it under `model`, besides provider, id and address.
        call_id: Returns the id of its n-th tool call.
        calls_at_once: In how many tool calls it asks for the same, where it may make several.
        reasons: Whether it says what it thought before a tool call, and wants that back.
        signs: Whether it signs its tool calls, and wants that back.
    """

    model: str
    rules: tuple[Rule, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    call_id: Callable[[int], str] = lambda number: f"call_{number:024d}"
    calls_at_once: int = 1
    reasons: bool = False
    signs: bool = False


def _roles(request: Request) -> list[str]:
    return [message["role"] for message in request["messages"]]


def _pairs(request: Request) -> set[tuple[str, str]]:
    roles = _roles(request)
    return set(pairwise(roles))


def no_user_after_a_tool(request: Request) -> str | None:
    """Mistral, error 3230."""
    return "Unexpected role 'user' after role 'tool'" if ("tool", "user") in _pairs(request) else None


def roles_alternate(request: Request) -> str | None:
    """Chat templates of Llama, Gemma and Mistral: tool results count as the assistant's own turn."""
    if ("user", "user") in _pairs(request) or ("tool", "user") in _pairs(request):
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    return None


def ends_with_user_or_tool(request: Request) -> str | None:
    """Mistral, and Claude without prefill."""
    last = _roles(request)[-1]
    return None if last in ("user", "tool") else f"Expected last role User or Tool for serving but got {last}"


def results_follow_their_calls(request: Request) -> str | None:
    """All: each call is answered by the messages right after it, and nothing else is."""
    open_calls: set[str] = set()
    for message in request["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return f"tool_call_id {message['tool_call_id']} has no call"
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            return f"tool calls without result: {open_calls}"
        open_calls = {call["id"] for call in message.get("tool_calls") or []}
    return f"tool calls without result: {open_calls}" if open_calls else None


def content_is_text(request: Request) -> str | None:
    """DeepSeek, and many servers of open models."""
    if any(isinstance(message.get("content"), list) for message in request["messages"]):
        return "Failed to deserialize the JSON body: invalid type: sequence, expected a string"
    return None


def content_is_there(request: Request) -> str | None:
    """DeepSeek: the field may be null beside tool calls, and may not be left out."""
    return None if all("content" in message for message in request["messages"]) else "missing field `content`"


def content_is_not_empty(request: Request) -> str | None:
    """Claude: messages: text content blocks must be non-empty."""
    for message in request["messages"]:
        content = message.get("content")
        texts = [part.get("text", "") for part in content] if isinstance(content, list) else [content]
        if any(text is not None and not text.strip() for text in texts):
            return "messages: text content blocks must be non-empty"
        if content is None and not message.get("tool_calls"):
            return "messages: content must be set"
    return None


def one_system_message_first(request: Request) -> str | None:
    """Qwen."""
    return "System message must be at the beginning." if "system" in _roles(request)[1:] else None


def no_system_message(request: Request) -> str | None:
    """Gemma, and first versions of Mistral's open models."""
    return "System role not supported" if {"system", "developer"} & set(_roles(request)) else None


def nine_characters(request: Request) -> str | None:
    """Mistral."""
    for message in request["messages"]:
        for name in [call["id"] for call in message.get("tool_calls") or []] + [message.get("tool_call_id", "a" * 9)]:
            if not re.fullmatch(r"[a-zA-Z0-9]{9}", name):
                return f"Tool call id was {name} but must be a-z, A-Z, 0-9, with a length of 9."
    return None


def plain_ids(request: Request) -> str | None:
    """Claude."""
    for call in (call for message in request["messages"] for call in message.get("tool_calls") or []):
        if not re.fullmatch(r"[a-zA-Z0-9_-]+", call["id"]):
            return "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    return None


def forty_characters(request: Request) -> str | None:
    """OpenAI."""
    for call in (call for message in request["messages"] for call in message.get("tool_calls") or []):
        if len(call["id"]) > 40:
            return "string too long. Expected a string with maximum length 40"
    return None


def one_call_a_message(request: Request) -> str | None:
    """The chat template of Llama 3."""
    if any(len(message.get("tool_calls") or []) > 1 for message in request["messages"]):
        return "This model only supports single tool-calls at once!"
    return None


def tools_are_not_empty(request: Request) -> str | None:
    """All but some."""
    return "[] is too short - 'tools'" if request.get("tools") == [] else None


def only_fields(*names: str) -> Rule:
    """Refuse all other fields of a request."""
    known = {"model", "messages", "tools", "tool_choice", "stream", "temperature", *names}

    def rule(request: Request) -> str | None:
        other = sorted(request.keys() - known)
        return f"extra_forbidden: {other}: Extra inputs are not permitted" if other else None

    return rule


def reasoning_comes_back(request: Request) -> str | None:
    """DeepSeek in thinking mode."""
    if any(message.get("tool_calls") and "reasoning_content" not in message for message in request["messages"]):
        return "The reasoning_content in the thinking mode must be passed back to the API."
    return None


def signature_comes_back(request: Request) -> str | None:
    """Gemini 3: the first call of each step since the user's last message."""
    roles = _roles(request)
    since = len(roles) - 1 - roles[::-1].index("user")
    for message in request["messages"][since:]:
        for call in (message.get("tool_calls") or [])[:1]:
            if not call.get("extra_content", {}).get("google", {}).get("thought_signature"):
                return "Function call is missing a thought_signature in functionCall parts."
    return None


def no_other_message_fields(request: Request) -> str | None:
    """Mistral, Groq and others: a message has the fields of the specification."""
    for message in request["messages"]:
        if other := message.keys() - {"role", "content", "tool_calls", "tool_call_id", "name"}:
            return f"property {other} is unsupported"
        if any(call.keys() - {"id", "type", "function"} for call in message.get("tool_calls") or []):
            return "Extra inputs are not permitted in tool_calls"
    return None


COMMON = (results_follow_their_calls, tools_are_not_empty)
FAMILIES = {
    "openai": Family(
        "gpt-5.2",
        (*COMMON, forty_characters, no_other_message_fields, only_fields("stream_options", "max_completion_tokens")),
        {"parameters": {"max_completion_tokens": 2048}},
        calls_at_once=2,
    ),
    "mistral": Family(
        "mistral-large-latest",
        (
            *COMMON, no_user_after_a_tool, roles_alternate, ends_with_user_or_tool, nine_characters,
            no_other_message_fields, only_fields("max_tokens", "parallel_tool_calls"),
        ),
        {"maxTokens": 2048, "parameters": {"stream_options": None}},
        call_id=lambda number: f"D681PEv{number:02d}",
        calls_at_once=2,
    ),
    "llama on vllm": Family(
        "meta-llama/Llama-3.1-8B-Instruct",
        (*COMMON, one_call_a_message, roles_alternate),
        {"parallelToolCalls": False},
        call_id=lambda number: f"chatcmpl-tool-{number:032d}",
        calls_at_once=2,
    ),
    "gemma": Family(
        "google/gemma-3-12b-it", (*COMMON, no_system_message, roles_alternate, content_is_text), {"systemRole": "user"}
    ),
    "gemini": Family(
        "gemini-3.1-pro-preview",
        (*COMMON, signature_comes_back, one_system_message_first, ends_with_user_or_tool),
        call_id=lambda number: f"function-call-{number:019d}",
        calls_at_once=2,
        signs=True,
    ),
    "claude through litellm": Family(
        "anthropic/claude-sonnet-4-6",
        (
            *COMMON, content_is_not_empty, plain_ids, ends_with_user_or_tool, no_other_message_fields,
            only_fields("max_tokens", "stream_options"),
        ),
        {"maxTokens": 2048},
        call_id=lambda number: f"toolu_01{number:022d}",
        calls_at_once=2,
    ),
    "qwen": Family(
        "qwen3.5-27b",
        (*COMMON, one_system_message_first, roles_alternate, content_is_text),
        call_id=lambda number: f"chatcmpl-tool-{number:032d}",
        calls_at_once=2,
    ),
    "deepseek": Family(
        "deepseek-v4-pro",
        (*COMMON, content_is_text, content_is_there, reasoning_comes_back, one_system_message_first),
        {"reasoningField": "reasoning_content"},
        call_id=lambda number: f"call_00_{number:020d}",
        calls_at_once=2,
        reasons=True,
    ),
}  # fmt: skip


@dataclass
class Endpoint:
    """A served endpoint: its address, and the requests and refusals so far."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


@contextmanager
def serving(family: Family, tool: str, exchanges: tuple[Exchange, ...]) -> Iterator[Endpoint]:
    """Serve a family's endpoint whose model calls `tool` with what an exchange says when its question is asked."""
    endpoint = Endpoint()

    def answer(request: Request) -> tuple[int, str, bytes]:
        endpoint.requests.append(request)
        for rule in family.rules:
            if why := rule(request):
                endpoint.refusals.append(why)
                return 400, "application/json", json.dumps({"error": {"message": why, "type": "bad"}}).encode()
        return 200, "text/event-stream", _stream(_deltas(family, request, tool, exchanges, len(endpoint.requests)))

    with http_server(answer) as endpoint.url:
        yield endpoint


@contextmanager
def http_server(answer: Callable[[Request], tuple[int, str, bytes]], **headers: str) -> Iterator[str]:
    """Serve what `answer` returns for a request: status, media type, body. The body ends where the connection does.

    Args:
        answer: Answers a request.
        headers: Further headers of each answer, with `_` for `-`.

    Yields:
        The address of an OpenAI-compatible endpoint; without its `/v1` that of the server.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, media_type, content = answer(body)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked may have given up
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sse(*events: Any) -> bytes:
    """Return events as the lines of an event stream."""
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)


def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    """Return one event of a chat completion that is streamed."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def _stream(deltas: list[tuple[dict[str, Any], str | None]]) -> bytes:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    last = {**chunk({}), "choices": [], "usage": usage}
    return sse(*(chunk(delta, reason) for delta, reason in deltas), last) + b"data: [DONE]\n\n"


def _deltas(
    family: Family, request: Request, tool: str, exchanges: tuple[Exchange, ...], number: int
) -> list[tuple[dict[str, Any], str | None]]:
    last = request["messages"][-1]
    if last["role"] == "tool":
        said = last["content"] if isinstance(last["content"], str) else json.dumps(last["content"])
        return [({"role": "assistant", "content": "The tool says: "}, None), ({"content": said}, None), ({}, "stop")]
    asked = json.dumps(last["content"], ensure_ascii=False)
    wanted = [one for one in exchanges if one.question in asked]
    if not wanted or not request.get("tools"):
        return [({"role": "assistant", "content": "Hello."}, None), ({}, "stop")]
    several = family.calls_at_once if request.get("parallel_tool_calls", True) else 1
    deltas: list[tuple[dict[str, Any], str | None]] = []
    if family.reasons:
        deltas.append(({"role": "assistant", "content": None, "reasoning_content": "I need a tool."}, None))
    for index in range(several):
        call: dict[str, Any] = {
            "index": index, "id": family.call_id(number * 10 + index), "type": "function",
            "function": {"name": tool, "arguments": json.dumps(wanted[-1].input)},
        }  # fmt: skip
        if family.signs and index == 0:
            call["extra_content"] = {"google": {"thought_signature": f"signature-{number}"}}
        deltas.append(({"role": "assistant", "content": None, "tool_calls": [call]}, None))
    return [*deltas, ({}, "tool_calls")]
