"""Folders and files for what only the owner of this account may read: conversations, traces, secrets, databases."""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from pathlib import Path

_OTHERS = 0o077


def private_folder(folder: Path) -> Path:
    """Make a folder if it is not there, with those around it, close it to everybody else, and return it.

    Raises:
        OSError: When it is not there and cannot be made.
    """
    missing = takewhile(lambda each: not each.exists(), folder.parents)
    for each in (*reversed(list(missing)), folder):
        each.mkdir(mode=0o700, exist_ok=True)
    close_to_others(folder)
    return folder


def private_file(path: Path) -> Path:
    """Make a file, empty, if it is not there, close it to everybody else, also an older one, and return it.

    Raises:
        OSError: When it is not there and cannot be made.
    """
    if not path.exists():
        with suppress(FileExistsError):
            path.touch(mode=0o600, exist_ok=False)
    close_to_others(path)
    return path


def close_to_others(path: Path) -> None:
    """Let only the owner read and write a file or folder that is there; another's stays as it is."""
    with suppress(OSError):
        mode = path.stat().st_mode & 0o777
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
