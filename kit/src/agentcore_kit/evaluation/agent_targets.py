"""Whom the evaluation asks: the agent in this process, one behind a URL, or a deployed one."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
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
from agentcore_kit.evaluation.users import (
    EVALUATION,
    NOBODY,
    CannotSignIn,
    SignIn,
    asker,
    by_development_token,
    by_given_tokens,
    given_tokens,
    user_of,
)
from agentcore_kit.runtime.aws_signing import Signed
from agentcore_kit.runtime.identity import Caller, claims_of, issue_development_token
from agentcore_kit.serving.invocation import SESSION_HEADER

if TYPE_CHECKING:
    from strands import Agent

    from agentcore_kit.serving.settings import AgentSettings

USER = EVALUATION
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

    def __init__(self, settings: AgentSettings | None = None, *, as_is: Collection[str] = ()) -> None:
        """Build the agent, and start what it needs around it; its conversations go to a folder that `close` removes.

        Args:
            settings: The manifest and the environment; those of the files and variables, where they are left out.
            as_is: The names of gateways that are used as they are, and not as they were recorded.

        Raises:
            ConfigError: When a file is wrong, or the recording of a gateway is none.
        """
        from agentcore_kit.evaluation.faults import EvaluatedService
        from agentcore_kit.local.surroundings import surroundings
        from agentcore_kit.serving.models import build_model, model_label
        from agentcore_kit.serving.settings import AgentSettings

        base = settings or AgentSettings.from_files()
        real = base.environment.model.provider != "offline"
        self._around = ExitStack()
        around = self._around.enter_context(surroundings(base.manifest, base.environment, real=real, as_is=as_is))
        self.missing = list(around.missing.values())
        self._lacks = around.lacks
        self._state = Path(tempfile.mkdtemp(prefix="evaluation-"))
        self._settings = replace(base, state=self._state, environment=around.applied(base.environment))
        # Tools on this machine that trust this agent know the secret that it has there; nobody else needs to.
        self._secrets = base.state if base.manifest.spec.tools.gateways else self._state
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
            made = EvaluatedService(replace(self._settings, environment=environment), model, build_agent)
            self._around.callback(made.close)  # its connections, before what they lead to
            return made

        self._service = service

    def excludes(self, row: Row) -> str | None:
        """Leave out what needs tools of a gateway that is missing; all else can be asked here."""
        return self._lacks(row, own_tools()) if self.missing else None

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a session of its own, on the row's date and as its user, and forget it afterwards."""
        from agentcore_kit.evaluation.faults import faults
        from agentcore_kit.serving.memory import safe_id

        service = self._service(row.metadata.date)
        user = asker(row.metadata.user)
        user_id = user.user_id
        # As over HTTP: the claims of a token, which goes on to gateways.
        token = issue_development_token(user_id, self._secrets, claims=user.claims)
        caller = Caller(user_id, claims_of(token), os.environ.get("EVAL_TOKEN") or token)
        session_id = f"{USER}-{uuid4()}"
        try:
            with faults(row):
                yield _LocalConversation(service, caller, session_id)
        finally:
            # In a thread, because deleting ten small files takes as long as a short answer.
            folder = self._state / "sessions" / safe_id(user_id)
            if "sub" in user.claims:  # others of the user's conversations may be going on
                folder = folder / safe_id(session_id)
            asyncio.get_running_loop().run_in_executor(None, _remove, folder)

    def close(self) -> None:
        """Remove what the conversations left, and stop what was started."""
        self._around.close()
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
            limit = self.service.settings.environment.limits.turn.max_model_calls
            async for event in run_turn(conversation.agent, text, limit, self.caller):
                body = event
            body["notices"] = conversation.gateway.notices
        body["usage"]["estimated"] = self.service.settings.environment.model.provider == "offline"
        return record(text, parse(body), body["latencyMs"])


