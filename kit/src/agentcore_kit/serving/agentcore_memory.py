"""Conversations in AgentCore Memory: written once a turn, and a memory that does not answer costs no turn."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any, cast

import boto3
from bedrock_agentcore.memory.integrations.strands.config import AgentCoreMemoryConfig
from bedrock_agentcore.memory.integrations.strands.session_manager import AgentCoreMemorySessionManager
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from strands.hooks import AfterInvocationEvent, HookRegistry
from strands.types.exceptions import SessionException
from strands.types.session import Session, SessionType

from agentcore_kit.serving.tool_calls import NOTICES

REST_SECONDS = 15.0
"""How long a memory that did not answer is left alone."""

CLIENT = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
"""How clients of the memory wait and try again: a turn waits for them."""

MESSAGES = 100
"""How many messages are written at once: the most that an event takes. A turn has fewer and is written at its end."""

WAITING = 90
"""How many messages wait for a memory that does not answer."""

_UNAVAILABLE = "The memory is unavailable at the moment: what it knows was not used, and this is not kept yet."

logger = logging.getLogger(__name__)


class MemoryUnavailable(Exception):
    """The memory is not asked, as it did not answer a moment ago."""


_FAILED = (BotoCoreError, ClientError, MemoryUnavailable)


class Outage:
    """Since when the memory does not answer; all sessions share it."""

    def __init__(self) -> None:
        self._began: float | None = None

    def check(self) -> None:
        """Raise MemoryUnavailable when it did not answer a moment ago."""
        if self._began is not None and monotonic() - self._began < REST_SECONDS:
            raise MemoryUnavailable

    def begin(self) -> None:
        """Note that it does not answer."""
        self._began = monotonic()


class Noted:
    """A client that notes which calls fail.

    Attributes:
        failed: The operations that failed.
    """

    def __init__(self, client: Any, failed: set[str], outage: Outage) -> None:
        self._client, self.failed, self._outage = client, failed, outage

    def __getattr__(self, name: str) -> Any:
        """Return an operation, or what else the client has."""
        found = getattr(self._client, name)
        if name not in self._client.meta.method_to_api_mapping:
            return found

        def called(**parameters: Any) -> Any:
            try:
                self._outage.check()
                return found(**parameters)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                    self._outage.begin()
                if error.response["Error"]["Code"] != "ResourceNotFoundException" or name == "create_event":
                    self._note(name, error)
                raise
            except BotoCoreError as error:
                self._outage.begin()
                self._note(name, error)
                raise
            except MemoryUnavailable:
                self.failed.add(name)
                raise

        return called

    def _note(self, name: str, error: Exception) -> None:
        self.failed.add(name)
        logger.warning("the memory failed: %s: %s", name, error)


class NotingSession:
    """A session of boto3 whose clients note which calls fail."""

    def __init__(self, session: boto3.Session, outage: Outage) -> None:
        self._session, self._outage = session, outage
        self.failed: set[str] = set()
        self.region_name = session.region_name

    def client(self, *arguments: Any, **options: Any) -> Noted:
        """Return a client; the arguments are those of boto3."""
        return Noted(self._session.client(*arguments, **options), self.failed, self._outage)


class Memories(AgentCoreMemorySessionManager):
    """Events of AgentCore Memory, and what it learned of the user.

    A turn is written at its end, so that what a guardrail blocks was redacted before. What cannot be written waits for
    the end of the next turn.

    Attributes:
        is_stale: Whether the session was opened without what was said before, and the memory answers by now.
    """

    is_stale = False

    def __init__(
        self, config: AgentCoreMemoryConfig, region_name: str, boto_session: NotingSession, *, guarded: bool = False
    ) -> None:
        """Open a session of the memory.

        Args:
            config: Whose session it is, and what is recalled.
            region_name: Where the memory is.
            boto_session: What makes clients that note failures.
            guarded: Whether the model has a guardrail: then a question that it never saw is not kept.
        """
        self._guarded = guarded
        self._failed = boto_session.failed
        self._unsure = self._incomplete = False
        super().__init__(config, region_name, cast("boto3.Session", boto_session))

    def initialize(self, agent: Any, **options: Any) -> None:
        """Restore the conversation of an agent, as far as it can be read."""
        super().initialize(agent, **options)
        self._incomplete = self._incomplete or "list_events" in self._failed

    def register_hooks(self, registry: HookRegistry, **options: Any) -> None:
        """Listen for messages and the end of a turn, where the user is told last what failed in it."""
        registry.add_callback(AfterInvocationEvent, self._tell)
        super().register_hooks(registry, **options)
        registry.add_callback(AfterInvocationEvent, self._leave_out_unseen)  # the last is called first

    def read_session(self, session_id: str, **options: Any) -> Session | None:
        """Return the session, or one that stands for it while the memory cannot be read."""
        try:
            return super().read_session(session_id, **options)
        except _FAILED:
            self._unsure = self._incomplete = True
            return Session(session_id=session_id, session_type=SessionType.AGENT)

    def create_session(self, session: Session, **options: Any) -> Session:
        """Write that there is a session, or do so later."""
        try:
            return super().create_session(session, **options)
        except _FAILED:
            self._unsure = True
            return session

    def create_message(self, *arguments: Any, **options: Any) -> Any:
        """Keep a message for the end of the turn.

        Where too many wait, those before it are written: the model has answered them, so a guardrail has passed them.
        """
        if self.pending_message_count() >= WAITING:
            self._flush_messages_only()
        return super().create_message(*arguments, **options)

    def create_agent(self, *arguments: Any, **options: Any) -> None:
        """Keep the agent's state for the end of the turn; only its last one is written."""
        self._forget_older_states()
        super().create_agent(*arguments, **options)

    def close(self) -> None:
        """Write what is not written yet; what cannot be written now is lost."""
        super().close()
        if waiting := self.pending_message_count():
            logger.error("%s messages are not kept: the memory did not answer until the session was closed", waiting)

    def _leave_out_unseen(self, event: AfterInvocationEvent) -> None:
        """Leave out a question that failed before the guardrail saw it, with what says that it failed."""
        last = event.agent.messages[-2:]
        if not self._guarded or event.result is not None or [each["role"] for each in last] != ["user", "assistant"]:
            return
        asked, said = last
        if "metadata" in said or any("toolResult" in block for block in asked["content"]):
            return  # the model has answered in this turn
        with self._message_lock:
            del self._message_buffer[-2:]
        logger.warning("a question that failed before the guardrail saw it is not kept")

    def _flush_messages_only(self) -> list[dict[str, Any]]:
        try:
            if self._unsure:
                if super().read_session(self.session_id) is None:
                    super().create_session(self.session)
                    self._incomplete = False  # there was nothing to be read
                self._unsure = False
            written = super()._flush_messages_only()
        except (*_FAILED, SessionException) as error:
            self._let_go(error.__cause__ or error)
            return []
        self.is_stale = self._incomplete and bool(written)
        return written

    def _let_go(self, error: BaseException) -> None:
        """Give up messages that the memory will never take, or that are too many."""
        refused = isinstance(error, ClientError) and error.response["Error"]["Code"] == "ValidationException"
        with self._message_lock:
            lost = len(self._message_buffer) if refused else max(0, len(self._message_buffer) - WAITING)
            del self._message_buffer[:lost]
        if lost:
            logger.error("%s messages are not kept: %s", lost, error if refused else "the memory does not answer")

    def _flush_agent_states_only(self) -> list[dict[str, Any]]:
        self._forget_older_states()
        if self._incomplete:  # the state of an agent without its past would take the place of what is there
            return []
        try:
            return super()._flush_agent_states_only()
        except SessionException:
            return []

    def _forget_older_states(self) -> None:
        with self._agent_state_lock:
            del self._agent_state_buffer[:-1]

    def _tell(self, event: AfterInvocationEvent) -> None:
        if self._failed or self._incomplete:
            event.invocation_state.get(NOTICES, []).append(_UNAVAILABLE)
        self._failed.clear()
