"""The date as a tool against the date as context, on the same questions: model calls, tokens and latency of both.

A scripted stand-in for a model asks for the date when it was not told, as any model must. What is measured is the way
the questions take: what each additional model call costs is a property of the model.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import date, timedelta
from statistics import median
from time import perf_counter
from typing import Any

from strands import Agent, tool
from strands.vended_plugins.context_injector import ContextInjector

from agentcore_kit.serving.service import describe_context
from tests.evaluation.scripted import ScriptedModel

SECONDS_A_CALL = 0.01
TODAY = date(2026, 11, 16)
QUESTIONS = [f"What did we sell in {place} yesterday?" for place in ("Berlin", "Paris", "London")]


@tool(name="getCurrentDate")
def get_current_date() -> str:
    """Returns today's date as YYYY-MM-DD."""
    return TODAY.isoformat()


@tool(name="getSales")
def get_sales(place: str, day: str) -> str:
    """Returns the sales of a place on a day.

    Args:
        place: The name of the place.
        day: The day as YYYY-MM-DD.
    """
    return f"{place} sold 17 crates on {day}."


class Scripted(ScriptedModel):
    """Needs the date for "yesterday": takes it from the conversation, or asks the tool first."""

    async def reply(self, messages: Any, tool_specs: Any) -> str | tuple[str, dict[str, Any]]:
        await asyncio.sleep(SECONDS_A_CALL)
        conversation = json.dumps(messages, default=str)
        if "17 crates" in conversation:
            return "Here is what was sold."
        day = re.search(r"\d{4}-\d\d-\d\d", conversation)
        if day is None:
            return "getCurrentDate", {}
        place = next(word for word in ("Berlin", "Paris", "London") if word in conversation)
        return "getSales", {"place": place, "day": f"{date.fromisoformat(day.group()) - timedelta(days=1)}"}


async def measured(*, as_tool: bool) -> dict[str, float]:
    """Return model calls, tokens and the median latency (ms) of a question; the clock is shown, and decides nothing."""
    calls, tokens, latencies = 0, 0, []
    for question in QUESTIONS:
        context = ContextInjector(lambda _: describe_context(TODAY, None), trigger="everyTurn")
        agent = Agent(
            model=Scripted(),
            system_prompt="You answer questions about sales.",
            tools=[get_sales, get_current_date] if as_tool else [get_sales],
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
