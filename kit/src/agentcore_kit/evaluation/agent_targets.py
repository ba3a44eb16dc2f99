"""Whom the evaluation asks: the agent in this process, one behind a URL, or a deployed one."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_random_exponential

from agentcore_kit.config.import_string import import_string
from agentcore_kit.evaluation.dataset import Row, Tools
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.evaluation.target import Conversation, Record, Target, host_of
from agentcore_kit.runtime.aws_signing import Signed
from agentcore_kit.serving.invocation import SESSION_HEADER

if TYPE_CHECKING:
    from strands import Agent

    from agentcore_kit.serving.settings import AgentSettings

USER = "evaluation"
CONNECT_SECONDS = 10.0
"""Answers may take longer: the run bounds each turn."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Call(_Part):
    name: str
    input: dict[str, JsonValue]
    status: Literal["success", "error"]
    result: JsonValue
    durationMs: float


class _Usage(_Part):
    totalTokens: int = 0
    inputTokens: int = 0
    outputTokens: int = 0
    estimated: bool = False


class _Answer(_Part):
    """What is measured of an answer, as the invocation contract names things."""

    answer: str
    toolCalls: list[_Call]
    modelCalls: int
    usage: _Usage = _Usage()
    timeToFirstTokenMs: float | None = None
    stopReason: str | None = None
    notices: list[str] = []
    model: dict[str, str | None] = {}


def parse(body: Any) -> _Answer:
    """Return what a target answered. Raises ValueError naming the first field that is not the contract's."""
    try:
        return _Answer.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise ValueError(f"the target's answer is not the contract's: field {field}: {first['msg']}") from None


def record(said: str, found: _Answer, latency_ms: float) -> Record:
    """Return a turn as the evaluation notes it; `latency_ms` in milliseconds."""
    calls: list[Any] = [call.model_dump() for call in found.toolCalls]
    return {
        "input": said,
        "answer": found.answer,
        "calls": calls,
        "modelCalls": found.modelCalls,
        "tokens": found.usage.totalTokens,
        "inputTokens": found.usage.inputTokens,
        "outputTokens": found.usage.outputTokens,
        "estimated": found.usage.estimated,
        "latencyMs": latency_ms,
        "firstTokenMs": found.timeToFirstTokenMs,
        "stopReason": found.stopReason,
        "notices": found.notices,
    }


class LocalTarget:
    """The agent in this process: no HTTP, a date and a user for each row, tools that fail when a row says so."""

    name = "local"

    def __init__(self, settings: AgentSettings | None = None) -> None:
        """Build the agent; its conversations go to a folder that `close` removes.

        Args:
            settings: The manifest and the environment; those of the files and variables, where they are left out.
        """
        from agentcore_kit.evaluation.faults import EvaluatedService
        from agentcore_kit.serving.models import build_model, model_label
        from agentcore_kit.serving.settings import AgentSettings

        base = settings or AgentSettings.from_files()
        self._state = Path(tempfile.mkdtemp(prefix="evaluation-"))
        self._settings = replace(base, state=self._state)
        model = build_model(self._settings)
        build_agent = import_string(import_string(base.manifest.spec.code.app).build_agent)
        self.model = {
            "provider": base.environment.model.provider,
            "id": base.environment.model.id,
            "label": model_label(base),
        }

        @cache
        def service(day: date) -> EvaluatedService:
            environment = self._settings.environment.model_copy(update={"today": day})
            return EvaluatedService(replace(self._settings, environment=environment), model, build_agent)

        self._service = service

    def excludes(self, row: Row) -> str | None:
        """Everything can be asked here."""
        return None

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a session of its own, on the row's date and as its user, and forget it afterwards."""
        from agentcore_kit.evaluation.faults import faults
        from agentcore_kit.runtime.identity import Caller

        service = self._service(row.metadata.date)
        user = f"{USER}-{uuid4()}"
        claims = {"given_name": row.metadata.user} if row.metadata.user else {}
        caller = Caller(user, claims, os.environ.get("EVAL_TOKEN", ""))  # the token is for gateways
        try:
            with faults(row):
                yield _LocalConversation(service, caller, f"{USER}-{uuid4()}")
        finally:
            # In a thread, because deleting ten small files takes as long as a short answer.
            asyncio.get_running_loop().run_in_executor(None, _remove, self._state / "sessions" / user)

    def close(self) -> None:
        """Remove what the conversations left."""
        _remove(self._state)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class _LocalConversation:
    service: Any
    caller: Any
    session_id: str

    async def ask(self, text: str) -> Record:
        # One level below `Service.ask`, which hides the cause of a failure from strangers.
        from agentcore_kit.serving.turn import run_turn

        body: dict[str, Any] = {}
        async with self.service.sessions.use(self.caller, self.session_id) as conversation:
            async for event in run_turn(conversation.agent, text):
                body = event
            body["notices"] = conversation.gateway.notices
        body["usage"]["estimated"] = self.service.settings.environment.model.provider == "offline"
        return record(text, parse(body), body["latencyMs"])


