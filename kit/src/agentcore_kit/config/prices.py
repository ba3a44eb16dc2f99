"""What models cost: the kit's dated list, `prices.yaml`, and what an environment file says instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from agentcore_kit.config.loader import Model

_LIST = Path(__file__).with_name("prices.yaml")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # of C where there is one: the first turn of an agent waits


class OwnPrice(Model):
    """What a team pays for a model: USD for a million tokens."""

    input: float = Field(ge=0, description="USD for a million input tokens", examples=[3.0])
    output: float = Field(ge=0, description="USD for a million output tokens", examples=[15.0])


@dataclass(frozen=True)
class Price:
    """What a model costs.

    Attributes:
        input: USD for a million input tokens.
        output: USD for a million output tokens.
        source: Where that is from: an environment file, or a page with the date and the region of its price.
    """

    input: float
    output: float
    source: str = ""

    def usd(self, input_tokens: float, output_tokens: float) -> float:
        """Return what tokens cost in USD."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000

    def __str__(self) -> str:
        """Return it as people read it: both prices, and where they are from."""
        return f"{self.input:g} USD a million tokens in, {self.output:g} out ({self.source})"


def price_of(model: str, own: Mapping[str, OwnPrice], environment: str) -> Price | None:
    """Return what a model costs in an environment.

    Args:
        model: Its id as the environment file has it, also with the ARN of an inference profile around it; or the id of
            an evaluator of AgentCore.
        own: The prices of the environment file, by such an id. They come before the kit's.
        environment: The environment's name.

    Returns:
        None where neither the environment file nor the kit's list has it.
    """
    for name in (model, model.rpartition("/")[2]):
        if found := own.get(name):
            return Price(found.input, found.output, f"environments/{environment}.yaml")
    return list_price(model.rpartition("/")[2])


def list_price(model: str) -> Price | None:
    """Return what the kit's list says that a model costs; None where it is not there."""
    return next((price for pattern, price in _list_prices() if fnmatchcase(model, pattern)), None)


@cache
def _list_prices() -> tuple[tuple[str, Price], ...]:
    return tuple(
        (pattern, Price(entry["input"], entry["output"], f"{entry['source']}, {entry['date']}, {entry['region']}"))
        for entry in yaml.load(_LIST.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is a safe one
        for pattern in entry["models"]
    )


def missing_price(model: str, environment: str) -> str:
    """Return what to do where the price of a model is not known."""
    return f"the price of {model} is not known; state it under prices in environments/{environment}.yaml"
