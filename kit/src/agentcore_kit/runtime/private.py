"""Folders for what only the owner of this machine's account may read: conversations, traces, secrets."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def private_folder(folder: Path) -> Path:
    """Make a folder if it is not there, close it to everybody else, and return it.

    Raises:
        OSError: When it is not there and cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):  # another's folder stays as it is
        folder.chmod(0o700)
    return folder
