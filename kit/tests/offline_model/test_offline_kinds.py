"""Kinds of error that requests of other domains showed, each in a domain that none of them comes from."""

from __future__ import annotations

import pytest

from agentcore_kit.local.offline_model.catalogue import read_tools
from agentcore_kit.local.offline_model.text import stem
from tests.offline_model.offline_cases import Domain, specs
from tests.offline_model.test_offline_speech import ACCESS, GUIDE, ORDER, SALES, TEXT, VPN, Talk, tool

CODE = {**TEXT, "pattern": r"^B-\d{3}$", "description": "Number of the boat, for example B-123."}
FREE = tool(
    "getBoat", "Returns where a boat is. Use when somebody asks for the place or the mooring of a boat.", code=CODE
)
MOVE = tool("moveBoat", "Moves a boat. Use when somebody wants to move a boat to another mooring.", code=CODE)
BOATS = """You help skippers.

## Out of scope
- Owners: what somebody paid, where somebody lives, and their holidays.
- Wages of the crew.

## Escalate
- Threats by a skipper: "I will call the harbour master."
- A bill that is disputed: refer to the accounts team.
"""


@pytest.mark.parametrize(
    "words",
    ["win winning wins", "wine wines", "plan planned planning", "plane planes", "hire hired hiring", "make making"],
)
def test_forms_of_one_word_and_no_other(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(("one", "other"), [("win", "wine"), ("plan", "plane"), ("car", "care"), ("hat", "hate")])
def test_another_word_that_only_has_an_e_more_is_another(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@pytest.mark.parametrize(("past", "present"), [("stole", "steal"), ("brought", "bring"), ("thrown", "throw")])
def test_irregular_forms_are_those_of_the_verb(past: str, present: str) -> None:
    assert stem(past) == stem(present)


@pytest.mark.parametrize(
    "text",
    [
        "Where is B-123 moored?",
        "Has the boat B-123 moved to another mooring?",
        "Is my boat B-123 at its mooring?",
        "Tell me when the boat B-123 moved to its mooring",
    ],
)
def test_a_question_how_things_are_changes_nothing(text: str) -> None:
    assert Talk(FREE, MOVE, prompt=BOATS).say(text)[0] == [("getBoat", {"code": "B-123"})]
    assert not Talk(MOVE, prompt=BOATS).say(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "Can you move the boat B-123?",
        "Have B-123 moved to another mooring",
        "Is it possible to move the boat B-123?",
        "Are you able to move the boat B-123?",
        "Is there any chance to move the boat B-123?",
        "Hi, when you have time, please move the boat B-123",
        "Where possible, move the boat B-123",
    ],
)
def test_a_request_in_the_form_of_a_question_is_one(text: str) -> None:
    assert Talk(FREE, MOVE, prompt=BOATS).say(text)[0] == [("moveBoat", {"code": "B-123"})]


@pytest.mark.parametrize(
    ("name", "summary", "writes"),
    [
        ("orderStatus", "Returns how far an order is.", False),
        ("openingHours", "Tells when a shop is open.", False),
        ("orderBread", "Orders bread.", True),
        ("createReport", "Returns the number of a new report.", True),
        ("redirectMail", "Sends mail elsewhere.", True),
    ],
)
def test_a_noun_at_the_beginning_of_a_name_is_no_verb(name: str, summary: str, writes: bool) -> None:
    (found,) = read_tools(specs(Domain("", "2026-05-12", [tool(name, summary)], [])))
    assert found.writes is writes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("bkim2 needs access to Jira for onboarding", "onboarding"),
        ("bkim2 needs access to Jira for the new project", "the new project"),
        ("bkim2 needs access to Jira because we start a project for our team", "we start a project for our team"),
    ],
)
def test_why_something_is_needed(text: str, reason: str) -> None:
    inputs = {"user": "bkim2", "software": "Jira", "justification": reason}
    assert Talk(ACCESS).say(text)[0] == [("requestSoftwareAccess", inputs)]


def test_what_another_parameter_has_taken_is_no_reason() -> None:
    calls, answer = Talk(ACCESS).say("Request access to Jira for bkim2")
    assert not calls
    assert "justification" in answer


def test_a_reason_may_be_said_in_any_words_but_a_danger_is_heard() -> None:
    boat = tool(
        "leaveMooring",
        "Signs a boat off. Use when somebody wants to leave the mooring with a boat.",
        code=CODE,
        reason={**TEXT, "description": "Why it leaves."},
    )
    calls, _ = Talk(boat, prompt=BOATS).say("B-123 wants to leave the mooring because of the holidays of my wife")
    assert calls == [("leaveMooring", {"code": "B-123", "reason": "the holidays of my wife"})]
    assert "harbour master" in Talk(boat, prompt=BOATS).say("B-123 must leave because of threats by a skipper")[1]


def test_what_a_tool_is_about_is_no_name() -> None:
    assert Talk(VPN).say("The VPN was disconnected")[1].endswith("?")


def test_a_guess_does_not_speak_for_its_tool() -> None:
    boat = tool("checkBooking", "Checks the booking of a boat. Use when somebody asks for a booking.", code=CODE)
    calls, answer = Talk(boat, GUIDE, prompt=BOATS).say("What's the state of my boat booking?")
    assert not calls
    assert "code" in answer


def test_a_number_is_nothing_to_search_for() -> None:
    guide = tool(
        "searchGuides", "Searches guides. Use when somebody looks for a guide.", query={**TEXT, "description": "Words."}
    )
    assert not Talk(guide, prompt=BOATS).say("hand in 50667 4711")[0]


@pytest.mark.parametrize("text", ["How much do I earn?", "What did I earn?", "How much do I get paid?"])
def test_what_the_user_earns_is_pay(text: str) -> None:
    calls, answer = Talk(SALES).say(text)
    assert not calls
    assert "pay" in answer


def test_whom_a_limit_is_about_in_general_and_who_takes_over_are_not_its_topic() -> None:
    assert Talk(FREE, prompt=BOATS).say("Somebody asks for the place of B-123")[0] == [("getBoat", {"code": "B-123"})]
    team = tool("getTeam", "Returns who is in a group. Use when somebody asks who works there.")
    assert "accounts" not in Talk(team, prompt=BOATS).say("Who works in the team?")[1]


def test_of_two_limits_a_question_is_declined_and_a_report_is_heard() -> None:
    prompt = 'You help.\n\n## Out of scope\n- Exercises.\n\n## Escalate\n- Plagiarism: "Please call the ombudsman."\n'
    assert "ombudsman" in Talk(ORDER, prompt=prompt).say("They copied my exercise, this is plagiarism")[1]
    assert "outside my scope" in Talk(ORDER, prompt=prompt).say("Which exercise is plagiarism?")[1]


def test_a_tool_that_is_named_for_something_else_provides_no_numbers() -> None:
    price = tool(
        "getMooringPrice",
        "Calculates what a berth costs. Use when somebody asks for the price of a berth. Do not use for the place of a "
        "boat: use getBoat.",
        metres={"type": "number", "description": "Length of the boat in metres."},
    )
    assert "metres" in Talk(FREE, price).say("What is the price of a berth?")[1]
