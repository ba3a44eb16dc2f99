"""From a request to an answer: who asks, in which session, with which agent. Loaded after the port is open."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import date
from functools import partial
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from bedrock_agentcore.runtime import BedrockAgentCoreContext
from starlette.responses import JSONResponse
from strands import Agent
from strands.middleware import ExecuteToolStage, InvokeModelStage
from strands.models import Model

from agentcore_kit.config.import_string import import_string
from agentcore_kit.runtime import secrets, telemetry
from agentcore_kit.runtime.deadline import Deadline, until
from agentcore_kit.runtime.health import capacity
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.runtime.logging import configure_logging
from agentcore_kit.runtime.masking import mask
from agentcore_kit.serving import request_metrics
from agentcore_kit.serving.ag_ui import RunInput, translated
from agentcore_kit.serving.body import CheckedRequest
from agentcore_kit.serving.context import PromptContext
from agentcore_kit.serving.context_window import ContextWindow
from agentcore_kit.serving.errors import STOPPING, RequestRefused, TurnFailed, failure_of, out_of_time, retry_after
from agentcore_kit.serving.gateways import CallerToken, connect_gateways
from agentcore_kit.serving.guarded_traces import hold_back
from agentcore_kit.serving.guardrails import unblocked
from agentcore_kit.serving.interruption import WholeConversations, interruptible
from agentcore_kit.serving.invocation import SESSION_HEADER, Feedback
from agentcore_kit.serving.masked_events import masked
from agentcore_kit.serving.memory import build_session_manager
from agentcore_kit.serving.model_stream import whole_answers
from agentcore_kit.serving.models import build_model, guardrail_of_deployment, load_instrumentations, model_label
from agentcore_kit.serving.refused_content import without_refused_content
from agentcore_kit.serving.session import AgentSession
from agentcore_kit.serving.sessions import Conversation, Sessions
from agentcore_kit.serving.settings import AgentSettings
from agentcore_kit.serving.sse import TurnStream
from agentcore_kit.serving.tool_arguments import fitting_arguments, readable_arguments
from agentcore_kit.serving.tool_calls import ToolCallRecorder
from agentcore_kit.serving.turn import run_turn

if TYPE_CHECKING:
    from agentcore_kit.serving.agentcore_memory import Memories
    from agentcore_kit.serving.app import AgentApp

logger = logging.getLogger(__name__)

BuildAgent = Callable[[AgentSession], Agent]
"""A team's own function that builds the agent of a session."""

OnRequest = Callable[[Caller, str], Awaitable[None] | None]
"""A team's own function that sees the caller and the prompt of each request; it may raise RequestRefused."""


