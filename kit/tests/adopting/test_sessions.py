"""An adopted agent in the place of a session's: made of its own parts, and nothing in common with another session."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from strands import Agent
from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.models import Model

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.serving import AgentSession
from agentcore_kit.serving.adopted import AdoptedAgent
from agentcore_kit.testing.agent_session import agent_session

BOT = '''
from strands import Agent, tool
from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.hooks import BeforeModelCallEvent, HookProvider
from strands.session.file_session_manager import FileSessionManager

class Counted(HookProvider):
    def __init__(self):
        self.seen = []
    def register_hooks(self, registry, **_):
        registry.add_callback(BeforeModelCallEvent, self.count)
    def count(self, event):
        self.seen.append(event)
        event.agent.state.set("asked", len(self.seen))

@tool
def say_hello(name: str) -> str:
    """Say hello to somebody.

    Args:
        name: of the person
    """
    return f"hello {name}"

PARTS = dict(
    tools=[say_hello],
    system_prompt="You greet people.",
    hooks=[Counted()],
    state={"greeted": []},
    messages=[{"role": "user", "content": [{"text": "Hi"}]}, {"role": "assistant", "content": [{"text": "Hi!"}]}],
    conversation_manager=SlidingWindowConversationManager(window_size=7),
    trace_attributes={"team": "greeters"},
    name="Greeter",
)
'''
GIVEN = {
    "agent": """
agent = Agent("some.model", session_manager=FileSessionManager(session_id="s", storage_dir="kept"), **PARTS)
""",
    "make": """
def make(storage="kept"):
    return Agent(session_manager=FileSessionManager("s", storage_dir=storage), **PARTS)
""",
    "Holder.agent": """
class Holder:
    def __init__(self):
        self.agent = Agent(**PARTS)
""",
    "Holder.get": """
class Holder:
    def get(self) -> Agent:
        return Agent(**PARTS)
""",
    "Own": """
class Own(Agent):
    def __init__(self):
        super().__init__(**PARTS)
        self.mine = 1
""",
    "once": """
_agent = None
def once():
    global _agent
    _agent = _agent or Agent(**PARTS)
    return _agent
""",
}
"""Ways to give the same agent, by what names it."""


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path) -> Any:
    """Return what writes a module that can be imported by the test alone, and names an agent of it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, text: str) -> AdoptedAgent:
        (tmp_path / "foreign_bot.py").write_text(text, encoding="utf-8")
        monkeypatch.delitem(sys.modules, "foreign_bot", raising=False)
        try:
            return AdoptedAgent(f"foreign_bot:{name}")
        finally:
            monkeypatch.delitem(sys.modules, "foreign_bot", raising=False)

    return write


def asked(agent: Agent, question: str) -> str:
    return str(asyncio.run(agent.invoke_async(question)))


@pytest.mark.parametrize("name", GIVEN)
def test_it_is_made_of_its_parts_and_of_the_sessions(foreign: Any, repository: Path, name: str) -> None:
    adopted = foreign(name, BOT + GIVEN[name])
    session = agent_session("one")
    agent = adopted.of_session(session)
    assert (agent.system_prompt, agent.tool_names) == ("You greet people.", ["say_hello"])
    assert isinstance(agent.conversation_manager, SlidingWindowConversationManager)
    assert agent.conversation_manager.window_size == 7
    assert agent.model is session.model
    assert agent.name == session.settings.name
    assert agent.trace_attributes == {"team": "greeters", "session.id": "one"}
    assert getattr(agent, "mine", 1) == 1
    assert not (repository / "kept").exists(), "its own session manager is not opened"


@pytest.mark.parametrize("name", GIVEN)
def test_what_one_session_says_no_other_has(foreign: Any, name: str) -> None:
    adopted = foreign(name, BOT + GIVEN[name])
    first = adopted.of_session(agent_session("one"))
    second = adopted.of_session(agent_session("two"))
    asked(first, "Say hello to Ada")
    asked(first, "Say hello to Grace")
    third = adopted.of_session(agent_session("three"))
    assert "Ada" in str(first.messages)
    assert first.state.get("asked") > 1, "its own hook is called"
    for other in (second, third):
        assert len(other.messages) == 2, "those that it begins with"
        assert other.state.get() == {"greeted": []}
    asked(second, "Say hello to Ada")
    assert second.state.get("asked") < first.state.get("asked"), "hooks with a state are no two sessions'"


