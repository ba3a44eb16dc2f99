"""Platform, memory, tool and agent side by side, as `make workspace` has them, with the network cut after setup."""

import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from tests.served_workspace import COUNTING_TOOL, SETTINGS, Served, asked_until, called, eventually
from workspace.build import AGENT, MEMORY, NAMES, PLATFORM, TOOL, Workspace, connect, generate, set_up
from workspace.people import Person, ask, sign_in
from workspace.run import CUSTOMERS, PREFER, REVENUE, WATCH, questions

pytestmark = [pytest.mark.generated, pytest.mark.enable_socket]

LIST = "Which markets do I watch?"
COUNT = "Count my watched markets."
READERS = "policies/market_data_readers.cedar"
ADDED, COUNTED = f"{TOOL}___addWatchedMarket", f"{TOOL}___countWatchedMarkets"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    ports = {}
    for name in ("gateway", "memory", "tool", "agent"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports[name] = probe.getsockname()[1]
    workspace = Workspace(tmp_path_factory.mktemp("workspace"), **ports)
    generate(workspace)
    set_up(workspace)
    connect(workspace)
    four = Served(workspace)
    try:
        with four.saved(AGENT, SETTINGS, "connectSeconds: 60", r"\g<0>, retrySeconds: 1"):  # not half a minute
            for name in (MEMORY, TOOL, PLATFORM, AGENT):
                four.start(name)
            yield four
    finally:
        four.stop()


def test_policies_memory_and_one_trace_hold_for_two_users(served: Served) -> None:
    assert questions(served.workspace) == []
    assert served.decided("bob") == [(ADDED, "deny", ["market_customers"])]
    bob, alice = served.token("bob", role="junior-analyst"), served.token("alice")
    assert "customers" not in ask(served.workspace, bob, LIST)["answer"], "the tool has not run"
    assert "sales" in ask(served.workspace, alice, LIST)["answer"]


def test_every_span_of_all_four_is_of_the_one_trace_and_names_the_session(served: Served) -> None:
    ruth, trace = served.token("ruth"), uuid4().hex
    assert called(ask(served.workspace, ruth, WATCH, trace)) == [(ADDED, "success")]
    everyone = set(NAMES.values())
    assert eventually(lambda: {span.source for span in served.spans(trace)} == everyone)
    lacking = [
        (span.source, span.name) for span in served.spans(trace) if span.attributes.get("session.id") != ruth.session
    ]
    assert lacking == []
    (line,) = [line for line in served.audited() if line["user"] == "ruth"]
    assert (line["traceId"], line["sessionId"]) == (trace, ruth.session)


def test_who_has_no_role_gets_no_tool_of_the_gateway(served: Served) -> None:
    guest = served.token("guest", role="")
    answer = ask(served.workspace, guest, WATCH)
    assert answer["status"] == 200
    assert not [name for name, _ in called(answer) if name.startswith(TOOL)]
    assert served.decided("guest") == []


def changed(person: Person) -> Person:
    """Return somebody whose token has another end, which is that of its signature."""
    return Person(person.name, f"{person.token[:-6]}{'B' * 6 if person.token.endswith('A' * 6) else 'A' * 6}")


@pytest.mark.parametrize(
    ("sign", "why"),
    [
        (lambda served, name, _: served.token(name, seconds=-5), "has expired"),
        (lambda served, name, _: served.token(name, issuer="http://127.0.0.1:9"), "is of another issuer"),
        (lambda served, name, folder: served.token(name, keys=folder), "was not signed by"),
        (lambda served, name, _: changed(served.token(name)), "was not signed by"),
    ],
    ids=["expired", "wrong issuer", "other keys", "changed"],
)
def test_a_token_that_is_not_right_gets_in_nowhere_and_the_next_right_one_does(
    served: Served, tmp_path: Path, sign: Callable[[Served, str, Path], Person], why: str
) -> None:
    workspace, name = served.workspace, f"mallory-{uuid4()}"
    mallory = sign(served, name, tmp_path)
    refused = ask(workspace, mallory, WATCH)
    assert refused["status"] == 401
    assert why in refused["error"]
    for port in (workspace.gateway, workspace.tool):
        headers = {"Authorization": f"Bearer {mallory.token}", "Content-Type": "application/json"}
        with pytest.raises(HTTPError) as error:
            urlopen(Request(f"http://127.0.0.1:{port}/mcp", b"{}", headers))
        with error.value as answer:
            assert answer.code == 401
            assert why in answer.read().decode()
    assert served.decided(name) == []
    mallory.token = served.token(name).token
    assert called(ask(workspace, mallory, WATCH)) == [(ADDED, "success")], "in the same session"


def test_a_token_that_expires_within_the_turn_is_told_and_the_next_one_goes_on_in_the_session(served: Served) -> None:
    tina = served.token("tina")
    seconds, late = 1, ask(served.workspace, served.token("tina", seconds=-5), WATCH)
    while late["status"] == 401:  # on a busy machine it has expired before the agent sees it
        seconds *= 2
        with ThreadPoolExecutor() as pool, served.held_up(PLATFORM):
            tina.token = served.token("tina", seconds=seconds).token
            asking = pool.submit(ask, served.workspace, tina, WATCH)
            time.sleep(seconds + 1)
        late = asking.result()
    assert late["status"] == 200
    assert "it does not accept your sign-in; sign in again" in " ".join(late["notices"])
    tina.token = served.token("tina").token
    asked_until(served, tina, WATCH, [(ADDED, "success")])


def test_a_key_that_was_changed_locks_nobody_out(served: Served) -> None:
    before = served.token("carol")
    after = sign_in(served.workspace, "dave", {"role": "analyst"}, ["--rotate"])
    for person in (before, after):
        assert called(ask(served.workspace, person, WATCH)) == [(ADDED, "success")], person.name
    before.token = served.token("carol").token
    assert called(ask(served.workspace, before, WATCH)) == [(ADDED, "success")], "the session goes on with a new token"


def test_a_tool_that_is_down_is_told_of_and_used_again_in_the_same_sessions(served: Served) -> None:
    opened, new = served.token("erin"), served.token("judy")
    assert called(ask(served.workspace, opened, WATCH)) == [(ADDED, "success")]
    served.stop(TOOL)
    for person in (opened, new):
        down = ask(served.workspace, person, WATCH)
        assert called(down) == [(ADDED, "error")]
        assert f"target {TOOL} does not answer" in str(down["toolCalls"])
        assert ask(served.workspace, person, REVENUE)["toolCalls"], "the agent's own tools are there"
    served.start(TOOL)
    for person in (opened, new):
        asked_until(served, person, WATCH, [(ADDED, "success")])


def test_a_gateway_that_is_down_is_told_of_and_a_key_changed_meanwhile_is_known_when_it_is_back(served: Served) -> None:
    opened, new = served.token("grace"), served.token("heidi")
    assert called(ask(served.workspace, opened, WATCH)) == [(ADDED, "success")]
    served.stop(PLATFORM)
    down = ask(served.workspace, opened, WATCH)
    assert "the tool cannot be called" in str(down["toolCalls"]) or "unavailable" in str(down["notices"])
    assert "gateway company-tools are unavailable" in " ".join(ask(served.workspace, new, WATCH)["notices"])
    for person in (opened, new):
        assert ask(served.workspace, person, REVENUE)["toolCalls"], "the agent's own tools are there"
    ivan = sign_in(served.workspace, "ivan", {"role": "analyst"}, ["--rotate"])
    refused = ask(served.workspace, ivan, REVENUE)
    assert (refused["status"], "does not answer" in refused["error"]) == (401, True), refused
    served.start(PLATFORM)
    for person in (opened, new, ivan):
        asked_until(served, person, WATCH, [(ADDED, "success")])


def test_what_is_said_while_the_memory_is_down_is_remembered_when_it_is_back(served: Served) -> None:
    opened, new = (served.token(f"{who}-memory") for who in ("erin", "judy"))
    assert called(ask(served.workspace, opened, WATCH)) == [(ADDED, "success")]
    served.stop(MEMORY)
    for person in (opened, new):
        down = ask(served.workspace, person, PREFER)
        assert down["status"] == 200
        assert "memory is unavailable" in " ".join(down["notices"])
        assert called(ask(served.workspace, person, WATCH)) == [(ADDED, "success")], "the tools are there"
    served.start(MEMORY)
    for person in (opened, new):
        asked_until(served, person, WATCH, [(ADDED, "success")])
        person.begin_again()
        answer = ask(served.workspace, person, REVENUE)
        assert {call["input"].get("region") for call in answer["toolCalls"]} == {"APAC"}, person.name


def test_a_tool_that_is_too_slow_is_given_up_and_used_again(served: Served) -> None:
    peggy = served.token("peggy")
    assert called(ask(served.workspace, peggy, WATCH)) == [(ADDED, "success")]
    with served.saved(PLATFORM, SETTINGS, "timeoutSeconds: 30", "timeoutSeconds: 0.5"), served.locked_watch_lists():
        slow = ask(served.workspace, peggy, WATCH)
        assert called(slow) == [(ADDED, "error")]
        assert "took longer than 0.5 s" in str(slow["toolCalls"])
        assert ask(served.workspace, peggy, REVENUE)["toolCalls"], "its own tools are there"
    asked_until(served, peggy, WATCH, [(ADDED, "success")])


def test_a_tool_that_comes_and_goes_while_all_run_is_offered_and_is_not_in_the_same_session(served: Served) -> None:
    victor = served.token("victor")
    assert called(ask(served.workspace, victor, WATCH)) == [(ADDED, "success")]
    first_tool, action = '^@tool\\("addWatchedMarket"', f'    AgentCore::Action::"{COUNTED}",'
    described = served.workspace.repository(PLATFORM) / f"policies/tools/{TOOL}.json"
    before = described.read_text(encoding="utf-8")
    try:
        with served.saved(TOOL, "src/tool/tools.py", first_tool, rf"{COUNTING_TOOL}\g<0>"):
            assert eventually(lambda: served.describe_tools(victor, "countWatchedMarkets"))
            with served.saved(PLATFORM, READERS, "^    AgentCore::Action::.*getMarketData.*$", rf"{action}\n\g<0>"):
                found = asked_until(served, victor, COUNT, [(COUNTED, "success")])
                assert found["toolCalls"][0]["result"]["count"] == 1
    finally:
        described.write_text(before, encoding="utf-8")
    assert eventually(lambda: COUNTED not in dict(called(ask(served.workspace, victor, COUNT))))
    asked_until(served, victor, WATCH, [(ADDED, "success")])


def test_a_policy_that_is_saved_holds_at_once(served: Served) -> None:
    frank = served.token("frank", role="junior-analyst")
    assert called(ask(served.workspace, frank, CUSTOMERS)) == [(ADDED, "error")]
    with served.saved(PLATFORM, "policies/market_customers.cedar", '"junior-analyst" }', '"nobody" }'):
        frank.begin_again()
        assert called(ask(served.workspace, frank, CUSTOMERS)) == [(ADDED, "success")]


def test_a_hundred_sessions_at_once_mix_nothing_up_and_lose_no_decision(served: Served) -> None:
    regions, kinds = ("EMEA", "APAC", "AMER"), ("sales", "revenue")
    roles = ("analyst", "junior-analyst")
    people = [served.token(f"user-{number}", role=roles[number % 2]) for number in range(12)]

    def converse(number: int) -> tuple[str, str]:
        owner = number % len(people)
        person = Person(people[owner].name, people[owner].token)
        region, kind = regions[owner % 3], kinds[owner // 3 % 2]
        added = ask(served.workspace, person, f"Add market {kind} in {region} to my watch list.")
        assert [(call["input"], call["status"]) for call in added["toolCalls"]] == [
            ({"region": region, "dataType": kind}, "success")
        ], (person.name, added)
        others = {f"{one} | {what}" for one in regions for what in kinds} - {f"{region} | {kind}"}
        assert f"{region} | {kind}" in added["answer"]
        assert not [other for other in others if other in added["answer"]], (person.name, added["answer"])
        refused = ask(served.workspace, person, CUSTOMERS)
        assert called(refused) == [(ADDED, "error" if owner % 2 else "success")], (person.name, refused)
        return person.session, person.name

    with ThreadPoolExecutor(100) as pool:
        owners = dict(pool.map(converse, range(100)))
    decided = defaultdict(list)
    for line in served.audited():
        if line["sessionId"] in owners:
            assert line["user"] == owners[line["sessionId"]], "a decision on another user's session"
            decided[line["sessionId"]].append(line["decision"])
    juniors = {person.name for number, person in enumerate(people) if number % 2}
    assert decided == {session: ["allow", "deny" if user in juniors else "allow"] for session, user in owners.items()}
