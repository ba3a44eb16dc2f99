"""Whom the evaluation asks: the agent in this process, one behind a URL, or a deployed one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from ops.evaluation.dataset import Row, Tools
from ops.evaluation.runs import CannotRun
from ops.evaluation.target import Conversation, Record, Target

if TYPE_CHECKING:
    import httpx

    from agent.wiring.settings import Settings

USER = "evaluation"
CONNECT_SECONDS = 10.0
"""Answers may take longer: the run bounds each turn."""


def record(said: str, body: dict[str, Any], latency_ms: float) -> Record:
    """Return a turn from the agent's result, as the invocation contract names things."""
    usage = body.get("usage", {})
    return {
        "input": said,
        "answer": body["answer"],
        "calls": body["toolCalls"],
        "modelCalls": body["modelCalls"],
        "tokens": usage.get("totalTokens", 0),
        "inputTokens": usage.get("inputTokens", 0),
        "outputTokens": usage.get("outputTokens", 0),
        "estimated": usage.get("estimated", False),
        "latencyMs": latency_ms,
        "firstTokenMs": body.get("timeToFirstTokenMs"),
        "stopReason": body.get("stopReason"),
        "notices": body.get("notices", []),
    }


class LocalTarget:
    """The agent in this process: no HTTP, a date and a user for each row, tools that fail when a row says so."""

    name = "local"

    def __init__(self, settings: Settings | None = None) -> None:
        """Without `settings`, those of the files and variables. Conversations go to a folder that is removed."""
        from agent.wiring.models import build_model, model_label
        from agent.wiring.settings import Settings
        from ops.evaluation.faults import EvaluatedService

        base = settings or Settings.from_files()
        self._state = Path(tempfile.mkdtemp(prefix="evaluation-"))
        self._settings = replace(base, state=self._state)
        model = build_model(self._settings)
        self.model = {
            "provider": base.environment.model.provider,
            "id": base.environment.model.id,
            "label": model_label(base),
        }

        @cache
        def service(day: date) -> EvaluatedService:
            environment = self._settings.environment.model_copy(update={"today": day})
            return EvaluatedService(replace(self._settings, environment=environment), model)

        self._service = service
        self._services: list[EvaluatedService] = []

    def excludes(self, row: Row) -> str | None:
        """Everything can be asked here."""
        return None

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a session of its own, on the row's date and as its user, and forget it afterwards."""
        from ops.evaluation.faults import faults
        from runtime.identity import Caller

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
        from runtime.turn import run_turn

        body: dict[str, Any] = {}
        async with self.service.sessions.use(self.caller, self.session_id) as conversation:
            async for event in run_turn(conversation.agent, text):
                body = event
            body["notices"] = conversation.gateway.notices
        body["usage"]["estimated"] = self.service.settings.environment.model.provider == "offline"
        return record(text, body, body["latencyMs"])