STATEFUL = """
import time
from strands import Agent, ModelRetryStrategy
from strands._context_manager.context_manager import ContextManager
from strands.memory import MemoryManager
from strands.models import BedrockModel

class Store:
    name, description, writable, extraction, max_search_results = "notes", "", True, None, 3
    async def search(self, query, **_):
        return []
    async def add(self, content, **_):
        pass

class Printed:
    def __init__(self):
        self.lines = []
    def __call__(self, **event):
        self.lines.append(event)

class Slow:
    def __deepcopy__(self, memo):
        time.sleep(0.05)
        return Slow()

class Own(Agent):
    def __init__(self):
        self.greeted = []
        super().__init__(
            aux_model=BedrockModel(model_id="some.model", region_name="eu-west-1"),
            retry_strategy=ModelRetryStrategy(max_attempts=3),
            context_manager=ContextManager(),
            memory_manager=MemoryManager([Store()]),
            callback_handler=Printed(),
        )
        self.slow, self.lock = Slow(), time.sleep
        self.asked = {"by": [], "me": self.ask}
    def ask(self):
        return self

agent = Own()
def once():
    return agent
"""
PARTS_WITH_STATE = ("_retry_strategy", "context_manager", "memory_manager", "callback_handler", "greeted", "asked")


@pytest.mark.parametrize("name", ["agent", "once", "Own"])
def test_no_part_with_a_state_and_no_attribute_is_two_sessions(foreign: Any, name: str) -> None:
    adopted = foreign(name, STATEFUL)
    first = adopted.of_session(agent_session("one"))
    first.greeted.append("Ada")
    first.asked["by"].append("Ada")
    first.said_in_the_session = "hello"
    session = agent_session("two")
    second = adopted.of_session(session)
    for part in PARTS_WITH_STATE:
        assert getattr(second, part) is not getattr(first, part), part
    assert (second.greeted, second.asked["by"]) == ([], [])
    assert second.asked["me"]() is second, "what refers to the agent refers to the session's"
    assert not hasattr(second, "said_in_the_session")
    assert second.aux_model is session.model, "no model of the code is called"


def test_sessions_that_begin_together_have_no_agent_in_common(foreign: Any) -> None:
    adopted, sessions = foreign("once", STATEFUL), [agent_session(f"session-{number}") for number in range(4)]
    together = threading.Barrier(len(sessions))

    def of_session(session: AgentSession) -> Agent:
        together.wait()
        return adopted.of_session(session)  # type: ignore[no-any-return]

    with ThreadPoolExecutor(len(sessions)) as pool:
        agents = [*pool.map(of_session, sessions)]
    assert len({id(agent) for agent in agents}) == len(sessions)


INNER = '''
from strands import Agent, tool
from strands.agent.conversation_manager import NullConversationManager
from strands.hooks import BeforeInvocationEvent

inner = Agent(callback_handler=None, concurrent_invocation_mode="unsafe_reentrant")

@tool
def in_a_thread() -> str:
    """Ask the inner agent in the thread of a tool."""
    return str(inner("Who are you?"))

@tool
async def on_the_loop() -> str:
    """Ask the inner agent on the loop of the turn."""
    return str(await inner.invoke_async("Who are you?"))

def before(event: BeforeInvocationEvent) -> None:
    event.agent.state.set("before", str(inner("Who are you?")).strip())

agent = Agent(
    tools=[in_a_thread, on_the_loop, inner.as_tool(name="as_a_tool")],
    hooks=[before],
    conversation_manager=NullConversationManager(),
    callback_handler=None,
)
'''
"""A module with an agent that others ask, which is made before there is a session."""

WAYS = {"in_a_thread": {}, "on_the_loop": {}, "as_a_tool": {"input": "Who are you?"}}
"""What asks the inner agent of `INNER`, and with what."""


class Naming(Model):
    """Calls tools that ask the inner agent, where it has tools, and then says its name."""

    def __init__(self, name: str, together: threading.Barrier | None = None) -> None:
        self.name, self.together = name, together
        # Strands lets an agent that is a tool be asked by one at a time.
        self.ways = {way: given for way, given in WAYS.items() if not (together and way == "as_a_tool")}

    def update_config(self, **_: Any) -> None:
        """Have no configuration."""

    def get_config(self) -> Any:
        return {"model_id": self.name}

    async def structured_output(self, *_: Any, **__: Any) -> Any:
        yield {}

    async def stream(self, messages: Any, tool_specs: Any = None, *_: Any, **__: Any) -> Any:
        calls = self.ways if tool_specs and "toolResult" not in messages[-1]["content"][0] else {}
        if calls and self.together:
            await asyncio.to_thread(self.together.wait, 30)
        yield {"messageStart": {"role": "assistant"}}
        for name, given in calls.items():
            yield {"contentBlockStart": {"start": {"toolUse": {"name": name, "toolUseId": f"{name}-{len(messages)}"}}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(given)}}}}
            yield {"contentBlockStop": {}}
        if not calls:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": f"I am {self.name}."}}}
            yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if calls else "end_turn"}}


