"""Where conversations are kept: in files locally, in AgentCore Memory where the manifest names a memory."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from strands.session import SessionManager, SnapshotSessionManager
from strands.storage import LocalFileStorage

from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    import boto3

_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


def build_session_manager(settings: AgentSettings, user_id: str, session_id: str) -> SessionManager[Any]:
    """Return where one user's one session is kept: in files, or in the memory that the environment names.

    Blocks, as it may read the disk or call AWS.
    """
    memory = settings.environment.memory
    if memory is None:
        folder = settings.sessions / safe_id(user_id)

        class Snapshots(_PromptOfThisVersion, SnapshotSessionManager):
            """One atomic write a turn: a turn is kept whole or not at all."""

        return Snapshots(safe_id(session_id), storage=LocalFileStorage(str(folder)))
    from bedrock_agentcore.memory.integrations.strands.config import AgentCoreMemoryConfig, RetrievalConfig
    from bedrock_agentcore.memory.integrations.strands.session_manager import AgentCoreMemorySessionManager

    config = AgentCoreMemoryConfig(
        memory_id=memory.id, actor_id=safe_id(user_id), session_id=safe_id(session_id), async_mode=True,
        retrieval_config={namespace: RetrievalConfig() for namespace in memory.recall},
    )  # fmt: skip
    session = _local_session(memory.endpoint, settings) if memory.endpoint else None

    class Memories(_PromptOfThisVersion, AgentCoreMemorySessionManager):
        """Events of AgentCore Memory, and what it learned of the user."""

    return Memories(config, region_name=settings.environment.region, boto_session=session)


class _PromptOfThisVersion:
    """A stored conversation brings back the prompt it was held with; this version's prompt holds from now on."""

    def initialize(self, agent: Any, **options: Any) -> None:
        """Restore the conversation of an agent, and leave its prompt as it is."""
        prompt = agent.system_prompt_content
        super().initialize(agent, **options)  # type: ignore[misc]  # of the session manager beside it
        agent.system_prompt = prompt


def _local_session(endpoint: str, settings: AgentSettings) -> boto3.Session:
    """Return what makes clients of a memory on this machine, which knows the agent by its access key: its name."""
    import boto3

    class LocalSession(boto3.Session):  # type: ignore[misc]  # boto3 has no type hints
        def client(self, *arguments: Any, **options: Any) -> Any:
            return super().client(*arguments, **{**options, "endpoint_url": endpoint})

    return LocalSession(settings.name, "local", region_name=settings.environment.region)


def safe_id(text: str) -> str:
    """Return an id that is safe as a file name and as an actor or session id of AgentCore Memory.

    What the service's pattern would refuse, could read as a path (`a/b`), or has capitals, which some file systems
    ignore, becomes a hash, so that two ids never become one. What looks like such a hash is hashed too.
    """
    if _SAFE.fullmatch(text) and not text.startswith("sha256-"):
        return text
    return f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"
