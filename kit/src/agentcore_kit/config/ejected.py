"""Modules of the kit that a repository has taken over: a copy in `src/ejected/` is imported in the place of its own.

Every start of a server imports this, so it imports next to nothing itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agentcore_kit.config.repository import repository_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import ModuleType

FOLDER = "src/ejected"


class EjectedModules:
    """Finds a module of the kit in a folder, before Python looks where the kit is installed.

    Args:
        folder: The absolute path, with modules at `agentcore_kit/…` in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is; None where the repository has not taken it over."""
        if not fullname.startswith("agentcore_kit."):
            return None
        from importlib.util import spec_from_file_location

        file = self.folder.joinpath(*fullname.split(".")).with_suffix(".py")
        return spec_from_file_location(fullname, file) if file.is_file() else None


def use_ejected_modules() -> None:
    """Let the modules that this repository has taken over go before the kit's own; do nothing where there are none."""
    folder = repository_path(FOLDER).resolve()
    if folder.is_dir():
        sys.meta_path.insert(0, EjectedModules(folder))
