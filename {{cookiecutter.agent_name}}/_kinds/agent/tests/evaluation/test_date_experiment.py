"""The date as a tool against the date as context, on the same questions: model calls, tokens and latency of both.

A scripted stand-in for a model asks for the date when it was not told, as any model must. What is measured is the way
the questions take: what each additional model call costs is a property of the model.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import date
from statistics import median
from time import perf_counter
from typing import Any

from strands import Agent, tool
from strands.models import Model
from strands.vended_plugins.context_injector import ContextInjector

from agent.agent import PROMPT, describe_context
from agent.tools import TOOLS
from evals.expect import DATE, At

SECONDS_A_CALL = 0.01
REGIONS = {"Europe": "EMEA", "Asia": "APAC", "America": "AMER"}
QUESTIONS = [f"What was our revenue in {place} last quarter?" for place in REGIONS]


@tool(name="getCurrentDate")
def get_current_date() -> str:
    """Returns today's date as YYYY-MM-DD."""
    return DATE.isoformat()


class Scripted(Model):
    """Needs the date for "last quarter": takes it from the conversation, or asks the tool first."""

    def update_config(self, **_: Any) -> None:
        """Nothing can be configured."""

    def get_config(self) -> dict[str, Any]:
        return {}

    async def structured_output(self, *_: Any, **__: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        raise NotImplementedError
        yield

    async def stream(
        self, messages: Any, tool_specs: Any = None, system_prompt: str | None = None, **_: Any
    ) -> AsyncIterator[Any]:
        await asyncio.sleep(SECONDS_A_CALL)
        conversation = json.dumps(messages, default=str)
        day = re.search(r"\d{4}-\d\d-\d\d", conversation)
        yield {"messageStart": {"role": "assistant"}}
        if "millions" in conversation:  # the revenue is there
            reason, text = "end_turn", "Here is the revenue of the last quarter."
            yield {"contentBlockDelta": {"delta": {"text": text}}}
        else:
            place = next(name for name in REGIONS if name in conversation)
            wanted: dict[str, Any] = {"region": REGIONS[place]}
            name = "getCurrentDate"
            if day:
                name, wanted["quarter"] = "getQuarterlyRevenue", At(date.fromisoformat(day.group())).last
            reason, text = "tool_use", json.dumps(wanted if day else {})
            yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": f"use-{len(messages)}", "name": name}}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": text}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": reason}}
        read = (len(conversation) + len(json.dumps(tool_specs)) + len(system_prompt or "")) // 4
        usage = {"inputTokens": read, "outputTokens": len(text) // 4, "totalTokens": read + len(text) // 4}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": int(SECONDS_A_CALL * 1000)}}}


async def measured(*, as_tool: bool) -> dict[str, float]:
    """Return model calls, tokens and the median latency (ms) of a question."""
    calls, tokens, latencies = 0, 0, []
    for question in QUESTIONS:
        context = ContextInjector(lambda _: describe_context(DATE, None), trigger="everyTurn")
        agent = Agent(
            model=Scripted(),
            system_prompt=PROMPT,
            tools=[*TOOLS, get_current_date] if as_tool else list(TOOLS),
            plugins=[] if as_tool else [context],
            callback_handler=None,
        )
        began = perf_counter()
        result = await agent.invoke_async(question)
        latencies.append((perf_counter() - began) * 1000)
        invocation = result.metrics.latest_agent_invocation
        assert invocation is not None
        calls += len(invocation.cycles)
        tokens += invocation.usage["totalTokens"]
    number = len(QUESTIONS)
    return {"model calls": calls / number, "tokens": tokens / number, "latency (ms)": median(latencies)}


def table(tool_way: dict[str, float], context_way: dict[str, float]) -> str:
    """Return the experiment as Markdown."""
    lines = ["| a question | date as a tool | date as context |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {tool_way[name]:,.0f} | {context_way[name]:,.0f} |" for name in tool_way]
    return "\n".join(lines)


def test_the_date_as_context_saves_a_model_call() -> None:
    tool_way = asyncio.run(measured(as_tool=True))
    context_way = asyncio.run(measured(as_tool=False))

    print(f"\n{table(tool_way, context_way)}")
    assert (tool_way["model calls"], context_way["model calls"]) == (3, 2)
    assert context_way["tokens"] < 0.8 * tool_way["tokens"]
    assert context_way["latency (ms)"] < tool_way["latency (ms)"]
