"""Cases for the offline model, by domain, and what plays them: a Strands agent whose tools always answer the same.

A file has a prompt, tools with a fixed result, and requests with the calls that are right. A value that begins with "~"
must be contained in what the model fills in. The model was tuned on the `development` cases, not on those `held_out`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from strands import Agent
from strands.tools.tools import PythonAgentTool
from strands.types.tools import ToolResult, ToolSpec, ToolUse
from strands.vended_plugins.context_injector import ContextInjector

from agentcore_kit.local.offline_model import OfflineModel

DOMAINS = sorted(path.stem for path in Path(__file__).parent.glob("*.yaml"))
MEASURED = Path(__file__).parent / "measured"
"""Domains that were written before anything was mended for them; their figures are in docs/documenting-tools.md."""

_MODEL = OfflineModel()  # one serves all conversations

Calls = list[tuple[str, dict[str, Any]]]


@dataclass
class Domain:
    """One agent that the offline model has never seen, and what it is asked."""

    prompt: str
    today: str
    tools: list[dict[str, Any]]
    cases: list[dict[str, Any]]


def load(name: str, split: str) -> Domain:
    """Reads one domain, with the cases of one split."""
    data = yaml.safe_load(Path(__file__).with_name(f"{name}.yaml").read_text(encoding="utf-8"))
    return Domain(data["prompt"], str(data["today"]), data["tools"], data.get(split, []))


def load_measured(name: str) -> Domain:
    """Reads one of the domains that are measured."""
    data = yaml.safe_load((MEASURED / f"{name}.yaml").read_text(encoding="utf-8"))
    return Domain(data["prompt"], str(data["today"]), data["tools"], data["cases"])


def specs(domain: Domain) -> list[ToolSpec]:
    """The domain's tools as a model sees them."""
    return [
        {"name": tool["name"], "description": tool["description"], "inputSchema": {"json": tool["parameters"]}}
        for tool in domain.tools
    ]


def build_agent(domain: Domain) -> Agent:
    """A real agent over the domain's tools."""
    results = {tool["name"]: tool.get("result", {}) for tool in domain.tools}
    return Agent(
        model=_MODEL,
        tools=[PythonAgentTool(spec["name"], spec, _answering(results[spec["name"]])) for spec in specs(domain)],
        system_prompt=domain.prompt,
        callback_handler=None,
        plugins=[ContextInjector(lambda _: f"Today is {domain.today} (a weekday).")],
    )


def _answering(result: Any) -> Callable[..., ToolResult]:
    def answer(tool: ToolUse, **_: Any) -> ToolResult:
        return {"toolUseId": tool["toolUseId"], "status": "success", "content": [{"text": json.dumps(result)}]}

    return answer


def rounds_since(agent: Agent, start: int) -> list[Calls]:
    """The tool calls of each step since a message."""
    asked = [[block["toolUse"] for block in message["content"] if "toolUse" in block] for message in agent.messages]
    return [[(use["name"], use["input"]) for use in uses] for uses in asked[start:] if uses]


@dataclass
class Outcome:
    """What came of one request."""

    ask: str
    kind: str  # calls, question, decline, escalate, greeting
    tools_right: bool
    all_right: bool


def play(domain: Domain) -> list[Outcome]:
    """Asks everything, each conversation of a fresh agent."""
    outcomes = []
    for case in domain.cases:
        agent = build_agent(domain)
        for turn in case.get("turns", [case]):
            start = len(agent.messages)
            text = str(agent(turn["ask"])).strip()
            outcomes.append(_judge(turn, rounds_since(agent, start), text))
    return outcomes


def _judge(turn: dict[str, Any], rounds: list[Calls], text: str) -> Outcome:
    expected = turn.get("steps") or ([turn["calls"]] if "calls" in turn else [])
    if expected:
        wanted = [next(iter(call.items())) for step in expected for call in step]
        made = [call for step in rounds for call in step]
        tools_right = {name for name, _ in wanted} == {name for name, _ in made}
        return Outcome(turn["ask"], "calls", tools_right, len(rounds) == len(expected) and _same(wanted, made))
    kind = turn["expect"]
    right = (
        not rounds and text.endswith("?") == (kind == "question") and text.startswith("Hello") == (kind == "greeting")
    )
    right = right and turn.get("says", "").lower() in text.lower()
    right = right and not (kind == "escalate" and "outside my scope" in text)  # a refusal hands nothing over
    return Outcome(turn["ask"], kind, right, right)


def _same(wanted: Calls, made: Calls) -> bool:
    left = list(made)
    for call in wanted:
        match = next((other for other in left if _matches(call, other)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _matches(wanted: tuple[str, dict[str, Any]], made: tuple[str, dict[str, Any]]) -> bool:
    (name, inputs), (made_name, made_inputs) = wanted, made
    return (
        name == made_name
        and inputs.keys() == made_inputs.keys()
        and all(
            value[1:].lower() in str(made_inputs[key]).lower()
            if isinstance(value, str) and value.startswith("~")
            else value == made_inputs[key]
            for key, value in inputs.items()
        )
    )


def shares(outcomes: list[Outcome]) -> dict[str, float]:
    """The share that is right: of the tools selected, of calls with all parameters, of each other kind of answer."""
    totals = Counter(outcome.kind for outcome in outcomes)
    right = Counter(outcome.kind for outcome in outcomes if outcome.all_right)
    selected = sum(outcome.tools_right for outcome in outcomes if outcome.kind == "calls")
    return {"selection": selected / (totals["calls"] or 1)} | {kind: right[kind] / totals[kind] for kind in totals}
