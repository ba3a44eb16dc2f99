"""From a request to an answer: who asks, in which session, with which agent. Loaded after the port is open."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import uuid4

from bedrock_agentcore.runtime import BedrockAgentCoreContext
from starlette.responses import JSONResponse
from strands.models import Model

from agent.agent import build_agent
from agent.tools import TOOLS
from agentcore_kit.serving.invocation import SESSION_HEADER, BadRequest, parse_invocation, session_id_or_new
from agentcore_kit.serving.gateways import CallerToken, connect_gateways
from agentcore_kit.serving.memory import build_session_manager
from agentcore_kit.serving.models import build_model, load_instrumentations, model_label
from agentcore_kit.serving.sessions import Conversation, Sessions
from agentcore_kit.serving.settings import Settings
from agentcore_kit.serving.sse import TurnStream
from agentcore_kit.runtime import logging, telemetry
from agentcore_kit.runtime.identity import Caller, Unauthenticated, authenticate
from agentcore_kit.serving.turn import ToolCallRecorder, run_turn

logger = logging.getLogger(__name__)


class Service:
    """The agent behind the HTTP contract; one a process."""

    def __init__(self, settings: Settings, model: Model) -> None:
        """`model` is shared by all sessions, so it must hold no conversation."""
        self.settings = settings
        self.model = model
        self.sessions = Sessions(self._open)

    @classmethod
    def from_files(cls) -> Service:
        """Read manifest and environment, set up logs and telemetry, and build the model."""
        settings = Settings.from_files()
        logging.configure(_ids)
        telemetry.configure(settings, partial(load_instrumentations, settings))
        return cls(settings, build_model(settings))

    async def respond(
        self, payload: Any, headers: Mapping[str, str], session_header: str | None
    ) -> JSONResponse | TurnStream:
        """Answer one request of the HTTP contract; a stream when the payload asks for one."""
        try:
            invocation = parse_invocation(payload)
            session_id = session_id_or_new(session_header)
            caller = authenticate(headers, self.settings.environment.identity.mode, self.settings.state)
        except BadRequest as error:
            return JSONResponse({"error": error.message, "field": error.field}, status_code=400)
        except Unauthenticated as error:
            return JSONResponse({"error": str(error)}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
        events = self.ask(invocation.prompt, caller, session_id, headers)
        if invocation.stream:
            return TurnStream(events)
        return await _collect(events, session_id)

    async def ask(
        self, prompt: str, caller: Caller, session_id: str, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the events of one turn: `start`, `text` and `tool` as they happen, last `result` or `error`."""
        request_id = BedrockAgentCoreContext.get_request_id() or str(uuid4())
        identity = {"sessionId": session_id, "requestId": request_id, "model": self.describe_model()}
        BedrockAgentCoreContext.set_request_context(request_id, session_id)  # for the log
        yield {"type": "start", **identity}
        with telemetry.request_span("POST /invocations", headers or {}, session_id):
            try:
                async with (
                    self.sessions.use(caller, session_id) as conversation,
                    aclosing(run_turn(conversation.agent, prompt)) as turn,
                ):
                    async for event in turn:
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
                        notices = [*conversation.gateway.notices, *event["notices"]]
                        yield {**event, **identity, "notices": notices, "type": "result"}
            except Exception as error:
                # The cause goes to the log only: it may hold addresses, data or a stack that strangers must not see.
                logger.exception("request %s failed", request_id)
                telemetry.mark_failed(error)
                yield {"type": "error", "error": "internal error", "requestId": request_id}

    def close(self) -> None:
        """End the sessions' connections."""
        self.sessions.close()

    def _open(self, caller: Caller, session_id: str) -> Conversation:
        token = CallerToken(caller)
        gateway = connect_gateways(self.settings, token, [tool.tool_name for tool in TOOLS])
        try:
            agent = build_agent(
                self.settings,
                self.model,
                session_id=session_id,
                user_name=caller.first_name,
                session_manager=build_session_manager(self.settings, caller.user_id, session_id),
                gateway_tools=gateway.tools,
                plugins=gateway.plugins,
            )
        except BaseException:
            gateway.close()
            raise
        agent.hooks.add_hook(ToolCallRecorder())
        return Conversation(agent, token, gateway)

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
    async for event in events:
        last = event
    failed = last.pop("type") == "error"
    return JSONResponse(last, status_code=500 if failed else 200, headers={SESSION_HEADER: session_id})
