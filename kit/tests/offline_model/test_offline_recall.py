"""What a memory says of the user reaches the request: defaults and terms, never against what the user says now."""

from __future__ import annotations

import pytest

from tests.offline_model.test_offline_model import FINANCE, TODAY, calls_in, events, user

TOLD = (
    '<user_context>{"context": "I cover it", "preference": "Default region: APAC", "categories": ["region"]}\n'
    "'home market' means AMER</user_context>"
)


def regions(text: str, *context: str) -> set[str]:
    return {inputs["region"] for _, inputs in calls_in(events([user(text, TODAY, *context)]))}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("What was our revenue in Q1 2025?", {"APAC"}),
        ("What was the revenue of the home market in Q1 2025?", {"AMER"}),
        ("What was our revenue in EMEA in Q1 2025?", {"EMEA"}),
        ("What was our revenue in Q1 2025 in all regions?", {"EMEA", "APAC", "AMER"}),
    ],
)
def test_a_memory_says_what_the_user_leaves_open(text: str, wanted: set[str]) -> None:
    assert regions(text, TOLD) == wanted


def test_it_counts_where_the_prompt_tells_the_date() -> None:
    """As a served agent is told: the date at the end of the prompt, and what is recalled in the messages."""
    prompt = f"{FINANCE.prompt}\n<context>{TODAY}</context>"
    asked = calls_in(events([user("What was our revenue in Q1 2025?", TOLD)], system_prompt=prompt))
    assert {inputs["region"] for _, inputs in asked} == {"APAC"}


@pytest.mark.parametrize("context", ["", TOLD.replace("user_context", "other"), TOLD.replace("APAC", "Atlantis")])
def test_without_it_the_documentation_does(context: str) -> None:
    assert regions("What was our revenue in Q1 2025?", *filter(None, [context])) == {"EMEA", "APAC", "AMER"}
