"""The state of a rehearsal at one moment: the emulated AWS and the copy of the repository, to go back to."""

from __future__ import annotations

import copy
import io
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentcore_kit.local.aws_emulator.cloud import Cloud

_CLOUD, _HOME = "cloud.pickle", "repository"


@dataclass(frozen=True)
class Saved:
    """A moment that can be restored.

    Attributes:
        cloud: A copy of the emulated AWS, without what answers behind it and without the calls it got.
        home: A folder with a copy of the repository, commits and results included.
    """

    cloud: Cloud
    home: Path


def copied(cloud: Cloud) -> Cloud:
    """Return a copy of the emulated AWS, without what answers behind it and without the calls it got so far."""
    return copy.deepcopy(cloud, {id(cloud.agent): None, id(cloud.calls): []})


def save(cloud: Cloud, home: Path, folder: Path) -> Saved:
    """Save a moment.

    Args:
        cloud: The emulated AWS.
        home: The repository.
        folder: Where the copy of the repository goes; it must not be there yet.
    """
    shutil.copytree(home, folder / _HOME, symlinks=True)
    return Saved(copied(cloud), folder / _HOME)


def write(saved: Saved, folder: Path) -> None:
    """Write a saved moment beside its copy of the repository, for another process.

    Args:
        saved: What `save` returned for the same folder.
        folder: The folder that `save` was given.
    """
    content = io.BytesIO()
    _Writer(content, saved.cloud.address).dump(saved.cloud)
    (folder / _CLOUD).write_bytes(content.getvalue())


def read(folder: Path, address: str) -> Saved | None:
    """Return the moment that another rehearsal has written to a folder of this machine, None when there is none.

    Args:
        folder: The folder. What is read is Python's own format: only what a rehearsal has written may be in it.
        address: Where the emulated AWS is served now; it replaces the address that the moment was saved with.
    """
    file = folder / _CLOUD
    if not file.is_file():
        return None
    cloud: Cloud = _Reader(io.BytesIO(file.read_bytes()), address).load()
    return Saved(cloud, folder / _HOME)


class _Writer(pickle.Pickler):
    """Writes texts that have the server's address in them in a form in which the address can be another one later."""

    def __init__(self, file: io.BytesIO, address: str) -> None:
        super().__init__(file)
        self._address = address

    def persistent_id(self, obj: Any) -> tuple[str, ...] | None:
        if isinstance(obj, str) and self._address and self._address in obj:
            return tuple(obj.split(self._address))
        return None


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, address: str) -> None:
        super().__init__(file)
        self.persistent_load: Callable[[Any], Any] = lambda parts: address.join(parts)
