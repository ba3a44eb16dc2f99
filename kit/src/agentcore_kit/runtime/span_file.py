"""The spans of local runs: lines of JSON in a few files of bounded size, to which several processes write at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from agentcore_kit.runtime.private import private_file, private_folder

MAX_BYTES = 10_000_000
"""How large a file may grow, in bytes."""

FILES = 5
"""How many files there are at most: the newest, and those before it, as `spans.1.jsonl` and so on."""


def append(path: Path, lines: Iterable[str]) -> None:
    """Append whole lines. Where the file is full, it becomes the last but one, and the oldest of all is deleted.

    Nothing is kept open, and one process writes at a time: none writes to a file that another has moved away.

    Args:
        path: The newest file. Its folder is made where there is none, and is the owner's alone.
        lines: What to append, without line ends.

    Raises:
        OSError: When it cannot be written, for example because the disk is full.
    """
    private_folder(path.parent)
    with _held(path.parent, fcntl.LOCK_EX):
        for part in _parts(lines):
            if path.exists() and path.stat().st_size + len(part) > MAX_BYTES:
                _rotate(path)
            _write(private_file(path), part)


def read(path: Path) -> list[str]:
    """Return the lines of all files, oldest first; none where there are no files."""
    if not path.parent.is_dir():
        return []
    with _held(path.parent, fcntl.LOCK_SH):
        whole = [file.read_bytes() for file in (*reversed(_earlier(path)), path) if file.exists()]
    return [line for one in whole for line in one.decode(errors="replace").split("\n") if line]


def _earlier(path: Path) -> list[Path]:
    """Return where the files before the newest are, the youngest first."""
    return [path.with_name(f"{path.stem}.{number}{path.suffix}") for number in range(1, FILES)]


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, how)
        yield
    finally:
        os.close(lock)


def _parts(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield the lines in parts that fit into a file; a line that does not is alone."""
    part = bytearray()
    for line in lines:
        encoded = line.encode(errors="replace") + b"\n"
        if part and len(part) + len(encoded) > MAX_BYTES:
            yield bytes(part)
            part.clear()
        part += encoded
    if part:
        yield bytes(part)


def _rotate(path: Path) -> None:
    for younger, older in reversed([*pairwise([path, *_earlier(path)])]):
        if younger.exists():
            younger.replace(older)


def _write(path: Path, part: bytes) -> None:
    with path.open("rb+", buffering=0) as file:
        # What a killed process or a full disk left of a line must not spoil the next one.
        if (end := file.seek(0, os.SEEK_END)) and os.pread(file.fileno(), 1, end - 1) != b"\n":
            part = b"\n" + part
        rest = memoryview(part)
        while rest:
            rest = rest[file.write(rest) :]
