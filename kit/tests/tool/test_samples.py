"""The samples' arguments: values that the tool takes, written as the language of the sample wants them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

from agentcore_kit.mcp_server.declarations import tool
from agentcore_kit.tool_contract.samples import NoExample, example, samples


@pytest.fixture(autouse=True)
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test declare tools of its own."""
    known: dict[str, Any] = {}
    for module in ("mcp_server.declarations", "tool_contract.samples"):
        monkeypatch.setattr(f"agentcore_kit.{module}.TOOLS", known)


class Bill(BaseModel):
    """Data within data."""

    day: date
    paid: bool
    number: Annotated[str, Field(pattern="^B-[0-9]+$", examples=["B-1"])]


def declared(hint: Any) -> dict[str, Any]:
    def find_bill(x: Any) -> None: ...

    find_bill.__annotations__ = {"x": hint}
    tool("findBill", title="Bill", effect="read")(find_bill)
    schema = TypeAdapter(hint).json_schema()
    whole = {"type": "object", "required": ["x"], "$defs": schema.pop("$defs", {}), "properties": {"x": schema}}
    return {"name": "findBill", "inputSchema": whole}


@pytest.mark.parametrize(
    "hint",
    [
        bool,
        None,
        date,
        AwareDatetime,
        UUID,
        Bill,
        list[Bill],
        Literal["a"],
        int | None,
        Annotated[float, Field(gt=2)],
        Annotated[str, Field(pattern="^B-", examples=["B-1"])] | None,
    ],
)
def test_a_sample_has_arguments_that_the_tool_takes(hint: Any) -> None:
    found = example(declared(hint))
    TypeAdapter(hint).validate_python(found["x"])


@pytest.mark.parametrize(
    "hint", [Annotated[str, Field(pattern="^B-")], Annotated[str, Field(max_length=3)], Annotated[int, Field(le=0)]]
)
def test_where_no_value_is_known_an_example_is_asked_for(hint: Any) -> None:
    with pytest.raises(NoExample, match=r"findBill: x needs an example, for the samples: Field\(examples=\[…\]\)"):
        example(declared(hint))


def test_each_sample_is_in_its_own_language() -> None:
    written = samples(declared(bool))
    assert '{"x": true}' in written["curl"]
    for program in (written["mcp"], written["strands"]):
        assert "{'x': True}" in program
