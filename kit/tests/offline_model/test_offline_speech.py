"""What the form of a request says, in any domain: how-to questions, people wanted, complaints, pronouns, acronyms."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_kit.local.offline_model import speech
from agentcore_kit.local.offline_model.catalogue import read_tools
from agentcore_kit.local.offline_model.text import humanise, stems
from tests.offline_model.offline_cases import Domain, build_agent, load, rounds_since

TEXT = {"type": "string"}
PROMPT = """You help customers.

## Out of scope
- Pay: what anyone earns, salaries and bonuses of staff.

## Escalate
- Fire: refer to the control room.
- A figure that the customer says is wrong or disputes: refer to the data team.
- An order that was refused: refer to the sales team.
"""


def tool(name: str, description: str, required: bool = True, **properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties) if required else []}
    return {"name": name, "description": description, "parameters": schema, "result": {"done": "yes"}}


ORDER = tool(
    "placeOrder",
    "Places an order. Use when the customer wants to order or buy something.",
    number={**TEXT, "pattern": r"^K-\d{4}$", "description": "Number of the customer, for example K-1234."},
)
GUIDE = tool(
    "getGuide",
    "Retrieves one guide. Use when the customer asks how to do something, what is allowed, or for the rules.",
    topic={**TEXT, "description": 'What it is about, e.g. "ordering", "returning goods", "loyalty points".'},
)
SALES = tool("getSales", "Returns what was sold. Use when somebody asks how much we made, earned or sold.")
VPN = tool(
    "checkVPNStatus",
    "Checks the VPN of one user. Use when the VPN disconnects or is slow.",
    user={**TEXT, "description": "Name of the user who has the problem."},
)
ACCESS = tool(
    "requestSoftwareAccess",
    "Requests access to a software. Use when somebody needs access to a software.",
    user={**TEXT, "description": "The user's id, for example asmith1."},
    software={**TEXT, "description": 'Name of the software, e.g. "Figma", "Jira".'},
    justification={**TEXT, "description": "Why it is needed."},
)


class Talk:
    """A conversation with an agent that has some tools."""

    def __init__(self, *tools: dict[str, Any], prompt: str = PROMPT) -> None:
        self.agent = build_agent(Domain(prompt, "2026-05-12", list(tools), []))

    def say(self, text: str) -> tuple[list[Any], str]:
        """Return the calls and the answer."""
        start = len(self.agent.messages)
        answer = str(self.agent(text)).strip()
        return [call for step in rounds_since(self.agent, start) for call in step], answer


@pytest.mark.parametrize(
    "question",
    [
        "How do I order something?",
        "How can I buy something? My number is K-1234.",
        "Could you tell me how to order?",
        "What are the steps to place an order?",
        "Hi, how does one order?",
    ],
)
def test_a_question_how_something_is_done_does_not_do_it(question: str) -> None:
    calls, _ = Talk(ORDER, GUIDE).say(question)
    assert [name for name, _ in calls] == ["getGuide"] or not calls
    calls, answer = Talk(ORDER).say(question)
    assert not calls
    assert answer.endswith("Shall I?")


def test_what_was_offered_is_done_when_the_user_says_yes() -> None:
    talk = Talk(ORDER)
    assert not talk.say("How can I order? My number is K-1234.")[0]
    assert talk.say("yes please")[0] == [("placeOrder", {"number": "K-1234"})]
    talk = Talk(ORDER)
    assert "number" in talk.say("How can I order?")[1]
    assert talk.say("K-7777")[0] == [("placeOrder", {"number": "K-7777"})]


@pytest.mark.parametrize(
    "text", ["Please order something for K-1234", "I want to buy something, K-1234", "Order! K-1234"]
)
def test_who_asks_to_do_something_gets_it_done(text: str) -> None:
    assert Talk(ORDER, GUIDE).say(text)[0] == [("placeOrder", {"number": "K-1234"})]


@pytest.mark.parametrize(
    "text",
    ["How did we do?", "How do we compare?", "How much did we make?", "How are sales going?", "Show how sales grew"],
)
def test_other_questions_are_not_how_to_questions(text: str) -> None:
    assert not speech.asks_how(text)


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a person",
        "Can I speak to someone from your team?",
        "Let me talk to a human being",
        "Get me a real person",
        "Please put me through to somebody",
        "This is not acceptable",
        "I've had enough of this",
        "I'm really disappointed",
        "I want to complain",
    ],
)
def test_who_wants_a_person_or_complains_is_handed_over(text: str) -> None:
    calls, answer = Talk(ORDER, GUIDE).say(text)
    assert not calls
    assert "person needs to take this over" in answer


@pytest.mark.parametrize("text", ["Tell me a joke", "Which person is on the picture?", "I am content"])
def test_other_requests_are_not_handed_over(text: str) -> None:
    assert "person needs to take this over" not in Talk(ORDER, GUIDE).say(text)[1]


def test_nobody_is_named_where_the_prompt_hands_nothing_over() -> None:
    assert "outside my scope" in Talk(ORDER, prompt="You help customers.").say("I want to talk to a person")[1]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("That number can't be right", "data team"),
        ("Your figure does not match ours", "data team"),
        ("Why did I not get my order?", "sales team"),
        ("My order was turned down", "sales team"),
    ],
)
def test_what_is_said_in_other_words_is_recognised(text: str, who: str) -> None:
    assert who in Talk(GUIDE).say(text)[1]


@pytest.mark.parametrize("subject", ["the managers", "our CEO", "she", "my boss", "Kim Miller", "a seller"])
def test_what_people_earn_is_their_pay_and_what_we_earn_is_not(subject: str) -> None:
    calls, answer = Talk(SALES).say(f"How much does {subject} earn?")
    assert not calls
    assert "pay" in answer
    assert Talk(SALES).say("How much did we earn?")[0] == [("getSales", {})]


@pytest.mark.parametrize("text", ["May I use a guide?", "Can I see the rules, I'm new?", "I need a guide"])
def test_a_pronoun_is_never_a_value(text: str) -> None:
    calls, _ = Talk(GUIDE).say(text)
    assert not [inputs for _, inputs in calls if inputs["topic"].split("'")[0] in ("I", "me", "you")]


def test_the_object_of_a_preposition_is_a_topic() -> None:
    topics = [inputs["topic"] for _, inputs in Talk(GUIDE).say("Show me the rules for gift wrapping")[0]]
    assert topics == ["gift wrapping"]
    assert Talk(GUIDE).say("How do I return the goods?")[0] == [("getGuide", {"topic": "returning goods"})]


def test_the_noun_before_a_name_is_no_name() -> None:
    assert Talk(VPN).say("Check the vpn of user asmith")[0] == [("checkVPNStatus", {"user": "asmith"})]


def test_who_needs_something_for_a_reason() -> None:
    inputs = {"user": "asmith1", "software": "Jira", "justification": "her new project"}
    assert Talk(ACCESS).say("asmith1 needs access to Jira for her new project")[0] == [
        ("requestSoftwareAccess", inputs)
    ]
    assert Talk(ACCESS).say("Maria needs access to Jira for her new project")[1].endswith("?")


def test_identifiers_of_two_kinds_are_told_apart() -> None:
    first, second = (
        {**TEXT, "pattern": pattern, "description": "A number."} for pattern in (r"^A-\d{3}$", r"^B\d{5}$")
    )
    link = tool("linkItems", "Links items. Use when somebody wants to link items.", one=first, other=second)
    assert Talk(link).say("Link B12345 with A-100")[0] == [("linkItems", {"one": "A-100", "other": "B12345"})]


def test_forms_of_a_word_are_one() -> None:
    assert len(set(stems("disconnect disconnects disconnected disconnecting"))) == 1
    assert stems("it keeps disconnecting") == stems("it disconnects")
    assert stems("Wi-Fi") == stems("wifi") == stems("WIFI")
    assert len(set(stems("regulator regulatory regulation"))) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("createHRTicket", "create HR ticket"),
        ("checkVPNStatus", "check VPN status"),
        ("listSLAs", "list SLA"),
        ("getIDs", "get ID"),
        ("getPolicyPDF", "get policy PDF"),
        ("create_hr_ticket", "create hr ticket"),
    ],
)
def test_acronyms_in_names(name: str, words: str) -> None:
    assert humanise(name) == words


@pytest.mark.parametrize(
    ("name", "summary", "writes"),
    [
        ("createHRTicket", "Opens a ticket", True),
        ("erp___fetch17", "Retrieves revenue", False),
        ("ticket_desk", "Opens a ticket", True),
        ("getBooking", "Books nothing", False),
        ("math___delta", "Calculates growth", False),
    ],
)
def test_which_tools_change_something(name: str, summary: str, writes: bool) -> None:
    spec: Any = {"name": name, "description": f"{summary}. Use when asked.", "inputSchema": {"json": {}}}
    assert read_tools([spec])[0].writes is writes


def test_a_question_about_a_request_opens_no_ticket() -> None:
    agent = build_agent(load("hr", "development"))
    agent("How do I request vacation?")
    assert "createHRTicket" not in str(rounds_since(agent, 0))
