"""Whom the evaluation asks: an agent that has nothing but these tools, over MCP, from this repository or a URL."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from agentcore_kit.evaluation.dataset import Row, Tools
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.evaluation.target import Conversation, Record, Target, host_of
from agentcore_kit.evaluation.users import (
    NOBODY,
    CannotSignIn,
    by_development_token,
    by_given_tokens,
    given_tokens,
    user_of,
)
from agentcore_kit.mcp_server.server import ToolSettings
from agentcore_kit.runtime.aws_signing import Signed
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.logging import quiet_libraries
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.tool_contract.definitions import offered

USER = "evaluation"
PROMPT = "Use the tools to answer. Decline what no tool is for."


class ToolTarget:
    """The tools behind a URL, tried by an agent whose model reads nothing but their documentation.

    The model is the offline one; `EVAL_MODEL` names a Bedrock model or inference profile instead.
    """

    def __init__(self, name: str, url: str, token: str = "") -> None:
        """Without a token each row is a local user of its own. `EVAL_SIGNED`, a region: AWS credentials instead.

        The tokens of users whom rows name come from `EVAL_USER_TOKENS`; a local server gets development tokens.
        """
        from agentcore_kit.local.offline_model import LABEL, OfflineModel

        self.name = name
        self._url, self._token = url, token
        users = given_tokens()
        made_up = NOBODY if token else by_development_token(STATE)
        self._sign_in = made_up if users is None else by_given_tokens(users)
        model_id = os.environ.get("EVAL_MODEL")
        if model_id:
            from strands.models import BedrockModel

            self._model: Any = BedrockModel(model_id=model_id)
            self.model: dict[str, Any] = {"provider": "bedrock", "id": model_id, "label": None}
        else:
            self._model = OfflineModel()
            self.model = {"provider": "offline", "id": "offline", "label": LABEL}

    def excludes(self, row: Row) -> str | None:
        """Leave out what would need the server's own tools to fail, or a user who cannot be signed in."""
        if row.metadata.failures:
            return "tools behind a server cannot be made to fail"
        if row.metadata.user is None:
            return None
        if os.environ.get("EVAL_SIGNED"):
            return "with AWS credentials no tool knows of a user"
        try:
            self._sign_in(user_of(row.metadata.user))
        except CannotSignIn as error:
            return str(error)
        return None

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a connection as the row's user, or as one that nothing is known of."""
        from strands import Agent
        from strands.tools.mcp import MCPClient

        from agentcore_kit.serving.tool_calls import ToolCallRecorder

        session = f"{USER}-{uuid4()}"
        if region := os.environ.get("EVAL_SIGNED"):
            client = MCPClient(url=self._url, auth_provider=Signed(region))
        else:
            name = row.metadata.user
            unknown = self._token or issue_development_token(session, STATE)
            token = unknown if name is None else self._sign_in(user_of(name))
            client = MCPClient(url=self._url, headers={"Authorization": f"Bearer {token}"})
        try:
            client.start()
        except Exception as error:
            raise CannotRun(f"no tools at {self._url}: {error}; is the server running, and EVAL_TOKEN right?") from None
        try:
            agent = Agent(
                model=self._model, system_prompt=PROMPT, tools=list(client.list_tools_sync()), callback_handler=None
            )
            agent.hooks.add_hook(ToolCallRecorder())
            yield _Conversation(agent, session)
        finally:
            client.stop(None, None, None)

    def close(self) -> None:
        """Free nothing, for nothing is held."""


@dataclass
class _Conversation:
    agent: Any
    session_id: str

    async def ask(self, text: str) -> Record:
        """Return the turn as it went."""
        from agentcore_kit.serving.turn import run_turn

        body: dict[str, Any] = {}
        async for event in run_turn(self.agent, text):
            body = event
        usage = body["usage"]
        calls: list[Any] = [{**call, "name": call["name"].rpartition("___")[2]} for call in body["toolCalls"]]
        return {
            "input": text,
            "answer": body["answer"],
            "calls": calls,
            "modelCalls": body["modelCalls"],
            "tokens": usage["totalTokens"],
            "inputTokens": usage["inputTokens"],
            "outputTokens": usage["outputTokens"],
            "estimated": self.agent.model.get_config().get("model_id") == "offline",
            "latencyMs": body["latencyMs"],
            "firstTokenMs": body["timeToFirstTokenMs"],
            "stopReason": body["stopReason"],
            "notices": [],
        }


class LocalTarget(ToolTarget):
    """The tools of this repository, served from this process for as long as the evaluation runs."""

    def __init__(self) -> None:
        self._serving = serving(ToolSettings.from_files())
        super().__init__("local", self._serving.__enter__())

    def close(self) -> None:
        """Stop serving."""
        self._serving.__exit__(None, None, None)


@contextmanager
def serving(settings: ToolSettings) -> Iterator[str]:
    """Serve the tools on a free port of this machine; yield their URL."""
    from agentcore_kit.local.served_app import NotServed, served
    from agentcore_kit.mcp_server.http import MCP_PATH, build_app

    logging.basicConfig(level=logging.WARNING)
    quiet_libraries()
    try:
        with served(build_app(settings, "127.0.0.1"), "tools") as address:
            yield f"{address}{MCP_PATH}"
    except NotServed:
        raise CannotRun("the tools cannot be served here; see: kit dev") from None


def build_target(where: str, day: date | None = None) -> Target:
    """Return the target that `--target` names: `local`, or the URL of an MCP endpoint, such as a gateway's.

    A token comes from `EVAL_TOKEN`; a server on this machine gets a development token.

    Raises:
        ValueError: when it names neither. CannotRun: when a token is needed.
    """
    if where == "local":
        return LocalTarget()
    host, token = host_of(where), os.environ.get("EVAL_TOKEN", "")
    if not host:
        raise ValueError(f"--target: {where!r} is neither local nor a URL such as http://127.0.0.1:8000/mcp")
    if not token and "EVAL_SIGNED" not in os.environ and host not in ("localhost", "127.0.0.1", "::1"):
        raise CannotRun(f"EVAL_TOKEN is not set; {host} needs a bearer token of a user")
    return ToolTarget(where, where, token)


def own_tools() -> Tools:
    """Return the parameters of the tools, by name."""
    return {tool["name"]: tool["inputSchema"] for tool in offered()}
