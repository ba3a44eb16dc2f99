"""What the model of a run costs, and what its cases cost by that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.prices import Price, list_price, missing_price
from agentcore_kit.config.served import ServedEnvironment


class RecordedPrice(TypedDict):
    """A price as `run.json` has it, so that a run keeps what it cost when prices change."""

    input: float
    """USD for a million input tokens."""
    output: float
    """USD for a million output tokens."""
    source: str


def price_in(environment: str, model: str) -> Price | None:
    """Return what a model, or an evaluator of AgentCore, costs in an environment; None where that is not known.

    Raises:
        ConfigError: When the environment file is wrong.
    """
    found = read_environment(environment, load_manifest())
    return found.price(model) if isinstance(found, ServedEnvironment) else list_price(model)


def price_of_run(info: Mapping[str, Any]) -> Price | None:
    """Return what the model of a run cost when it was concluded, from its `run.json`.

    Returns:
        None where it was not known, and for runs of kits that did not note it.
    """
    found: RecordedPrice | None = info.get("price")
    return Price(**found) if found else None


def about_price(info: Mapping[str, Any]) -> str:
    """Return in a sentence what the model of a run costs, or what to do where that is not known; empty for no model."""
    model = info.get("model") or {}
    if model.get("provider") == "offline" or not model.get("id"):
        return "the offline model is no LLM and has no price" if model else ""
    if "price" not in info:
        return f"the run does not say what {model['id']} cost: it was broken off, or is of an earlier release"
    price = price_of_run(info)
    return f"{model['id']}: {price}" if price else missing_price(model["id"], info["environment"])


def case_usd(case: Mapping[str, Any], price: Price | None) -> float | None:
    """Return what the answers of a case cost, in USD, also those before it broke off.

    Args:
        case: A line of `cases.jsonl`.
        price: What the model costs.

    Returns:
        None where the price is not known, or the provider did not report the tokens of a turn.
    """
    if price is None or any(turn["tokens"] is None for turn in case["turns"]):
        return None
    return sum(price.usd(turn["inputTokens"], turn["outputTokens"]) for turn in case["turns"])
