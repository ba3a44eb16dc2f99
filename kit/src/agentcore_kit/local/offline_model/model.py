"""The offline model: a Strands model that is no LLM, needs no network and always answers the same.

It ranks the tools it is given by the words of their documentation, fills their parameters from the request by their
JSON schemas, and phrases answers from their results. It knows no tool by name: it is as good as the documentation is.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from threading import Lock
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from strands.models import Model
from strands.types.content import Messages, SystemContentBlock
from strands.types.event_loop import Usage
from strands.types.exceptions import StructuredOutputException
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolSpec
from typing_extensions import override

from agentcore_kit.local.offline_model import conversation, explanation, forms, planning, scope
from agentcore_kit.local.offline_model.catalogue import read_tools
from agentcore_kit.local.offline_model.planning import Plan
from agentcore_kit.local.offline_model.ranking import Index

T = TypeVar("T", bound=BaseModel)

_GROUPS = re.compile(r"\S+\s*(?:\S+\s*){0,3}")  # streamed text comes in groups of up to four words
_MOST_INDEXES = 32


class OfflineModel(Model):
    """A model provider for development and tests. One instance may serve any number of sessions at once."""

    def __init__(self) -> None:
        """Makes the model; it needs no settings."""
        self.config: dict[str, Any] = {"model_id": "offline"}
        self._indexes: dict[str, Index] = {}
        self._lock = Lock()

    @override
    def update_config(self, **model_config: Any) -> None:
        self.config.update(model_config)

    @override
    def get_config(self) -> dict[str, Any]:
        return self.config

    @override
    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        tool_choice: ToolChoice | None = None,
        system_prompt_content: list[SystemContentBlock] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[StreamEvent]:
        """Answers a conversation: with tool calls, or with text in several pieces.

        Raises:
            StructuredOutputException: A tool is demanded whose required fields the conversation does not give.
        """
        start = time.perf_counter()
        prompt = "\n".join(b["text"] for b in system_prompt_content or [] if "text" in b) or system_prompt or ""
        plan = self._plan(messages, tool_specs or [], prompt, tool_choice)
        for event in _events(plan):
            yield event
        usage = _usage(prompt + _json(messages) + _json(tool_specs or []), plan)
        milliseconds = int((time.perf_counter() - start) * 1000)
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": milliseconds}}}

    @override
    async def structured_output(
        self, output_model: type[T], prompt: Messages, system_prompt: str | None = None, **kwargs: Any
    ) -> AsyncGenerator[dict[str, T | Any], None]:
        """Fills a Pydantic model from the conversation.

        Raises:
            StructuredOutputException: Its required fields are not all given, or not valid.
        """
        spec = forms.spec_of(output_model)
        values = forms.fill_form(read_tools([spec])[0], conversation.read(prompt, system_prompt or ""))
        try:
            yield {"output": output_model.model_validate(values)}
        except ValidationError as error:
            raise StructuredOutputException(
                f"the {output_model.__name__} found in the conversation is not valid: {error}"
            ) from error

    def _plan(self, messages: Messages, specs: list[ToolSpec], prompt: str, choice: ToolChoice | None) -> Plan:
        talk = conversation.read(messages, prompt)
        index = self._index(specs)
        demanded = forms.demanded(choice, index, specs, talk)
        if demanded:
            return Plan(calls=[(demanded.name, forms.fill_form(demanded, talk))])
        return planning.decide(talk, index, scope.read(prompt))

    def _index(self, specs: list[ToolSpec]) -> Index:
        """The index of these tools, made once for the same documentation."""
        key = _json(specs)
        with self._lock:
            index = self._indexes.get(key)
            if index is None:
                index = Index(read_tools([spec for spec in specs if not forms.is_form(spec)]))
                if len(self._indexes) >= _MOST_INDEXES:
                    self._indexes.pop(next(iter(self._indexes)))
                self._indexes[key] = index
        return index


class ExplainingModel(OfflineModel):
    """The offline model that answers with the reasons for what it would do, and so calls no tool."""

    @override
    def _plan(self, messages: Messages, specs: list[ToolSpec], prompt: str, choice: ToolChoice | None) -> Plan:
        talk = conversation.read(messages, prompt)
        return Plan(text=explanation.explain(talk, self._index(specs), scope.read(prompt)))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _usage(given: str, plan: Plan) -> Usage:
    """An estimate of the tokens, since there are none: a quarter of the characters that go in and that come out."""
    produced = plan.text + "".join(name + _json(inputs) for name, inputs in plan.calls)
    tokens_in, tokens_out = -(-len(given) // 4), -(-len(produced) // 4)
    return {"inputTokens": tokens_in, "outputTokens": tokens_out, "totalTokens": tokens_in + tokens_out}


def _events(plan: Plan) -> Iterator[StreamEvent]:
    events: list[dict[str, Any]] = [{"messageStart": {"role": "assistant"}}]
    for name, values in plan.calls:
        start = {"toolUse": {"toolUseId": f"offline-{uuid.uuid4().hex[:16]}", "name": name}}
        events.append({"contentBlockStart": {"start": start}})
        events.append({"contentBlockDelta": {"delta": {"toolUse": {"input": _json(values)}}}})
        events.append({"contentBlockStop": {}})
    if not plan.calls:
        events.append({"contentBlockStart": {"start": {}}})
        events += [{"contentBlockDelta": {"delta": {"text": group}}} for group in _GROUPS.findall(plan.text)]
        events.append({"contentBlockStop": {}})
    events.append({"messageStop": {"stopReason": "tool_use" if plan.calls else "end_turn"}})
    return iter(cast(list[StreamEvent], events))