class _RemoteTarget(ABC):
    """What agents behind a network have in common: their date is what it is, and their tools cannot be made to fail."""

    def __init__(self, name: str, day: date) -> None:
        self.name = name
        self.model: dict[str, Any] = {}
        self._day = day

    def excludes(self, row: Row) -> str | None:
        """Leave out what needs another date, a tool made to fail, or a user that the token does not name."""
        about = row.metadata
        if about.failures or about.injections:
            return "tools can be made to fail only in process (TARGET=local)"
        if about.user:
            return "the user's name comes from the token"
        same_quarter = (about.date.year, (about.date.month - 1) // 3) == (self._day.year, (self._day.month - 1) // 3)
        if not about.any_date and not same_quarter:
            return f"they mean another quarter than the target would on {self._day}"
        return None

    def close(self) -> None:  # noqa: B027 - nothing is held
        """Free nothing, for nothing is held."""

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a session of its own."""
        yield _RemoteConversation(self, f"{USER}-{row.scenario_id}-{uuid4()}")

    @abstractmethod
    async def invoke(self, session_id: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send one turn and return the agent's result."""


@dataclass
class _RemoteConversation:
    target: _RemoteTarget
    session_id: str

    async def ask(self, text: str) -> Record:
        began = perf_counter()
        body = await self.target.invoke(self.session_id, {"prompt": text})
        self.target.model = body.get("model", {})
        return record(text, body, round((perf_counter() - began) * 1000, 2))


class HttpTarget(_RemoteTarget):
    """An agent that serves the AgentCore HTTP contract, with a bearer token of the caller."""

    def __init__(self, url: str, token: str, day: date, *, query: dict[str, str] | None = None) -> None:
        """`url` is where requests are posted to, `/invocations` included."""
        super().__init__(url, day)
        self._query = query or {}
        self._token = token
        self._client: httpx.AsyncClient | None = None

    async def invoke(self, session_id: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Post one turn. Raises CannotRun when nobody answers or refuses the caller, RuntimeError for other errors."""
        import httpx

        from agent.wiring.contract import SESSION_HEADER

        self._client = self._client or httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT_SECONDS))
        headers = {"Authorization": f"Bearer {self._token}", SESSION_HEADER: session_id}
        try:
            reply = await self._client.post(self.name, params=self._query, json=payload, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise CannotRun(
                f"nobody answers at {self.name} ({error}); is the agent running? Start one: make dev"
            ) from None
        if reply.status_code in (401, 403):
            raise CannotRun(f"{self.name} refused the token ({reply.status_code}: {reply.text[:200]}); set EVAL_TOKEN")
        if reply.status_code != 200:
            raise RuntimeError(f"HTTP {reply.status_code}: {reply.text[:300]}")
        found: dict[str, Any] = reply.json()
        return found


class RuntimeTarget(_RemoteTarget):
    """A deployed agent, called with the AWS credentials of the shell (SigV4) for want of a token."""

    def __init__(self, arn: str, qualifier: str, day: date) -> None:
        import boto3

        super().__init__(arn, day)
        self._qualifier = qualifier
        self._client = boto3.client("bedrock-agentcore", region_name=arn.split(":")[3])

    async def invoke(self, session_id: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call InvokeAgentRuntime. Raises what boto3 raises."""
        reply = await asyncio.to_thread(self._client.invoke_agent_runtime, **self.parameters(session_id, payload))
        found: dict[str, Any] = json.loads(reply["response"].read())
        return found

    def parameters(self, session_id: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of InvokeAgentRuntime for one turn."""
        return {
            "agentRuntimeArn": self.name,
            "qualifier": self._qualifier,
            "runtimeSessionId": session_id,
            "contentType": "application/json",
            "accept": "application/json",
            "payload": json.dumps(payload).encode(),
        }


def build_target(where: str, day: date | None = None) -> Target:
    """Return the target that `TARGET` names: `local`, a URL, or the ARN of a runtime or of one of its endpoints.

    A token comes from `EVAL_TOKEN`; an agent on this machine gets a development token.

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
            raise ValueError(f"TARGET: {where!r} is no ARN of an AgentCore runtime, arn:…:runtime/…")
        qualifier = endpoint or "DEFAULT"
        if not token:
            return RuntimeTarget(arn, qualifier, day or today)
        url = f"https://bedrock-agentcore.{parts[3]}.amazonaws.com/runtimes/{quote(arn, safe='')}/invocations"
        return HttpTarget(url, token, day or today, query={"qualifier": qualifier})
    host = urlsplit(where).hostname
    if urlsplit(where).scheme not in ("http", "https") or not host:
        raise ValueError(f"TARGET: {where!r} is neither local, nor a URL, nor the ARN of a runtime")
    url = f"{where.rstrip('/').removesuffix('/invocations')}/invocations"
    if host in ("localhost", "127.0.0.1", "::1") and not token:
        from agent.wiring.settings import Settings
        from runtime.identity import issue_development_token

        settings = Settings.from_files()
        return HttpTarget(url, issue_development_token(USER, settings.state), day or settings.today())
    if not token:
        raise CannotRun(f"EVAL_TOKEN is not set; {host} needs a bearer token of a user")
    return HttpTarget(url, token, day or today)


def own_tools() -> Tools:
    """Return the parameters of the agent's own tools, by name."""
    from agent.tools import TOOLS

    tools: list[Any] = list(TOOLS)
    return {tool.tool_name: tool.tool_spec["inputSchema"]["json"] for tool in tools}
