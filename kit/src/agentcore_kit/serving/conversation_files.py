"""Files of conversations that only their owner may read. A full disk costs what cannot be kept, and not the turn."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from strands.hooks import AfterInvocationEvent, HookRegistry
from strands.session import SnapshotSessionManager
from strands.storage import LocalFileStorage
from strands.types.exceptions import StorageError

from agentcore_kit.runtime.private import close_to_others, private_folder
from agentcore_kit.serving.tool_calls import NOTICES

_NOT_KEPT = "The conversation cannot be kept on the disk at the moment; it goes on while this session is open."

logger = logging.getLogger(__name__)


class FileConversations(SnapshotSessionManager):
    """One atomic write a turn, which is kept whole or not at all. What one turn cannot write, the next one does."""

    _failed = False

    def register_hooks(self, registry: HookRegistry, **options: Any) -> None:
        """Listen for the end of turns. Callbacks of it run in reverse order: the caller is told after the writing."""
        registry.add_callback(AfterInvocationEvent, self._tell)
        super().register_hooks(registry, **options)

    async def save_snapshot(self, agent: Any, *, is_latest: bool) -> str | None:
        """Write the conversation, if the disk takes it."""
        try:
            return await super().save_snapshot(agent, is_latest=is_latest)
        except (OSError, StorageError) as error:
            logger.error("a conversation cannot be kept on the disk: %s", error.__cause__ or error)
            self._failed = True
            return None

    def _tell(self, event: AfterInvocationEvent) -> None:
        if self._failed:
            event.invocation_state.get(NOTICES, []).append(_NOT_KEPT)
        self._failed = False


class PrivateFiles(LocalFileStorage):
    """Strands' files in a folder, closed to everybody else: the folder first, so that none is open in between."""

    def __init__(self, folder: Path) -> None:
        """Keep files in a folder, which is made with the first of them."""
        super().__init__(str(folder))

    async def write(self, key: str, data: bytes) -> None:
        """Store data as a file."""
        private_folder(Path(self.base_dir))
        await super().write(key, data)
        path = Path(self.base_dir, key)
        for each in (path, *path.parents):
            if not each.is_relative_to(self.base_dir):
                break
            close_to_others(each)
