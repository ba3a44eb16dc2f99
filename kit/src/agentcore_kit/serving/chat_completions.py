"""Models behind an OpenAI-compatible endpoint, asked in the one way that all large families of them take.

Strands writes requests as OpenAI takes them. Others want more, by their documentation, chat templates and error
messages: content as plain text; no user's message right after a tool's or another user's; no empty list of tools;
identifiers of tool calls in a form of their own. What cannot be the same for all is a setting of the environment file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from strands.types.content import Messages
from strands.types.streaming import StreamEvent

from agentcore_kit.config.agent import ModelSettings
from agentcore_kit.serving.model_key import KeyedModel
from agentcore_kit.serving.model_stream import AnswerBrokeOff

# Conversations outlive a change of the model, so identifiers may be of another one, which these refuse.
_IDENTIFIERS = (
    (re.compile(r"mi(ni|x)?s?tral|(code|dev|magi)stral|pixtral", re.I), re.compile(r"[a-zA-Z0-9]{9}")),
    (re.compile(r"claude|anthropic", re.I), re.compile(r"[a-zA-Z0-9_-]{1,64}")),
)
_ANY_IDENTIFIER = re.compile(r".{1,40}")  # OpenAI's maximum

Request = dict[str, Any]


class ChatCompletionsModel(KeyedModel):
    """An OpenAI-compatible model of any family.

    Attributes:
        tool_content: The kinds of content of tools that requests can hold; Strands leaves out others without a word.
    """

    tool_content = frozenset({"text", "json", "image", "document"})

    def __init__(self, settings: ModelSettings, client_args: dict[str, Any], params: dict[str, Any]) -> None:
        """Make the model of an environment.

        Args:
            settings: The environment's `model`.
            client_args: Address and key, for OpenAI's client.
            params: What each request says besides messages and tools.
        """
        super().__init__(client_args=client_args, model_id=settings.id, params=params)
        self._settings = settings
        self._signs_calls = "gemini" in settings.id.lower()
        self._identifier = next((form for name, form in _IDENTIFIERS if name.search(settings.id)), _ANY_IDENTIFIER)

    def format_request(self, messages: Messages, *arguments: Any, **options: Any) -> Request:
        """Return the request to send; the arguments are those of `OpenAIModel`."""
        request: Request = super().format_request(messages, *arguments, **options)
        sent = list(_joined(request["messages"]))
        _give_back(messages, sent, self._settings.reasoning_field, self._signs_calls)
        for message in sent:
            for call in message.get("tool_calls", ()):
                call["id"] = self._accepted(call["id"])
            if "tool_call_id" in message:
                message["tool_call_id"] = self._accepted(message["tool_call_id"])
        if not request["tools"]:
            del request["tools"]
        if not self._settings.parallel_tool_calls:
            sent = list(_one_call_a_message(sent))
            if "tools" in request:
                request["parallel_tool_calls"] = False
        if self._settings.system_role == "user":
            sent = _told_by_the_user(sent)
        request["messages"] = sent
        left_out = {name for name, value in self._settings.parameters.items() if value is None}
        given = {name: value for name, value in self._settings.parameters.items() if value is not None}
        return {**{name: value for name, value in request.items() if name not in left_out}, "extra_body": given}

    def format_chunk(self, event: dict[str, Any], **options: Any) -> StreamEvent:
        """Return a part of the answer as Strands knows it; the arguments are those of `OpenAIModel`.

        Raises:
            AnswerBrokeOff: When the stream ended and nothing said why.
        """
        if event["chunk_type"] == "message_stop" and event["data"] == "end_turn":  # what Strands makes of no reason
            raise AnswerBrokeOff("the reply ended without a finish_reason: it was cut off, or is no event stream")
        chunk: Any = super().format_chunk(event, **options)
        if event["chunk_type"] == "content_start" and event["data_type"] == "tool":
            google = (getattr(event["data"], "extra_content", None) or {}).get("google") or {}
            if signature := google.get("thought_signature"):
                chunk["contentBlockStart"]["start"]["toolUse"]["reasoningSignature"] = signature
        formatted: StreamEvent = chunk
        return formatted

    def _accepted(self, identifier: str) -> str:
        """Return an identifier of a tool call as this model takes it: the same, or nine characters made of it."""
        if self._identifier.fullmatch(identifier):
            return identifier
        return hashlib.sha256(identifier.encode()).hexdigest()[:9]


def _joined(messages: list[Request]) -> Iterator[Request]:
    """Yield messages with their content as text, and what follows a message of the same role joined to it."""
    last: Request | None = None
    for message in messages:
        content = _text(message.get("content"))
        message = {**message, "content": content}
        text_of_user = message["role"] == "user" and isinstance(content, str)
        if last and text_of_user and last["role"] in ("user", "tool") and isinstance(last["content"], str):
            last["content"] = f"{last['content']}\n\n{content}"
            continue
        if last:
            yield last
        last = message
    if last:
        yield last


def _text(content: Any) -> Any:
    """Return content as one text where it is only text; pictures stay the list that they are in."""
    if isinstance(content, list) and all(part.get("type") == "text" for part in content):
        return "\n\n".join(part["text"].strip("\n") for part in content)
    return content


def _give_back(messages: Messages, sent: list[Request], reasoning_field: str | None, signs_calls: bool) -> None:
    """Give the model back what it thought before its tool calls, and how it signed them, where it wants that."""
    calling = [message["content"] for message in messages if any("toolUse" in block for block in message["content"])]
    for blocks, message in zip(calling, (each for each in sent if "tool_calls" in each), strict=True):
        if reasoning_field:
            message[reasoning_field] = "".join(
                block["reasoningContent"].get("reasoningText", {}).get("text", "")
                for block in blocks
                if "reasoningContent" in block
            )
        uses = [block["toolUse"] for block in blocks if "toolUse" in block]
        for use, call in zip(uses, message["tool_calls"], strict=True):
            if signs_calls and "reasoningSignature" in use:
                call["extra_content"] = {"google": {"thought_signature": use["reasoningSignature"]}}


def _one_call_a_message(messages: list[Request]) -> Iterator[Request]:
    """Yield several tool calls of one message as messages of one each, with its result right behind it."""
    results = {message["tool_call_id"]: message for message in messages if message["role"] == "tool"}
    for message in messages:
        calls = message.get("tool_calls", [])
        if len(calls) > 1:
            for number, call in enumerate(calls):
                yield {**message, "content": None if number else message["content"], "tool_calls": [call]}
                if result := results.pop(call["id"], None):
                    yield result
        elif message["role"] != "tool" or results.pop(message["tool_call_id"], None):
            yield message


def _told_by_the_user(messages: list[Request]) -> list[Request]:
    """Put the prompt before the first words of the user, for a model without a system role."""
    prompts = [message["content"] for message in messages if message["role"] == "system"]
    rest = [message for message in messages if message["role"] != "system"]
    return list(_joined([{"role": "user", "content": "\n\n".join(prompts)}, *rest])) if prompts else rest