class HttpTarget:
    """An agent that serves the AgentCore HTTP contract: its date is what it is, and its tools never fail on demand."""

    def __init__(self, url: str, who: str | httpx.Auth, day: date, *, query: dict[str, str] | None = None) -> None:
        """Make the target.

        Args:
            url: Where requests are posted to, `/invocations` included.
            who: A user's access token, or what signs requests with AWS credentials.
            day: The date that the agent is told there.
            query: Names the endpoint of a deployed agent.
        """
        self.name = url
        self.model: dict[str, Any] = {}
        self._day = day
        self._query = query or {}
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            auth=None if isinstance(who, str) else who,
            headers={"Authorization": f"Bearer {who}"} if isinstance(who, str) else {},
        )

    def excludes(self, row: Row) -> str | None:
        """Leave out what needs another date, a tool made to fail, or a user that the token does not name."""
        about = row.metadata
        if about.failures or about.injections:
            return "tools can be made to fail only in process (--target local)"
        if about.user:
            return "the user's name comes from the token"
        same_quarter = (about.date.year, (about.date.month - 1) // 3) == (self._day.year, (self._day.month - 1) // 3)
        if not about.any_date and not same_quarter:
            return f"they mean another quarter than the target would on {self._day}"
        return None

    def close(self) -> None:
        """Leave the connections to the end of the process."""

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a session of its own."""
        yield _RemoteConversation(self, f"{USER}-{row.scenario_id}-{uuid4()}")

    async def invoke(self, session_id: str, payload: dict[str, Any]) -> httpx.Response:
        """Post one turn, again with growing pauses while the target is throttled and has not begun it.

        Args:
            session_id: The id of the session.
            payload: The body, as the invocation contract has it.

        Raises:
            CannotRun: When nobody answers, or the caller is refused.
            RuntimeError: For other errors.
        """
        headers = {SESSION_HEADER: session_id}
        try:
            reply: httpx.Response = await _unless_throttled()(
                self._client.post, self.name, params=self._query, json=payload, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise CannotRun(
                f"nobody answers at {self.name} ({error}); is the agent running? Start one: kit dev"
            ) from None
        if reply.status_code in (401, 403):
            raise CannotRun(f"{self.name} refused the caller ({reply.status_code}: {reply.text[:200]}); set EVAL_TOKEN")
        if reply.status_code != 200:
            raise RuntimeError(f"HTTP {reply.status_code}: {reply.text[:300]}")
        return reply


def _unless_throttled() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_result(lambda reply: reply.status_code in (429, 503)),
        wait=wait_random_exponential(max=20),
        stop=stop_after_attempt(5),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )


@dataclass
class _RemoteConversation:
    target: HttpTarget
    session_id: str

    async def ask(self, text: str) -> Record:
        reply = await self.target.invoke(self.session_id, {"prompt": text})
        found = parse(reply.json())
        known = self.target.model = self.target.model or found.model
        if found.model != known:
            raise CannotRun(f"the target's model was {known.get('id')!r} and is {found.model.get('id')!r}: start anew")
        return record(text, found, round(reply.elapsed.total_seconds() * 1000, 2))


def build_target(where: str, day: date | None = None) -> Target:
    """Return the target that `--target` names: `local`, a URL, or the ARN of a runtime or of one of its endpoints.

    A token comes from `EVAL_TOKEN`; without one, an agent on this machine gets a development token, and calls of a
    deployed one are signed with the AWS credentials of the shell.

    Raises:
        ValueError: when it names none of these.
    """
    token = os.environ.get("EVAL_TOKEN", "")
    today = datetime.now(UTC).date()
    if where == "local":
        return LocalTarget()
    if where.startswith("arn:"):
        arn, _, endpoint = where.partition("/runtime-endpoint/")
        parts = arn.split(":")
        if len(parts) != 6 or not parts[5].startswith("runtime/"):
            raise ValueError(f"--target: {where!r} is no ARN of an AgentCore runtime, arn:…:runtime/…")
        url = f"https://bedrock-agentcore.{parts[3]}.amazonaws.com/runtimes/{quote(arn, safe='')}/invocations"
        return HttpTarget(url, token or Signed(parts[3]), day or today, query={"qualifier": endpoint or "DEFAULT"})
    host = host_of(where)
    if not host:
        raise ValueError(f"--target: {where!r} is neither local, nor a URL, nor the ARN of a runtime")
    url = f"{where.rstrip('/').removesuffix('/invocations')}/invocations"
    if host in ("localhost", "127.0.0.1", "::1") and not token:
        from agentcore_kit.runtime.identity import issue_development_token
        from agentcore_kit.serving.settings import AgentSettings

        settings = AgentSettings.from_files()
        return HttpTarget(url, issue_development_token(USER, settings.state), day or settings.today())
    if not token:
        raise CannotRun(f"EVAL_TOKEN is not set; {host} needs a bearer token of a user")
    return HttpTarget(url, token, day or today)


def own_tools() -> Tools:
    """Return the parameters of the agent's own tools, by name: those of an agent without any gateway."""
    tools: list[Any] = list(bare_agent().tool_registry.registry.values())
    return {tool.tool_name: tool.tool_spec["inputSchema"]["json"] for tool in tools}


@cache
def bare_agent() -> Agent:
    """Return the repository's agent with no session, no gateway and the offline model: its own tools and its prompt."""
    from agentcore_kit.local.offline_model import OfflineModel
    from agentcore_kit.runtime.identity import Caller
    from agentcore_kit.serving.session import AgentSession
    from agentcore_kit.serving.settings import AgentSettings

    settings = AgentSettings.from_files()
    build_agent = import_string(import_string(settings.manifest.spec.code.app).build_agent)
    agent: Agent = build_agent(AgentSession(settings, OfflineModel(), "nobody", Caller("nobody")))
    return agent
