"""The tool server: MCP over streamable HTTP as AgentCore Runtime calls it, `POST /mcp` and `GET /ping` on port 8000."""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn

from agentcore_kit.runtime import logging, telemetry
from agentcore_kit.runtime.settings import Settings
from agentcore_kit.mcp_server.http import build_app, ids


def main() -> None:
    """Serve until told to stop."""
    settings = Settings.from_files()
    logging.configure(ids)
    telemetry.configure(settings)
    # In a container the calls come from outside; on a laptop they must not.
    in_container = Path("/.dockerenv").exists() or bool(os.environ.get("DOCKER_CONTAINER"))
    host = "0.0.0.0" if in_container else "127.0.0.1"  # noqa: S104
    port = int(os.environ.get("PORT", "8000"))
    uvicorn.run(build_app(settings, host), host=host, port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
