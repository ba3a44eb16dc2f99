"""What counts as a breaking change: what agents send must still be taken, and what they read still come."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from agentcore_kit.tool_contract.breaking_changes import breaking


class Line(BaseModel):
    sku: str


class Priced(Line):
    price: float


class Tree(BaseModel):
    """A model that contains itself."""

    name: str
    branches: list[Tree] = []


class Forest(BaseModel):
    name: str
    branches: list[Forest]


Side = Enum("Side", {"buy": "buy", "sell": "sell"}, type=str)
Sell = Enum("Sell", {"sell": "sell"}, type=str)
AB = Literal["a", "b"]
A = Literal["a"]


def found(kind: str, before: Any, after: Any) -> list[str]:
    """Return what breaks when a field has another type."""

    def tool(hint: Any) -> dict[str, Any]:
        schema = TypeAdapter(hint).json_schema()
        whole = {"type": "object", "required": ["x"], "$defs": schema.pop("$defs", {}), "properties": {"x": schema}}
        return {"name": "getX", "inputSchema": {"type": "object"}} | {kind: whole}

    return [line.partition(": ")[2] for line in breaking([tool(before)], [tool(after)])]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (AB, A, "parameter x no longer takes b"),
        (str, A, "parameter x takes only a now"),
        (Side, Sell, "parameter x no longer takes buy"),
        (list[AB], list[A], "parameter x[] no longer takes b"),
        (AB | None, A | None, "parameter x no longer takes b"),
        (int | None, int, "parameter x: null → integer"),
        (int, str, "parameter x: integer → string"),
        (str, date, "parameter x format: any → date"),
        (str, Annotated[str, Field(pattern="^I")], "parameter x pattern: any → ^I"),
        (Annotated[int, Field(le=9)], Annotated[int, Field(le=8)], "parameter x maximum: 9 → 8"),
        (Line, Priced, "parameter x.price is required now"),
        (list[Priced], list[Line], "parameter x[].price is gone"),
        (dict[str, int], dict[str, str], "parameter x.*: integer → string"),
        (Tree, Forest, "parameter x.branches is required now"),
    ],
)
def test_what_agents_send_must_still_be_taken(before: Any, after: Any, said: str) -> None:
    assert found("inputSchema", before, after) == [said]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (list[Priced], list[Line], "result field x[].price is gone"),
        (list[int], list[str], "result field x[]: integer → string"),
        (A, AB, "result field x may be b now"),
        (A, str, "result field x may be other than a now"),
        (int, int | None, "result field x: integer → null"),
        (Forest, Tree, "result field x.branches may be missing now"),
    ],
)
def test_what_agents_read_must_still_come(before: Any, after: Any, said: str) -> None:
    assert found("outputSchema", before, after) == [said]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (int, float),
        (int, int | None),
        (AB | None, Literal["a", "b", "c"] | None),
        (Side, Literal["buy", "sell"]),
        (A, AB),
        (AB, A | Annotated[Literal["b"], Field(description="b")]),
        (AB, str),
        (Annotated[int, Field(le=8)], Annotated[int, Field(le=9)]),
        (Tree, Tree),
    ],
)
def test_what_takes_more_breaks_nothing_and_nor_does_what_says_less(narrow: Any, wide: Any) -> None:
    assert found("inputSchema", narrow, wide) == []
    assert found("outputSchema", wide, narrow) == []
