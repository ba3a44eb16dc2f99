"""A disk without room: a small file system in memory where that may be mounted, else a limit of the size of files."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.agent.failures.world import World

_SIZE = "2m"


@contextmanager
def full_disk(there: World) -> Iterator[Callable[[], None]]:
    """Let the agent's folder for conversations be full; yield what makes room again.

    Where no file system may be mounted, the agent's process may write no file longer than it is: the system then says
    `EFBIG` and not `ENOSPC`, and the agent has the same `OSError` at the same place.
    """
    folder = there.home / ".local" / "sessions"
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    mounted = subprocess.run(
        [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode == 0:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        filler = folder / "filler"
        try:
            _fill(filler)
            yield lambda: filler.unlink(missing_ok=True)
        finally:
            there.end()
            subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=False)
        return
    assert there.process
    before = resource.prlimit(there.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(there.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    process = there.process.pid

    def free() -> None:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)

    yield free


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return
