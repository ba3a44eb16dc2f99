"""What the server imports before it can answer a ping; the rest is imported while pings are answered."""

from __future__ import annotations

import subprocess
import sys


def test_the_server_listens_before_the_agent_is_imported() -> None:
    late = {"strands", "mcp", "httpx2", "jsonschema"}
    code = f"import sys; sys.path[:0] = {sys.path!r}; import agent.app; print(*({late} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""