class Service:
    """The agent behind the HTTP contract; one a process."""

    def __init__(
        self, settings: AgentSettings, model: Model, build_agent: BuildAgent, on_request: OnRequest | None = None
    ) -> None:
        """Make the service of one process.

        Args:
            settings: The manifest and the environment.
            model: What answers; all sessions share it, so it must hold no conversation.
            build_agent: Builds the agent of a session.
            on_request: Sees each request before it is answered; None for nothing.
        """
        self.settings = settings
        self.model = model
        self.build_agent = build_agent
        self.on_request = on_request
        self._turns: set[Deadline] = set()
        self._others: dict[str, Service] = {}
        self._adding = Lock()
        limits = settings.environment.limits.sessions
        self.sessions = Sessions(
            self._open,
            max_sessions=limits.max_open,
            idle_seconds=limits.idle_seconds,
            capacity=capacity(len(settings.manifest.spec.tools.gateways)),
        )

    @classmethod
    def of_app(cls, app: AgentApp) -> Service:
        """Read files and secrets, set up logs and telemetry, build the model, and load the team's functions.

        Args:
            app: What the team's `create_app` returned; it names their functions.

        Raises:
            ConfigError: When a file is wrong, a secret cannot be had, or a name names nothing.
        """
        settings = AgentSettings.from_files()
        settings.require_addresses()
        configure_logging(_ids)  # the format of the team's own is its code, which may need a secret
        secrets.load(settings.environment)
        if app.log_formatter:
            configure_logging(_ids, app.log_formatter)
        if guardrail_of_deployment() and settings.environment.telemetry.record_content:
            hold_back()
        telemetry.configure(settings, app.build_agent.partition(".")[0], partial(load_instrumentations, settings))
        on_request = import_string(app.on_request) if app.on_request else None
        return cls(settings, build_model(settings), import_string(app.build_agent), on_request)

    def with_settings(self, settings: AgentSettings) -> Service:
        """Return the same agent with another model, whose sessions are its own; made once for each model. May block.

        Args:
            settings: Those of this service but for the model.

        Raises:
            ConfigError: When the model's secret cannot be had.
        """
        chosen = settings.environment.model
        if chosen == self.settings.environment.model:
            return self
        with self._adding:
            if (key := chosen.model_dump_json()) not in self._others:
                providers = {each.settings.environment.model.provider for each in (self, *self._others.values())}
                if chosen.provider not in providers:
                    load_instrumentations(settings)
                other = Service(settings, build_model(settings), self.build_agent, self.on_request)
                other._turns = self._turns  # they end with the server's
                self._others[key] = other
            return self._others[key]

    @classmethod
    def from_files(cls) -> Service:
        """Return the service of the application that `spec.code.app` of the manifest names.

        Raises:
            ConfigError: When a file is wrong, or a name names nothing.
        """
        settings = AgentSettings.from_files()
        return cls.of_app(import_string(settings.manifest.spec.code.app))

    async def respond(self, request: CheckedRequest, headers: Mapping[str, str]) -> JSONResponse | TurnStream:
        """Answer one request of the HTTP contract.

        Args:
            request: What is asked, by whom, in which session.
            headers: The request's, for the caller's trace.

        Returns:
            The answer, or a stream of its events when the payload asks for one or is a run of AG-UI; 403 with the
            reason when it is refused by `on_request`.

        Raises:
            TurnFailed: When the turn's time is up before it begins.
        """
        deadline = self._deadline()
        async with deadline.limit():
            await secrets.keep_fresh()
        invocation, caller, session_id = request.invocation, request.caller, request.session_id
        if isinstance(invocation, Feedback):
            request_metrics.rated(invocation.score, invocation.request_id, _ids() | {"sessionId": session_id})
            return JSONResponse({"feedback": "kept"}, headers={SESSION_HEADER: session_id})
        try:
            async with deadline.limit():
                await self.admit(caller, invocation.prompt)
        except RequestRefused as refusal:
            request_metrics.refused(403, _ids() | {"sessionId": session_id})
            return JSONResponse({"error": mask(str(refusal))}, status_code=403)
        events = self.ask(invocation.prompt, caller, session_id, headers, deadline)
        if isinstance(invocation, RunInput):
            return TurnStream(translated(events, invocation), {SESSION_HEADER: session_id})
        if invocation.stream:
            return TurnStream(events, {SESSION_HEADER: session_id})
        return await _collect(events, session_id)

    async def admit(self, caller: Caller, prompt: str) -> None:
        """Show a request to the team's own function, if there is one.

        Raises:
            RequestRefused: When that function refuses it.
        """
        if self.on_request and (waiting := self.on_request(caller, prompt)):
            await waiting

    async def ask(
        self,
        prompt: str,
        caller: Caller,
        session_id: str,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the events of one turn: `start`, those of `run_turn` as they happen, last `result` or `error`.

        Args:
            prompt: What the user says.
            caller: The verified user.
            session_id: The conversation that it is part of.
            headers: The request's, for the caller's trace.
            deadline: When the turn must have ended; None for as long as the environment says, from now on.
        """
        deadline = deadline or self._deadline()
        request_id = BedrockAgentCoreContext.get_request_id() or str(uuid4())
        identity = {"sessionId": session_id, "requestId": request_id, "model": self.describe_model()}
        BedrockAgentCoreContext.set_request_context(request_id, session_id)  # for the log
        ids = {"sessionId": session_id, "requestId": request_id}
        began, first_ms, ended = perf_counter(), None, False
        yield {"type": "start", **identity}
        self._turns.add(deadline)
        with telemetry.request_span("POST /invocations", headers or {}, session_id), until(deadline):
            try:
                async with AsyncExitStack() as stack:
                    async with deadline.limit():
                        conversation = await stack.enter_async_context(self.sessions.use(caller, session_id))
                    turn = self._turn(conversation.agent, prompt, caller, deadline)
                    async for event in await stack.enter_async_context(aclosing(turn)):
                        if event["type"] == "text" and first_ms is None:
                            first_ms = (perf_counter() - began) * 1000
                        if event["type"] != "summary":
                            yield event
                            continue
                        event["usage"]["estimated"] = self._estimated
                        logger.info(
                            "answered after %s model and %s tool calls in %.0f ms",
                            event["modelCalls"],
                            len(event["toolCalls"]),
                            event["latencyMs"],
                        )
                        ended, total_ms = True, (perf_counter() - began) * 1000
                        environment = self.settings.environment
                        price = environment.price(environment.model.id)
                        request_metrics.answered(event, first_ms, total_ms, price, ids)
                        notices = [*conversation.gateway.notices, *event["notices"]]
                        yield {**event, **identity, "notices": notices, "type": "result"}
            except Exception as error:
                # The cause goes to the log only: it may hold addresses, data or a stack that strangers must not see.
                expected = isinstance(error, TurnFailed)  # says all there is to say
                logger.error("request %s failed: %s", request_id, error, exc_info=None if expected else error)
                telemetry.mark_failed(error)
                ended, failure = True, failure_of(error)
                request_metrics.failed(failure, ids)
                yield {"type": "error", **failure.body(request_id)}
            finally:
                self._turns.discard(deadline)
                if not ended:
                    request_metrics.abandoned(ids)

    def _deadline(self) -> Deadline:
        seconds = self.settings.environment.limits.turn.seconds
        return Deadline(seconds, TurnFailed(out_of_time(seconds)))

    def _turn(
        self, agent: Agent, prompt: str, caller: Caller, deadline: Deadline
    ) -> AsyncGenerator[dict[str, Any], None]:
        limits = self.settings.environment.limits.turn
        turn = run_turn(agent, prompt, limits.max_model_calls, caller, limits.max_retries)
        return interruptible(agent, masked(turn), deadline)

    def drain(self, seconds: float) -> None:
        """Let the turns that there are end within so many seconds, as the server does. Any thread may call it."""
        for deadline in list(self._turns):
            deadline.shorten(seconds, TurnFailed(STOPPING))

    def close(self) -> None:
        """End the sessions' connections."""
        for each in (self, *self._others.values()):
            each.sessions.close()

    def own_tools(self) -> list[Any]:
        """Return the tools of the agent itself, which are those that it has without any gateway."""
        caller = Caller("nobody")
        agent = self.build_agent(AgentSession(self.settings, self.model, "nobody", caller))
        return list(agent.tool_registry.registry.values())

    def _open(self, caller: Caller, session_id: str) -> Conversation:
        token = CallerToken(caller)
        own = [tool.tool_name for tool in self.own_tools()] if self.settings.manifest.spec.tools.gateways else []
        gateway = connect_gateways(self.settings, token, own)

        def context() -> str:
            return describe_context(self.settings.today(), caller.first_name)

        try:
            memory = build_session_manager(self.settings, caller.user_id, session_id)
            agent = self.build_agent(
                AgentSession(
                    self.settings,
                    self.model,
                    session_id,
                    caller,
                    gateway.tools,
                    # Today's date is context, not a tool: one model call less, and never a wrong "last quarter".
                    [PromptContext(context), *gateway.plugins],
                    memory,
                )
            )
        except BaseException:
            gateway.close()
            raise
        agent.hooks.add_hook(ToolCallRecorder(self.settings.environment.limits.turn))
        agent.hooks.add_hook(WholeConversations())
        agent.hooks.add_hook(ContextWindow())
        agent.add_middleware(InvokeModelStage, unblocked)
        agent.add_middleware(InvokeModelStage, without_refused_content)
        agent.add_middleware(InvokeModelStage, whole_answers)
        agent.add_middleware(InvokeModelStage, readable_arguments)
        agent.add_middleware(ExecuteToolStage, fitting_arguments)
        return Conversation(
            agent, token, gateway, cast("Memories", memory) if self.settings.environment.memory else None
        )

    @property
    def _estimated(self) -> bool:
        return self.settings.environment.model.provider == "offline"

    def describe_model(self) -> dict[str, str | None]:
        """Return provider, id, and the label that must be shown beside its output, if any."""
        model = self.settings.environment.model
        return {"provider": model.provider, "id": model.id, "label": model_label(self.settings)}


def _ids() -> dict[str, str | None]:
    return {
        "sessionId": BedrockAgentCoreContext.get_session_id(),
        "requestId": BedrockAgentCoreContext.get_request_id(),
    }


async def _collect(events: AsyncGenerator[dict[str, Any], None], session_id: str) -> JSONResponse:
    last: dict[str, Any] = {}
    async with aclosing(events):
        async for event in events:
            last = event
    headers = {SESSION_HEADER: session_id}
    if last.pop("type") == "result":
        return JSONResponse(last, headers=headers)
    return JSONResponse(last, status_code=last["status"], headers=headers | retry_after(last))


def describe_context(today: date, user_name: str | None) -> str:
    """Return what every request tells the model besides the user's words: the date, and whom it talks to."""
    user = f' The user\'s first name is "{user_name}".' if user_name else ""
    return f"<context>Today is {today:%Y-%m-%d} ({today:%A}).{user}</context>"
