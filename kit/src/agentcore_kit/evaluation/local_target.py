"""The agent in this process, as whom the evaluation asks: with what it needs around it, and no HTTP."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from agentcore_kit.config.import_string import import_string
from agentcore_kit.evaluation.agent_answers import parse, record
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.target import Conversation, Record
from agentcore_kit.evaluation.users import EVALUATION, asker
from agentcore_kit.runtime.identity import Caller, claims_of, issue_development_token

if TYPE_CHECKING:
    from agentcore_kit.serving.settings import AgentSettings


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
        session_id = f"{EVALUATION}-{uuid4()}"
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
            limits = self.service.settings.environment.limits.turn
            turn = run_turn(conversation.agent, text, limits.max_model_calls, self.caller, limits.max_retries)
            async for event in turn:
                body = event
            body["notices"] = [*conversation.gateway.notices, *body["notices"]]
        body["usage"]["estimated"] = self.service.settings.environment.model.provider == "offline"
        return record(text, parse(body), body["latencyMs"])
