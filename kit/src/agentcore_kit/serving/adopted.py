"""An agent that was written without this kit, in the place of one session's agent: `kit adopt` names it in agent.py.

Its code runs as it is. What its `Agent(…)` was called with is noted, and each session gets an agent that is made of the
same parts, but for those that belong to the session: model, session manager, plugins, gateway tools, name.
"""

from __future__ import annotations

import copy
import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from strands import Agent
from strands.handlers import PrintingCallbackHandler
from strands.hooks import BeforeInvocationEvent, BeforeToolCallEvent, HookEvent, HookOrder
from strands.models import Model
from strands.session import SessionManager
from strands.tools.mcp import MCPAgentTool, MCPClient

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.serving.session import AgentSession

_WITH_STATE = ("messages", "state", "conversation_manager", "context_manager", "memory_manager", "retry_strategy",
               "callback_handler", "plugins", "hooks", "interventions")  # fmt: skip
"""Parts that change while an agent is asked, so that no two sessions may have the same."""


class EnvironmentModel(Model):
    """The model of the session that is asked, for agents that are made before there is a session.

    Attributes:
        target: What answers outside of any turn, and in threads of the code's own: the model of the session that was
            opened last; None until the first is.
    """

    def __init__(self) -> None:
        self.target: Model | None = None

    @property
    def _asked(self) -> Model | None:
        return _ASKED.get() or self.target

    def _answering(self) -> Model:
        if self._asked is None:
            raise RuntimeError(
                "the adopted code asks its agent while it is imported; put that under `if __name__ == '__main__':`"
            )
        return self._asked

    def update_config(self, **model_config: Any) -> None:
        """Refuse: the environment file configures the model. Raises RuntimeError."""
        raise RuntimeError(f"{', '.join(model_config)}: environments/<name>.yaml configures the model, not the code")

    def get_config(self) -> Any:
        """Return the configuration of what answers; nothing before the first session."""
        return self._asked.get_config() if self._asked else {}

    def structured_output(self, *args: Any, **options: Any) -> Any:
        """Return what the model of the environment returns."""
        return self._answering().structured_output(*args, **options)

    def stream(self, *args: Any, **options: Any) -> Any:
        """Return what the model of the environment returns."""
        return self._answering().stream(*args, **options)


class AdoptedAgent:
    """An agent of code that knows nothing of this kit.

    Example:
        >>> ADOPTED = AdoptedAgent("weather.bot:agent")
        >>> def build_agent(session: AgentSession) -> Agent:
        ...     return ADOPTED.of_session(session)
    """

    def __init__(self, target: str) -> None:
        """Import the code.

        Args:
            target: Names the agent as `module:name`: an `Agent`, a function or class that returns one when it is called
                without arguments, or `module:Class.name` for an attribute or a method of an object of that class.

        Raises:
            ConfigError: When it names nothing, or something that gives no agent.
        """
        self._target, self._model = target, EnvironmentModel()
        module, _, name = target.partition(":")
        with _noted(self._model):
            found: Any = import_module(module)
            self._names = name.split(".") if name else []
            self._found = self._member(found, self._names[0]) if self._names else found

    def of_session(self, session: AgentSession, tools: Sequence[Any] = (), **options: Any) -> Agent:
        """Return the agent of one session.

        Args:
            session: Its model, session manager and name take the place of the agent's own; its plugins and gateway
                tools are added.
            tools: What else the agent can use.
            options: Further arguments of `strands.Agent` that take the place of the agent's own.

        Raises:
            ConfigError: When what was named gives no agent.
        """
        self._model.target = session.model
        with _noted(self._model):
            made = self._made()
            agent = self._of_one_session(made)
            parts = {name: _part(name, part, _ITSELF, agent) for name, part in _note(made).parts.items()}
        parts |= {
            **session.options,
            "tools": [*_open(parts.get("tools")), *tools, *session.gateway_tools],
            "plugins": [*(parts.get("plugins") or []), *session.plugins],
            "trace_attributes": {**(parts.get("trace_attributes") or {}), "session.id": session.session_id},
            "callback_handler": _quiet(parts.get("callback_handler")),
            **options,
        }
        before = getattr(agent, "tool_registry", None)
        Agent.__init__(agent, **parts)
        _answer_with(agent, session.model)
        if before is not None:
            before.cleanup()  # after the new one has the same MCP clients, so that they need not start twice
        return agent

    def _of_one_session(self, made: Agent) -> Agent:
        """Return the agent that the code made; where a session has that one, another of its class and attributes."""
        note = _note(made)
        with _claiming:
            is_free = note.attributes is None and made is not self._found
            if note.attributes is None:
                of_code = {name: value for name, value in vars(made).items() if name not in (*note.names, _NOTE)}
                note.attributes = {name: _own(value, made, _ITSELF) for name, value in of_code.items()}
            if is_free:
                return made
            agent: Agent = object.__new__(type(made))
            vars(agent).update({name: _own(value, _ITSELF, agent) for name, value in note.attributes.items()})
            return agent

    def _made(self) -> Agent:
        """Return the one agent that the code has, or one that it has made for this call."""
        made = self._found
        for name in self._names[1:]:
            made = self._member(made() if inspect.isclass(made) else made, name)
        if not isinstance(made, Agent) and callable(made):
            made = made()
        if not isinstance(made, Agent) or _NOTE not in vars(made):
            raise ConfigError(
                [f"{self._target!r} gives {type(made).__name__}, not an agent; correct src/agent/agent.py"]
            )
        return made

    def _member(self, found: Any, name: str) -> Any:
        try:
            return getattr(found, name)
        except AttributeError:
            problem = f"{self._target!r}: there is no {name}; correct src/agent/agent.py"
            raise ConfigError([problem]) from None


