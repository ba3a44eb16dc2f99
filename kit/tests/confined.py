"""A process as Lambda and a Runtime with a read-only root run it: `/tmp` alone takes files, and the user is another.

Where this machine lets a test make a file system, the process gets one of its own. Everywhere else every attempt of
Python's to write outside the temporary folder is refused, with what a read-only file system answers.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import agentcore_kit

USER = 993
"""A user who owns nothing of the image, as Lambda's."""

_LAYOUT = """
set -e
PATH=$PATH:/usr/sbin:/sbin # where chroot is
root=$(mktemp -d)
mount -t tmpfs tmpfs "$root"
mkdir -p "$root/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" # first: what is bound may be below it
for folder in $FOLDERS; do
    [ -e "$folder" ] || continue
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
    mount -o remount,bind,ro "$root$folder"
done
mkdir -p "$root/var/task" "$root/dev" "$root/proc"
mount --bind "$IMAGE" "$root/var/task"
mount -o remount,bind,ro "$root/var/task"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
mount -o remount,ro "$root"
cd "$root"
exec chroot --userspec="$USER_ID:$USER_ID" "$root" /bin/sh -c "cd /var/task && exec \\"\\$@\\"" sh "$@"
"""

_REFUSING = '''
"""Runs `-m MODULE` as Python itself does, in a process that is refused to write outside the temporary folder."""

import errno
import os
import runpy
import sys

_ACCESS, _TAKES = os.access, (os.path.realpath(os.environ["TMPDIR"]), "/dev")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_CHANGES = {"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime", "sqlite3.connect"}
_MOVES = {"os.rename", "os.link", "os.symlink"}


def _refused(path):
    if isinstance(path, int) or path is None or os.fspath(path) in ("", b"", ":memory:"):
        return False
    where = os.path.realpath(os.fsdecode(path))
    return not any(where == one or where.startswith(one + os.sep) for one in _TAKES)


def _hook(event, arguments):
    changed = ()
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
        changed = arguments[:1]
    elif event in _CHANGES:
        changed = arguments[:1]
    elif event in _MOVES:
        changed = arguments[:2]
    for path in changed:
        if _refused(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


def _access(path, mode, **options):
    return not (mode & os.W_OK and _refused(path)) and _ACCESS(path, mode, **options)


os.access = _access
sys.addaudithook(_hook)
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
'''


@dataclass(frozen=True)
class Confined:
    """How to start a process: its command, its variables, and where it starts."""

    command: list[str]
    variables: dict[str, str]
    folder: Path


@cache
def can_make_file_systems() -> bool:
    """Return whether this process may make a file system and become another user, as root on Linux may."""
    if sys.platform != "linux" or os.geteuid() != 0 or not (program := shutil.which("unshare")):
        return False
    tried = subprocess.run([program, "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


WAYS = ["refused", *(["file system"] if can_make_file_systems() else [])]
"""How a process is confined on this machine; the first way works everywhere."""


def confined(way: str, image: Path, command: Sequence[str], variables: Mapping[str, str], user: int = USER) -> Confined:
    """Return how to start a command in an image's folder, where nothing but the temporary folder takes files.

    Args:
        way: One of `WAYS`.
        image: A folder with what the image has, readable by all as the Dockerfile leaves it.
        command: What to start; `python`, which is followed by `-m`, is this one.
        variables: Its environment, besides where Python finds what.
        user: Who it runs as, where it has a file system of its own.
    """
    kit = str(Path(agentcore_kit.__file__).parents[1])
    if way == "refused":
        starter, temporary = image.parent / "start.py", image.parent / "tmp"
        temporary.mkdir()
        starter.write_text(_REFUSING, encoding="utf-8")
        paths = os.pathsep.join([str(image / "src"), str(image)])
        return Confined(
            _started(command, str(starter)), {**variables, "PYTHONPATH": paths, "TMPDIR": str(temporary)}, image
        )
    folders = ["/usr", "/bin", "/lib", "/lib64", "/etc", sys.prefix, sys.base_prefix, kit]
    layout = {"FOLDERS": " ".join(map(shlex.quote, folders)), "IMAGE": str(image), "USER_ID": str(user)}
    paths = "/var/task/src:/var/task"
    start = ["unshare", "-m", "--propagation", "private", "bash", "-c", _LAYOUT, "bash", *_started(command)]
    return Confined(start, {**variables, **layout, "PYTHONPATH": paths}, image)


def _started(command: Sequence[str], *starter: str) -> list[str]:
    at = command.index("python")
    return [*command[:at], sys.executable, *starter, *command[at + 1 :]]
