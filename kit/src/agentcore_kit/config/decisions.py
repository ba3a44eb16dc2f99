"""The table of decisions of a platform: `policies/decisions.yaml`, calls and what the policies must decide on them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agentcore_kit.config.loader import Model

DECISIONS = "decisions.yaml"
"""The file of the table, in policies/."""


class Row(Model):
    """One call, and what the policies must decide."""

    why: str = Field(min_length=1, description="the rule that it shows, in words", examples=["analysts read markets"])
    claims: dict[str, Any] = Field(
        description="what the caller's token says; sub is the user", examples=["{sub: ana, role: analyst}"]
    )
    tool: str = Field(min_length=1, description="its name at the gateway", examples=["market-data___getMarketData"])
    arguments: dict[str, Any] = Field(default={}, description="the parameters", examples=["{region: EMEA}"])
    allowed: bool = Field(description="whether the tool may run: true or false", examples=["true"])
    by: list[str] = Field(
        default=[], description="the policies that decide; none where nothing permits it", examples=["[readers]"]
    )


class Decisions(Model):
    """`policies/decisions.yaml`."""

    decisions: list[Row] = Field(min_length=1, description="the table, one entry a call")
