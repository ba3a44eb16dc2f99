"""`dev`: serve the agent on this machine as the Runtime would, and restart it when a file changes."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer


def dev(
    port: Annotated[int, typer.Option(help="Port to listen on; the Runtime uses 8080.", envvar="PORT")] = 8080,
    user: Annotated[str, typer.Option(envvar="USER_ID", help="Who the printed example asks as.")] = "developer",
) -> None:
    """Serve the agent locally with reload, and print how to call it."""
    import watchfiles

    from agent.wiring.identity import issue_development_token
    from agent.wiring.settings import STATE
    from agent.wiring.telemetry import local_defaults

    token = issue_development_token(user, STATE)
    typer.echo(f"Serving on http://127.0.0.1:{port} and restarting on changes; stop with Ctrl-C. Ask it:\n")
    typer.echo(f"  curl -s http://127.0.0.1:{port}/invocations -H 'Authorization: Bearer {token}' \\")
    typer.echo("    -H 'Content-Type: application/json' -d '{\"prompt\": \"Compare all regions for 2024\"}'\n")
    os.environ.update(local_defaults(), PORT=str(port))
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    command = shlex.join([str(instrument), sys.executable, "-m", "agent.app"])
    watched = [path for path in ("src", "ops", "environments", "manifest.yaml") if Path(path).exists()]
    watchfiles.run_process(*watched, target=command, target_type="command")
