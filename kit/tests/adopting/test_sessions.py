"""An adopted agent in the place of a session's: made of its own parts, and nothing in common with another session."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from strands import Agent
from strands.agent.conversation_manager import SlidingWindowConversationManager

from agentcore_kit.config.errors import ConfigError
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
