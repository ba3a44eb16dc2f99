"""Calls the tools as Lambda does, in a process that may write to the temporary folder alone; exit code 1 with an error.

Python's own attempts to write elsewhere are refused as a read-only file system refuses them. The kit's tests run the
same in a real file system of that kind, as another user.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_CHANGES = ("os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.truncate", "os.chmod", "os.utime", "sqlite3.connect")


def _taken(path: Any) -> bool:
    """Return whether a path is one that takes files."""
    if isinstance(path, int) or path is None or os.fspath(path) in ("", b"", ":memory:", b":memory:"):
        return True
    where = Path(os.fsdecode(path)).resolve()
    return any(where.is_relative_to(one) for one in (Path(tempfile.gettempdir()).resolve(), Path("/dev")))


def refuse_writing() -> None:
    """Refuse, from now on and for the rest of this process, what a read-only file system refuses."""
    allowed = os.access

    def access(path: Any, mode: int, **options: Any) -> bool:
        return not (mode & os.W_OK and not _taken(path)) and allowed(path, mode, **options)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        written = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if (written or event in _CHANGES) and not _taken(arguments[0]):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), arguments[0])

    os.access = access
    sys.addaudithook(hook)


def main() -> None:
    """Call each tool that only reads and needs no user, with an example of its own schema."""
    home = Path(tempfile.mkdtemp(prefix="lambda-"))
    os.environ["TMPDIR"] = str(home)
    tempfile.tempdir = str(home)
    sys.dont_write_bytecode = True
    refuse_writing()
    from agentcore_kit.config.tool import SEPARATOR
    from agentcore_kit.mcp_server.aws_lambda import handler
    from agentcore_kit.mcp_server.declarations import TOOLS
    from agentcore_kit.tool_contract.definitions import offered
    from agentcore_kit.tool_contract.samples import example

    for tool in offered():
        if tool["annotations"]["readOnlyHint"] and not TOOLS[tool["name"]].caller_parameter:
            custom = {"bedrockAgentCoreToolName": f"rehearsal{SEPARATOR}{tool['name']}"}
            result = handler(example(tool), SimpleNamespace(client_context=SimpleNamespace(custom=custom)))
            assert "error" not in result, f"{tool['name']}: {result}"


if __name__ == "__main__":
    main()
