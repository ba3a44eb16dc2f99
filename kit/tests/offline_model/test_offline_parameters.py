"""Parameters from the words of a request: every kind that a JSON schema can describe."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agentcore_kit.local.offline_model.catalogue import Tool, read_tools
from agentcore_kit.local.offline_model.parameters import combinations, default, fill
from agentcore_kit.local.offline_model.request import Request

TODAY = date(2026, 11, 16)
REGION = {
    "type": "string",
    "enum": ["EMEA", "APAC", "AMER"],
    "description": "Region. EMEA (Europe, European), APAC = Asia, Pacific; AMER: America, US. "
    "When the user names no region, use all of them.",
}
QUARTER = {"type": "string", "pattern": r"^\d{4}-Q[1-4]$", "description": "Quarter."}


def tool(**properties: dict[str, Any]) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return read_tools([{"name": "someTool", "description": "Does something.", "inputSchema": {"json": schema}}])[0]


def filled(text: str, **properties: dict[str, Any]) -> dict[str, list[Any]]:
    return fill(tool(**properties), Request(text, TODAY)).values


def one(text: str, name: str = "value", **schema: Any) -> list[Any]:
    return filled(text, **{name: schema}).get(name, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("revenue in emea", ["EMEA"]),
        ("European revenue and Asia", ["EMEA", "APAC"]),
        ("our US revenue", ["AMER"]),
        ("tell us about revenue", []),
        ("compare all regions", ["EMEA", "APAC", "AMER"]),
        ("every region except America", ["EMEA", "APAC"]),
        ("paneuropean", []),
    ],
)
def test_choices_by_name_and_documented_synonym(text: str, expected: list[str]) -> None:
    assert filled(text, region=REGION).get("region", []) == expected


def test_values_are_read_from_a_description_without_enum() -> None:
    assert one("sales in apac", type="string", description="Region code (EMEA|APAC|AMER).") == ["APAC"]
    assert one("the blue one", type="string", description="One of red, green or blue.") == ["blue"]


def test_references_unions_and_constants() -> None:
    schema = {
        "type": "object",
        "$defs": {"Color": {"type": "string", "enum": ["red", "dark_blue"]}},
        "properties": {
            "color": {
                "anyOf": [{"$ref": "#/$defs/Color"}, {"type": "null"}],
                "default": None,
                "description": "Colour.",
            },
            "size": {"oneOf": [{"const": "S"}, {"const": "XL"}], "description": "Size."},
        },
    }
    read = read_tools([{"name": "paint", "description": "Paints.", "inputSchema": schema}])[0]
    assert fill(read, Request("dark blue in XL", TODAY)).values == {"color": ["dark_blue"], "size": ["XL"]}


def test_a_list_takes_all_values_at_once() -> None:
    assert one("red and blue", type="array", items={"enum": ["red", "green", "blue"]}) == [["red", "blue"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,250.5 of them", 1250.5),
        ("3.2 million", 3200000),
        ("15 %", 15),
        ("$5k", 5000),
        ("seven pieces", 7),
        ("minus -3", -3),
    ],
)
def test_numbers(text: str, expected: float) -> None:
    assert one(text, type="number", description="Amount.") == [expected]


def test_a_date_or_an_identifier_is_no_number() -> None:
    assert one("on 3 March 2026 for ABC-12 in Q3", type="number", description="Amount.") == []


def test_numbers_go_where_their_words_are() -> None:
    values = filled(
        "a room for 2 guests, 3 nights, under 150 EUR",
        guests={"type": "integer", "description": "Guests."},
        nights={"type": "integer", "description": "Nights."},
        max_price={"type": "number", "description": "Highest price in EUR."},
    )
    assert values == {"guests": [2], "nights": [3], "max_price": [150]}


@pytest.mark.parametrize(
    "text", ["from 100 to 120", "120 versus 100", "it was 100 and is now 120", "120 compared to 100", "120 over 100"]
)
def test_the_earlier_and_the_later_number(text: str) -> None:
    number = {"type": "number", "description": "A value."}
    assert filled(text, currentValue=number, previousValue=number) == {"currentValue": [120], "previousValue": [100]}


def test_one_number_is_no_pair() -> None:
    number = {"type": "number", "description": "A value."}
    assert filled("the four quarters", currentValue=number, previousValue=number) == {}


def test_periods_as_each_parameter_writes_them() -> None:
    text = "the third quarter of 2025"
    assert one(text, type="string", pattern=r"^\d{4}-Q[1-4]$") == ["2025-Q3"]
    assert one(text, type="string", description="As YYYYQN.") == ["2025Q3"]
    assert one(text, "quarter", type="integer") == [3]
    assert one(text, "year", type="integer") == [2025]
    assert one(text, type="string", enum=["Q1", "Q2", "Q3", "Q4"]) == ["Q3"]
    assert one(text, type="string", description="Month, YYYY-MM.") == ["2025-07", "2025-08", "2025-09"]
    assert one("tomorrow", type="string", format="date") == ["2026-11-17"]


def test_the_two_ends_of_a_stay() -> None:
    day = {"type": "string", "format": "date", "description": "Day."}
    expected = {"check_in": ["2026-12-03"], "check_out": ["2026-12-05"]}
    assert filled("3 to 5 December", check_in=day, check_out=day) == expected
    assert filled("check out on 5 December, from the 3rd of December", check_in=day, check_out=day) == expected


def test_what_is_relative_to_the_request_before() -> None:
    base = {"value": ["2025-Q3"]}
    read = tool(value=QUARTER)
    assert fill(read, Request("and the year before?", TODAY), base).values == {"value": ["2024-Q3"]}
    assert fill(read, Request("what about Q2?", TODAY), base).values == {"value": ["2025-Q2"]}
    assert fill(read, Request("and before that?", TODAY), base).values == {"value": ["2025-Q2"]}
    assert fill(read, Request("in 2023?", TODAY), base).values == {"value": ["2023-Q3"]}


@pytest.mark.parametrize(
    ("text", "schema", "expected"),
    [
        ("for emp-1234 please", {"pattern": r"^EMP-\d{4}$"}, ["EMP-1234"]),
        ("track SH123 and sh456", {"description": "Number, e.g. SH99."}, ["SH123", "SH456"]),
        ("user jdoe7's laptop", {"description": "User id, for example anna1."}, ["jdoe7"]),
        ("write to a.b@example.org.", {"format": "email"}, ["a.b@example.org"]),
        ("nothing here", {"pattern": r"^EMP-\d{4}$"}, []),
    ],
)
def test_identifiers(text: str, schema: dict[str, Any], expected: list[str]) -> None:
    assert one(text, type="string", **schema) == expected


USER_ID = {"type": "string", "pattern": "^[a-z][a-z0-9]{2,15}$", "description": "User id, for example asmith."}
TICKER = {"type": "string", "pattern": "^[A-Z]{1,5}$", "description": "Ticker symbol of a share."}


@pytest.mark.parametrize(
    ("text", "name", "schema", "expected"),
    [
        ("Is the VPN of user asmith down?", "userId", USER_ID, ["asmith"]),
        ("my user id is bking, check the VPN", "userId", USER_ID, ["bking"]),
        ("is asmith's VPN blocked", "userId", USER_ID, ["asmith"]),
        ("does the VPN work for jdoe1?", "userId", USER_ID, ["jdoe1"]),
        ("what happens when the VPN is slow?", "userId", USER_ID, []),
        ("How do I request vacation?", "userId", USER_ID, []),
        ("what does the MSFT share cost?", "tickerSymbol", TICKER, ["MSFT"]),
        ("the share price, please", "tickerSymbol", TICKER, []),
    ],
)
def test_an_identifier_in_the_form_of_a_word_is_told_from_words(
    text: str, name: str, schema: dict[str, Any], expected: list[str]
) -> None:
    assert one(text, name, **schema) == expected


def test_an_identifier_that_the_conversation_knows_is_used() -> None:
    read = tool(employeeId={"type": "string", "pattern": r"^EMP-\d{4}$"})
    assert fill(read, Request("my vacation", TODAY, "employee id: EMP-7777")).values == {"employeeId": ["EMP-7777"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("with breakfast", [True]), ("no breakfast, please", [False]), ("a room", [])],
)
def test_yes_or_no(text: str, expected: list[bool]) -> None:
    assert one(text, "breakfast", type="boolean", description="Whether included.") == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("city", "a hotel in New York tomorrow", ["New York"]),
        ("city", "weather in Berlin, Paris and Rome", ["Berlin", "Paris", "Rome"]),
        ("origin", "a train from Hamburg to Munich", ["Hamburg"]),
        ("destination", "a train from hamburg to munich", ["munich"]),
        ("policyName", "the parental leave policy", ["parental leave"]),
        ("title", 'search for "Moby Dick" in English', ["Moby Dick"]),
        ("justification", "I need it because I design the site.", ["I design the site"]),
        ("query", "Please find a red tent", ["find a red tent"]),
        ("city", "a hotel", []),
    ],
)
def test_free_text(name: str, text: str, expected: list[str]) -> None:
    assert one(text, name, type="string", description="A text.") == expected


def test_several_values_are_all_combinations() -> None:
    found = fill(tool(region=REGION, quarter=QUARTER), Request("EMEA and APAC in Q1 and Q2 2026", TODAY))
    assert len(combinations(found.values, found.paired)) == 4


def test_values_that_alternate_belong_together() -> None:
    found = fill(tool(region=REGION, quarter=QUARTER), Request("EMEA in Q1 2026 and APAC in Q2 2026", TODAY))
    assert combinations(found.values, found.paired) == [
        {"region": "EMEA", "quarter": "2026-Q1"},
        {"region": "APAC", "quarter": "2026-Q2"},
    ]


def test_a_documented_default_is_obeyed() -> None:
    region, quarter = tool(
        region=REGION, quarter={**QUARTER, "description": "When no period is named, use the last complete quarter."}
    ).parameters
    assert default(region, Request("", TODAY)) == ["EMEA", "APAC", "AMER"]
    assert default(quarter, Request("", TODAY)) == ["2026-Q3"]