class HttpTarget:
    """An agent that serves the AgentCore HTTP contract: its date is what it is, and its tools never fail on demand."""

    def __init__(
        self,
        url: str,
        who: str | httpx.Auth,
        day: date,
        *,
        query: dict[str, str] | None = None,
        sign_in: SignIn | None = None,
    ) -> None:
        """Make the target.

        Args:
            url: Where requests are posted to, `/invocations` included.
            who: A user's access token, or what signs requests with AWS credentials.
            day: The date that the agent is told there.
            query: Names the endpoint of a deployed agent.
            sign_in: Gives the token of a user whom a row names; None where nobody else can be signed in.
        """
        self.name = url
        self.model: dict[str, Any] = {}
        self._day = day
        self._query = query or {}
        self._sign_in = sign_in or NOBODY
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            auth=None if isinstance(who, str) else who,
            headers={"Authorization": f"Bearer {who}"} if isinstance(who, str) else {},
        )

    def excludes(self, row: Row) -> str | None:
        """Leave out what needs another date, a tool made to fail, or a user who cannot be signed in."""
        about = row.metadata
        if about.failures or about.injections:
            return "tools can be made to fail only in process (--target local)"
        same_quarter = (about.date.year, (about.date.month - 1) // 3) == (self._day.year, (self._day.month - 1) // 3)
        if not about.any_date and not same_quarter:
            return f"they mean another quarter than the target would on {self._day}"
        if about.user is not None:
            try:
                self._sign_in(user_of(about.user))
            except CannotSignIn as error:
                return str(error)
        return None

    def close(self) -> None:
        """Leave the connections to the end of the process."""

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a session of its own, as the row's user."""
        name = row.metadata.user
        token = "" if name is None else self._sign_in(user_of(name))
        yield _RemoteConversation(self, f"{USER}-{row.scenario_id}-{uuid4()}", token)

    async def invoke(self, session_id: str, payload: dict[str, Any], token: str = "") -> httpx.Response:
        """Post one turn, again with growing pauses while the target is throttled and has not begun it.

        Args:
            session_id: The id of the session.
            payload: The body, as the invocation contract has it.
            token: The access token of who asks, where that is another than the target's own user.

        Raises:
            CannotRun: When nobody answers, or the caller is refused.
            RuntimeError: For other errors.
        """
        headers, own = {SESSION_HEADER: session_id}, {}
        if token:
            headers["Authorization"], own = f"Bearer {token}", {"auth": None}
        try:
            reply: httpx.Response = await _unless_throttled()(
                self._client.post, self.name, params=self._query, json=payload, headers=headers, **own
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
    token: str = ""

    async def ask(self, text: str) -> Record:
        reply = await self.target.invoke(self.session_id, {"prompt": text}, self.token)
        found = parse(reply.json())
        known = self.target.model = self.target.model or found.model
        if found.model != known:
            raise CannotRun(f"the target's model was {known.get('id')!r} and is {found.model.get('id')!r}: start anew")
        return record(text, found, round(reply.elapsed.total_seconds() * 1000, 2))


def build_target(where: str, day: date | None = None) -> Target:
    """Return the target that `--target` names: `local`, a URL, or the ARN of a runtime or of one of its endpoints.

    A token comes from `EVAL_TOKEN`, those of users whom rows name from `EVAL_USER_TOKENS`. Without them, an agent on
    this machine gets development tokens, and calls of a deployed one are signed with the shell's AWS credentials.

    Raises:
        ValueError: when it names none of these.
    """
    token, users = os.environ.get("EVAL_TOKEN", ""), given_tokens()
    sign_in = None if users is None else by_given_tokens(users)
    today = datetime.now(UTC).date()
    if where == "local":
        local = LocalTarget()
        for line in local.missing:
            print(line, file=sys.stderr)
        return local
    if where.startswith("arn:"):
        arn, _, endpoint = where.partition("/runtime-endpoint/")
        parts = arn.split(":")
        if len(parts) != 6 or not parts[5].startswith("runtime/"):
            raise ValueError(f"--target: {where!r} is no ARN of an AgentCore runtime, arn:…:runtime/…")
        url = f"https://bedrock-agentcore.{parts[3]}.amazonaws.com/runtimes/{quote(arn, safe='')}/invocations"
        query = {"qualifier": endpoint or "DEFAULT"}
        return HttpTarget(url, token or Signed(parts[3]), day or today, query=query, sign_in=sign_in)
    host = host_of(where)
    if not host:
        raise ValueError(f"--target: {where!r} is neither local, nor a URL, nor the ARN of a runtime")
    url = f"{where.rstrip('/').removesuffix('/invocations')}/invocations"
    if host in ("localhost", "127.0.0.1", "::1") and not token:
        from agentcore_kit.serving.settings import AgentSettings

        settings = AgentSettings.from_files()
        made_up = sign_in or by_development_token(settings.state)
        own = issue_development_token(USER, settings.state)
        return HttpTarget(url, own, day or settings.today(), sign_in=made_up)
    if not token:
        raise CannotRun(f"EVAL_TOKEN is not set; {host} needs a bearer token of a user")
    return HttpTarget(url, token, day or today, sign_in=sign_in)


def own_tools() -> Tools:
    """Return the parameters of the agent's own tools, by name: those of an agent without any gateway."""
    tools: list[Any] = list(bare_agent().tool_registry.registry.values())
    return {tool.tool_name: tool.tool_spec["inputSchema"]["json"] for tool in tools}


def known_tools() -> Tools:
    """Return the parameters of the tools that rows may name: the agent's own, and those of recorded gateways."""
    from agentcore_kit.config.manifest import load_manifest
    from agentcore_kit.local.surroundings import recorded_tools

    return {**recorded_tools(load_manifest()), **own_tools()}


@cache
def bare_agent() -> Agent:
    """Return the repository's agent with no session, no gateway and the offline model: its own tools and its prompt."""
    from agentcore_kit.local.offline_model import OfflineModel
    from agentcore_kit.serving.session import AgentSession
    from agentcore_kit.serving.settings import AgentSettings

    settings = AgentSettings.from_files()
    build_agent = import_string(import_string(settings.manifest.spec.code.app).build_agent)
    agent: Agent = build_agent(AgentSession(settings, OfflineModel(), "nobody", Caller("nobody")))
    return agent