@dataclass
class _Note:
    """What is known of an agent that adopted code made.

    Attributes:
        parts: What it was made of, as it was before the agent was.
        names: The attributes that `Agent` itself sets.
        attributes: Those that a class of the code's sets, as they were before any session; None until there is one.
    """

    parts: dict[str, Any]
    names: frozenset[str] = frozenset()
    attributes: dict[str, Any] | None = None


_NOTE = "_note_of_agentcore_kit"
"""The attribute of an agent that has its note, which so lives no longer than the agent."""

_ITSELF = object()
"""Stands for the agent in what is noted of it, such as a hook that is a method of the agent's."""

_MODEL: ContextVar[EnvironmentModel | None] = ContextVar("adopted_model", default=None)
"""Set where agents are made by adopted code; all others are made as if this module were not there."""

_ASKED: ContextVar[Model | None] = ContextVar("model_of_session", default=None)
"""The model of the session whose turn it is. The threads that Strands runs tools in have it too."""

_starting = threading.Lock()
_claiming = threading.Lock()


class _NoSession:
    """Stands for a session manager that adopted code makes; the session's own is used."""


@contextmanager
def _noted(model: EnvironmentModel) -> Iterator[None]:
    """Note of what each agent is made that the block makes, and keep it from models and sessions of its own."""
    _install()
    token = _MODEL.set(model)
    try:
        yield
    finally:
        _MODEL.reset(token)


@functools.cache
def _install() -> None:
    """Have the arguments of `Agent(…)` noted where adopted code makes one, and no session manager opened there.

    A session manager reads and writes when it is made: files that an image has no place for, or a service.
    """
    original: Callable[..., None] = Agent.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def noting(agent: Agent, *args: Any, **options: Any) -> None:
        if (model := _MODEL.get()) is None:
            original(agent, *args, **options)
            return
        _, *parts = signature.bind(agent, *args, **options).arguments.items()
        given = {**dict(parts), "model": model}
        given.pop("session_manager", None)
        given.pop("aux_model", None)
        note = _Note({name: _part(name, part, agent, _ITSELF) for name, part in given.items()})
        before = {*vars(agent)}
        original(agent, **given)
        note.names = frozenset(vars(agent)) - before
        vars(agent)[_NOTE] = note

    def opening(cls: type[SessionManager[Any]], *_: Any, **__: Any) -> Any:
        return object.__new__(cls) if _MODEL.get() is None else _NoSession()

    SessionManager.__new__ = opening  # type: ignore[method-assign, assignment]
    Agent.__init__ = noting  # type: ignore[method-assign, assignment]


def _answer_with(agent: Agent, model: Model) -> None:
    """Have a model answer the other agents of the code while a session's agent is asked, or a tool of it called."""

    def begin(event: HookEvent[Any]) -> None:
        _ASKED.set(model)

    for event in (BeforeInvocationEvent, BeforeToolCallEvent):
        agent.hooks.add_callback(event, begin, order=HookOrder.SDK_FIRST)


def _note(agent: Agent) -> _Note:
    note: _Note = vars(agent)[_NOTE]
    return note


def _part(name: str, part: Any, before: Any, after: Any) -> Any:
    """Return a part, or a copy of one that changes: as `_own`."""
    return _own(part, before, after) if name in _WITH_STATE else part


def _own(part: Any, before: Any, after: Any) -> Any:
    """Return a copy of what changes, with one object in the place of another that it refers to.

    Of what cannot be copied whole, as it holds a lock, it is a copy of its outside; of what cannot be copied at all,
    the same.
    """
    if isinstance(part, list):
        return [_own(one, before, after) for one in part]
    with suppress(Exception):
        return copy.deepcopy(part, {id(before): after})
    with suppress(Exception):
        return copy.copy(part)
    return part


def _open(tools: Any) -> list[Any]:
    """Return tools as a list; those of an MCP client that was closed again, as by a `with` block, can be called."""
    found: list[Any] = []
    for one in tools or ():
        if isinstance(one, list | tuple | set):
            found += _open(one)
            continue
        if isinstance(one, MCPAgentTool):
            _connect(one.mcp_client)
        found.append(one)
    return found


def _connect(client: MCPClient) -> None:
    with _starting:
        if not client._is_session_active():
            client.start()


def _quiet(handler: Any) -> Any:
    """Return a callback handler of the code's own; none for the default, which prints each answer."""
    return None if not callable(handler) or isinstance(handler, PrintingCallbackHandler) else handler
