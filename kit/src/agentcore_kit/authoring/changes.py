"""The files that a command changes: held in memory, shown as a difference, and written all or not at all."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def not_placed(name: str, line: int, what: str, next_step: str) -> CommandError:
    """Return the error of a file in which the place for a change was not found; nothing is changed then.

    Args:
        name: The file, relative to the repository.
        line: Where in it, counted from 1.
        what: What could not be placed, and why.
        next_step: What a person does there instead.
    """
    return CommandError(f"{name}:{line}: {what}; nothing was changed", next_step, WRONG_INPUT)


@dataclass
class _File:
    """One file: what is on the disk, and what is to be there; None for no such file."""

    before: bytes | None
    after: bytes | None


class Changes:
    """What a command changes in a repository.

    Args:
        root: The repository.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, _File] = {}

    def exists(self, name: str) -> bool:
        """Return whether a file is there, or is to be."""
        return name in self._files or (self.root / name).exists()

    def text(self, name: str) -> str:
        """Return the text of a file as it is to be, its line ends as they are.

        Args:
            name: The file, relative to the repository.

        Raises:
            CommandError: When it is not there, or is no text.
        """
        try:
            if name not in self._files:
                content = (self.root / name).read_bytes()
                self._files[name] = _File(content, content)
            if (after := self._files[name].after) is None:
                raise FileNotFoundError
            return after.decode()
        except FileNotFoundError:
            raise not_placed(name, 1, "there is no such file", "restore it, then type the same again") from None
        except (OSError, UnicodeDecodeError) as error:
            what = f"cannot be read as UTF-8 text: {error}"
            raise not_placed(name, 1, what, "correct the file, then type the same again") from None

    def set(self, name: str, text: str) -> None:
        """Let a file that is there have another text. What is added gets the line ends that the file has."""
        before = self.text(name)
        self._files[name].after = (text if "\r\n" not in before else re.sub(r"(?<!\r)\n", "\r\n", text)).encode()

    def create(self, name: str, content: str | bytes) -> None:
        """Let a new file have a content. One that is there stays as it is: it is its team's by now."""
        if not self.exists(name):
            self._files[name] = _File(None, content.encode() if isinstance(content, str) else content)

    def remove(self, name: str) -> None:
        """Let a file be there no longer."""
        if (self.root / name).is_file():
            self._files[name] = _File((self.root / name).read_bytes(), None)
        else:
            self._files.pop(name, None)

    def changed(self) -> dict[str, bytes | None]:
        """Return the new content of each file that changes; None of one that is to be there no longer."""
        return {name: file.after for name, file in self._files.items() if file.before != file.after}

    def is_new(self, name: str) -> bool:
        """Return whether a file that changes is not there yet."""
        return self._files[name].before is None

    def difference(self, *names: str) -> str:
        """Return a unified difference of the files that are named, or of all that change; empty when nothing does."""
        return "\n".join(line for name in names or self.changed() for line in self._difference(name))

    def write(self) -> None:
        """Write all that changes; when that fails, all files are as they were before.

        Raises:
            CommandError: When a file was changed meanwhile, or could not be written.
        """
        names = list(self.changed())
        for name in names:
            path = self.root / name
            if (path.read_bytes() if path.exists() else None) != self._files[name].before:
                step = "type the same again, which shows what would change now"
                raise not_placed(name, 1, "was changed meanwhile", step)
        done: list[str] = []
        try:
            for name in names:
                done.append(name)
                _put(self.root / name, self._files[name].after)
        except BaseException as error:
            for name in done:
                self._restore(name)
            if isinstance(error, OSError):
                message = f"{name} cannot be written ({error.strerror}); every file is as it was before"
                raise CommandError(message, "correct that, then type the same again") from None
            raise

    def _restore(self, name: str) -> None:
        before, path = self._files[name].before, self.root / name
        if before is None or not path.exists() or path.read_bytes() != before:
            _put(path, before)

    def _difference(self, name: str) -> Iterator[str]:
        file = self._files[name]
        before, after = (_LINE.findall((content or b"").decode()) for content in (file.before, file.after))
        source = "/dev/null" if file.before is None else f"a/{name}"
        target = "/dev/null" if file.after is None else f"b/{name}"
        around = 0 if name.endswith(".jsonl") else 3  # a row is a long line, which says nothing of the one beside it
        for line in difflib.unified_diff(before, after, source, target, n=around):
            yield line.rstrip("\r\n")


def _put(path: Path, content: bytes | None) -> None:
    """Let a file have a content, or be there no longer; then a folder that it leaves empty is not either."""
    if content is not None:
        _replace(path, content)
        return
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _replace(path: Path, content: bytes) -> None:
    """Put a content in the place of a file's at once, so that no reader ever sees half of it."""
    path = path.resolve()  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    known = os.umask(0o022)
    os.umask(known)
    return known
