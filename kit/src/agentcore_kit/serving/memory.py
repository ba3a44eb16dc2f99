"""Where conversations are kept: in files locally, in AgentCore Memory where the manifest names a memory."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from strands.session import SessionManager

from agentcore_kit.serving.conversation_files import FileConversations, PrivateFiles
from agentcore_kit.serving.models import guardrail_of_deployment
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    import boto3

    from agentcore_kit.serving.agentcore_memory import Outage

_RECALLED = "user_context"
"""Between tags of this name the model is told what the memory recalled."""

_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


def build_session_manager(settings: AgentSettings, user_id: str, session_id: str) -> SessionManager[Any]:
    """Return where one user's one session is kept: in files, or in the memory that the environment names.

    Blocks, as it may read the disk or call AWS.
    """
    memory = settings.environment.memory
    if memory is None:
        folder = settings.sessions / safe_id(user_id)

        class Snapshots(_PromptOfThisVersion, FileConversations):
            """Files of conversations."""

        return Snapshots(safe_id(session_id), storage=PrivateFiles(folder))
    from bedrock_agentcore.memory.integrations.strands import session_manager
    from bedrock_agentcore.memory.integrations.strands.config import AgentCoreMemoryConfig, RetrievalConfig

    from agentcore_kit.serving.agentcore_memory import MESSAGES, Memories, NotingSession

    config = AgentCoreMemoryConfig(
        memory_id=str(memory.id), actor_id=safe_id(user_id), session_id=safe_id(session_id), async_mode=True,
        batch_size=MESSAGES, context_tag=_RECALLED,
        retrieval_config={namespace: RetrievalConfig() for namespace in memory.recall},
    )  # fmt: skip
    session_manager.logger.addFilter(_worth_telling)

    class Remembered(_PromptOfThisVersion, Memories):
        """Events of AgentCore Memory, and what it learned of the user."""

    session = NotingSession(*_session(memory.endpoint, settings.name, settings.environment.region))
    guarded = bool(guardrail_of_deployment())
    return Remembered(config, settings.environment.region, session, guarded=guarded)


def memory_client(settings: AgentSettings, service: str = "bedrock-agentcore") -> Any:
    """Return boto3's client of the memory that the environment names, with the credentials that the agent itself has.

    Args:
        settings: Those of an agent whose environment names a memory.
        service: The service's name as boto3 knows it: of the data plane, or of the control plane.
    """
    memory, region = settings.environment.memory, settings.environment.region
    session, _ = _session(memory.endpoint if memory else None, settings.name, region)
    return session.client(service, region_name=region)


class _PromptOfThisVersion:
    """A stored conversation brings back the prompt it was held with; this version's prompt holds from now on."""

    def initialize(self, agent: Any, **options: Any) -> None:
        """Restore the conversation of an agent, and leave its prompt as it is."""
        prompt = agent.system_prompt_content
        super().initialize(agent, **options)  # type: ignore[misc]  # of the session manager beside it
        agent.system_prompt = prompt


def _worth_telling(record: logging.LogRecord) -> bool:
    """Leave out that the agent must be invoked asynchronously: the server always does."""
    return "async_mode=True" not in str(record.msg)


@cache  # reading the services' models takes longer than a short answer
def _session(endpoint: str | None, name: str, region: str) -> tuple[boto3.Session, Outage]:
    """Return what makes clients of the memory, and since when it is down; all conversations of the process share them.

    Args:
        endpoint: Where a memory on this machine is, which knows the agent by its access key: its name. None in AWS.
        name: The agent's.
        region: The region of the memory.
    """
    import boto3

    from agentcore_kit.serving.agentcore_memory import CLIENT, Outage

    making = Lock()
    made: dict[tuple[str, Any], Any] = {}

    class Session(boto3.Session):  # type: ignore[misc]  # boto3 has no type hints
        def client(self, service: str, *arguments: Any, **options: Any) -> Any:
            options |= {"endpoint_url": endpoint} if endpoint else {}
            options["config"] = CLIENT.merge(options["config"]) if options.get("config") else CLIENT
            key = (service, options.get("region_name"))
            with making:
                if key not in made:
                    made[key] = super().client(service, *arguments, **options)
                    if endpoint:  # in AWS the trace goes on by X-Ray's header, which the client's instrumentation sets
                        made[key].meta.events.register("before-sign", _continue_trace)
            return made[key]

    credentials = {"aws_access_key_id": name, "aws_secret_access_key": "local"} if endpoint else {}
    return Session(region_name=region, **credentials), Outage()


def _continue_trace(request: Any, **_: Any) -> None:
    """Tell a memory on this machine whose request this is part of: trace and session, in the headers of W3C."""
    from opentelemetry.propagate import inject

    inject(request.headers)


def is_recalled(content: Sequence[Any]) -> bool:
    """Return whether the content of a message begins with what a memory recalled; what a user says is one block."""
    text = content[0].get("text", "") if len(content) > 1 else ""
    return text.startswith(f"<{_RECALLED}>") and text.endswith(f"</{_RECALLED}>")


def safe_id(text: str) -> str:
    """Return an id that is safe as a file name and as an actor or session id of AgentCore Memory.

    What the service's pattern would refuse, could read as a path (`a/b`), or has capitals, which some file systems
    ignore, becomes a hash, so that two ids never become one. What looks like such a hash is hashed too.
    """
    if _SAFE.fullmatch(text) and not text.startswith("sha256-"):
        return text
    return f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"
