"""`kit explain` says why a tool is chosen or not, and its reasons are those that the model acts on."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from agentcore_kit.cli import application
from agentcore_kit.local.explain import explained
from agentcore_kit.local.offline_model.model import ExplainingModel
from tests.domains import DOMAINS
from tests.offline_model.offline_cases import Domain, build_agent, load, load_measured, play


def reasons(domain: Domain, question: str) -> str:
    """What is said of one question."""
    agent = build_agent(domain)
    agent.model = ExplainingModel()
    text = str(agent(question))
    assert not any("toolUse" in block for message in agent.messages for block in message["content"])
    return text


CLINIC = load_measured("clinic")


def test_a_chosen_tool_with_words_and_values() -> None:
    said = reasons(CLINIC, "Is there a free slot at the dentist tomorrow?")
    assert "calls findFreeAppointments(specialty='dental', day='2026-05-13')" in said
    assert "findFreeAppointments: fits" in said
    assert "free: +1.00, in its name" in said
    assert "findFreeAppointments.specialty: 'dental', from 'dentist'" in said
    assert "findFreeAppointments.day: '2026-05-13', from 'tomorrow'" in said


def test_a_missing_value_and_what_it_would_take() -> None:
    said = reasons(CLINIC, "I want to reserve S-3131")
    assert "bookAppointment.slotId: 'S-3131', from 'S-3131'" in said
    assert r"bookAppointment.patientId: missing; it takes what looks like ^P\d{5}$" in said


def test_a_word_that_no_documentation_has() -> None:
    said = reasons(CLINIC, "Do you have parking?")
    assert "calls no tool" in said
    assert "No documentation has: parking" in said


@pytest.mark.parametrize(
    ("name", "question", "advised"),
    [
        ("clinic", "Could the surgery text me reminders?", "would fit"),
        ("clinic", "Do you have parking?", "would fit"),
        ("theatre", "Where do I leave my coat?", "would be chosen"),
        ("parcels", "PX12312312 never arrived, the neighbours don't have it either", "would be chosen"),
        ("parcels", "Where can I hand in a return, I live in 80331?", "would fit"),
    ],
)
def test_the_words_that_are_advised_make_the_tool_the_one_that_is_chosen(
    name: str, question: str, advised: str
) -> None:
    domain = load_measured(name)
    lines = [line.strip() for line in reasons(domain, question).splitlines() if " also had: " in line]
    assert any(advised in line for line in lines)
    for line in lines:
        better, words = line.split(" would ")[0], line.split(" also had: ")[1]
        tools = [
            {**one, "description": one["description"].replace("Use when", f"Use when asked about {words}, or when", 1)}
            if one["name"] == better
            else one
            for one in domain.tools
        ]
        assert f"{better}: fits" in reasons(Domain(domain.prompt, domain.today, tools, []), question)


def test_a_limit_of_the_prompt() -> None:
    said = reasons(CLINIC, "The nurse was rude to me, I want to complain")
    assert "escalate, 'Complaints about a doctor or a nurse': holds" in said
    assert "It complains." in said
    assert "needed are 20%" in said


def test_a_question_how_and_what_is_offered() -> None:
    domain = load("hr", "development")
    said = reasons(domain, "How do I open a ticket?")
    assert "It asks how something is done" in said
    assert "createHRTicket: only offered" in said
    assert "If a tool should tell how createHRTicket is done" in said


@pytest.mark.parametrize("name", ["clinic", "university"])
def test_it_says_what_the_model_does(name: str) -> None:
    domain = load_measured(name)
    domain.cases = [case for case in domain.cases if "calls" in case]
    for case, outcome in zip(domain.cases, play(domain), strict=True):
        if outcome.all_right:
            said = reasons(domain, case["ask"])
            assert all(f"calls {next(iter(call))}(" in said for call in case["calls"]), said


def test_it_always_says_the_same() -> None:
    question = "What must I not eat before a blood test?"
    assert reasons(CLINIC, question) == reasons(CLINIC, question)


def test_the_command_in_a_repository(pytestconfig: pytest.Config) -> None:
    domain = DOMAINS[pytestconfig.getoption("starter")]
    result = CliRunner().invoke(application("Agent", {"explain"}), ["explain", domain.asked.question])
    assert result.exit_code == 0, result.output
    assert f"calls {domain.tool}(" in result.output
    assert result.output.strip() == explained(domain.asked.question).strip()
