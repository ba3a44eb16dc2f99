"""Dimension acceptance: what the product owner asked for, in the words of its users."""

from __future__ import annotations

import pytest

from agentcore_kit.testing.agent_client import Client, new_session

pytestmark = [pytest.mark.dimension, pytest.mark.acceptance]

REGIONS = {"EMEA", "APAC", "AMER"}


def test_an_executive_asks_for_a_region_and_a_quarter(client: Client) -> None:
    (call,) = client.calls("What was our revenue in EMEA in Q1 2025?")
    assert call == ("getQuarterlyRevenue", {"region": "EMEA", "quarter": "2025-Q1"})


def test_an_executive_compares_all_regions(client: Client) -> None:
    calls = client.calls("Compare all regions for 2024")
    assert {parameters["region"] for _, parameters in calls if "region" in parameters} == REGIONS


def test_the_answer_shows_the_figure_of_the_source(client: Client) -> None:
    body = client.ask("What was our revenue in EMEA in Q1 2025?")
    (call,) = body["toolCalls"]
    assert str(call["result"]["revenue"]) in body["answer"]


def test_a_conversation_reaches_its_goal(client: Client) -> None:
    session = new_session()
    for question, region in (("What was our revenue in EMEA in Q1 2025?", "EMEA"), ("and APAC?", "APAC")):
        (call,) = client.calls(question, session)
        assert call[1] == {"region": region, "quarter": "2025-Q1"}