def said_by_inner(agent: Agent) -> set[str]:
    """Return all that the inner agent answered in the last turn: to a hook, and to each tool."""
    results = [block["toolResult"] for block in agent.messages[-2]["content"]]
    assert {result["status"] for result in results} == {"success"}
    return {agent.state.get("before"), *(result["content"][0]["text"].strip() for result in results)}


def test_an_inner_agent_answers_with_the_model_of_the_session_that_asks_it(foreign: Any) -> None:
    adopted = foreign("agent", INNER)
    one, other = (adopted.of_session(replace(agent_session(name), model=Naming(name))) for name in ("one", "other"))
    for agent, name in ((one, "one"), (other, "other"), (one, "one")):
        asked(agent, "Ask the others")
        assert said_by_inner(agent) == {f"I am {name}."}
        for way, given in WAYS.items():
            assert f"I am {name}." in str(getattr(agent.tool, way)(**given)), "and so it is outside of a turn"


def test_an_inner_agent_answers_sessions_that_ask_at_once_each_with_its_own_model(foreign: Any) -> None:
    adopted, together = foreign("agent", INNER), threading.Barrier(2)
    names = ("one", "other")
    agents = [adopted.of_session(replace(agent_session(name), model=Naming(name, together))) for name in names]

    async def ask_at_once() -> None:
        await asyncio.gather(*(agent.invoke_async("Ask the others") for agent in agents))

    asyncio.run(ask_at_once())
    for agent, name in zip(agents, names, strict=True):
        assert said_by_inner(agent) == {f"I am {name}."}


def test_tools_plugins_and_other_arguments_are_added(foreign: Any) -> None:
    adopted = foreign("agent", BOT + GIVEN["agent"])

    def other_tool() -> str:
        """Says something else."""
        return "else"

    from strands import tool

    agent = adopted.of_session(agent_session(), tools=[tool(other_tool)], system_prompt="You say goodbye.")
    assert sorted(agent.tool_names) == ["other_tool", "say_hello"]
    assert agent.system_prompt == "You say goodbye."


SERVER = '''
from mcp.server.mcpserver import MCPServer
server = MCPServer("rooms")

@server.tool()
def list_rooms() -> list[str]:
    """Lists the rooms."""
    return ["Aalto", "Ray"]

@server.tool()
def close_room(room: str) -> str:
    """Closes a room."""
    return room

server.run("stdio")
'''
CLIENT = """
import sys
from mcp import StdioServerParameters, stdio_client
from strands import Agent
from strands.tools.mcp import MCPClient

client = MCPClient(lambda: stdio_client(StdioServerParameters(command=sys.executable, args=[{server!r}])))
"""
CONNECTED = {
    "with": """
with client:
    tools = [t for t in client.list_tools_sync() if t.tool_name == 'list_rooms']
    agent = Agent(tools=tools)
""",
    "provider": """
agent = Agent(tools=[client])
""",
}
"""Ways to give an agent the tools of an MCP client."""


@pytest.mark.parametrize("how", CONNECTED)
def test_tools_of_an_mcp_server_work_in_every_session(foreign: Any, tmp_path: Path, how: str) -> None:
    (tmp_path / "rooms_server.py").write_text(SERVER, encoding="utf-8")
    adopted = foreign("agent", CLIENT.format(server=str(tmp_path / "rooms_server.py")) + CONNECTED[how])
    first, second = (adopted.of_session(agent_session(name)) for name in ("one", "two"))
    assert "close_room" not in first.tool_names or how == "provider"
    for agent in (first, second):
        assert "Aalto" in str(agent.tool.list_rooms())
    first.cleanup()
    del first
    assert "Aalto" in str(second.tool.list_rooms()), "the end of one session is not the end of another's tools"


def test_agents_of_other_code_are_left_alone(foreign: Any, tmp_path: Path) -> None:
    from strands.session.file_session_manager import FileSessionManager

    foreign("agent", BOT + GIVEN["agent"]).of_session(agent_session())
    kept = FileSessionManager(session_id="mine", storage_dir=str(tmp_path / "mine"))
    model = agent_session().model
    agent = Agent(model, name="Mine", session_manager=kept)
    assert (agent.name, agent.model is model, (tmp_path / "mine").is_dir()) == ("Mine", True, True)


@pytest.mark.parametrize(
    ("name", "text", "error", "said"),
    [
        ("agent", f"{BOT}\nagent = Agent(**PARTS)\nagent('hello')\n", RuntimeError, "while it is imported"),
        ("nothing", BOT, ConfigError, "there is no nothing; correct src/agent/agent.py"),
        ("PARTS", BOT, ConfigError, "gives dict, not an agent"),
    ],
    ids=["asked-at-import", "no-such-name", "no-agent"],
)  # fmt: skip
def test_what_is_wrong_is_said(foreign: Any, name: str, text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        foreign(name, text).of_session(agent_session())
