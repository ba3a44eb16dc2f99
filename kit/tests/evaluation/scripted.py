"""Models whose answers a test decides: of an agent, and of a judge."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from strands.models import Model


class ScriptedModel(Model):
    """Says what `reply` returns: text, or the name and the parameters of a tool to call."""

    def update_config(self, **_: Any) -> None:
        """Nothing can be configured."""

    def get_config(self) -> dict[str, Any]:
        return {}

    async def structured_output(self, *_: Any, **__: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        raise AssertionError("no test asks for it")
        yield

    @abstractmethod
    async def reply(self, messages: Any, tool_specs: Any) -> str | tuple[str, dict[str, Any]]:
        """Return the next answer to a conversation."""

    async def stream(
        self, messages: Any, tool_specs: Any = None, system_prompt: str | None = None, **_: Any
    ) -> AsyncIterator[Any]:
        reply = await self.reply(messages, tool_specs)
        text = reply if isinstance(reply, str) else json.dumps(reply[1])
        yield {"messageStart": {"role": "assistant"}}
        if isinstance(reply, str):
            yield {"contentBlockDelta": {"delta": {"text": text}}}
        else:
            start = {"toolUse": {"toolUseId": f"use-{len(messages)}", "name": reply[0]}}
            yield {"contentBlockStart": {"start": start}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": text}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn" if isinstance(reply, str) else "tool_use"}}
        read = len(json.dumps([messages, tool_specs, system_prompt], default=str)) // 4
        usage = {"inputTokens": read, "outputTokens": len(text) // 4, "totalTokens": read + len(text) // 4}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}


class Judge(ScriptedModel):
    """Gives every judge the first label it offers; fails those that ask for a `verdict`. `read` is what it was told."""

    def __init__(self) -> None:
        self.read: list[str] = []

    async def reply(self, messages: Any, tool_specs: Any) -> tuple[str, dict[str, Any]]:
        self.read.append(json.dumps(messages))
        schema = tool_specs[0]["inputSchema"]["json"]
        if "verdict" in schema["properties"]:
            raise RuntimeError("the judge is not available")
        return tool_specs[0]["name"], {name: self._value(field) for name, field in fields_of(schema).items()}

    def _value(self, field: dict[str, Any]) -> Any:
        return field["enum"][0] if "enum" in field else 0.25 if field.get("type") == "number" else "because"


def fields_of(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields of a schema by name, each as it is defined where it refers to."""

    def defined(field: dict[str, Any]) -> dict[str, Any]:
        if "allOf" in field:
            return defined(field["allOf"][0])
        return schema["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field

    return {name: defined(field) for name, field in schema["properties"].items()}
