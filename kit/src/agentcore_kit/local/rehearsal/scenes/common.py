"""What scenes have in common: files that are changed, and versions that AgentCore Runtime serves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.runtimes import Runtime
from agentcore_kit.local.rehearsal.stage import Stage


def production() -> list[str]:
    """Return the environments of production, in the order in which a version reaches them."""
    return list(load_manifest().delivery.production)


def edit(path: Path, changes: Mapping[str, Any]) -> None:
    """Change a YAML file of the copied repository; sections are merged, comments are lost."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(_merged(found, changes), sort_keys=False, allow_unicode=True), encoding="utf-8")


def deploy(it: Stage, text: str, env: str) -> str:
    """Commit a change, and deploy its image to an environment, where it passes its smoke test; callers do not get it.

    Returns:
        The digest of its image.
    """
    digest = it.ready(text)
    it.must("deploy", env=env)
    it.must("smoke", "--endpoint", "DEFAULT", env=env)
    return digest


def release(it: Stage, text: str, env: str) -> str:
    """Deploy a change, and give it to callers; return the version that they have then."""
    deploy(it, text, env)
    it.must("promote", env=env)
    return str(it.live(env))


def runtime(it: Stage, env: str) -> Runtime:
    """Return the runtime of an environment."""
    (found,) = it.at(env).runtimes.runtimes.values()
    return found


def moved_earlier(it: Stage, env: str, by: timedelta) -> None:
    """Let the last move of live be longer ago, in the service and in what is remembered of it."""
    endpoint, name = runtime(it, env).endpoints[names.LIVE], f"{names.memory(component(), env)}versions"
    endpoint.moved -= by
    values = it.at(env).parameters.values
    known = json.loads(values[name])
    known["promoted"] = {version: _earlier(at, by) for version, at in known.get("promoted", {}).items()}
    values[name] = json.dumps(known)


def component() -> str:
    """Return the component's name."""
    return str(load_manifest().metadata.name)


def now(after: timedelta = timedelta()) -> str:
    """Return a time from now as ISO 8601 writes it."""
    return (datetime.now(UTC) + after).isoformat()


def _earlier(text: str, by: timedelta) -> str:
    return (datetime.fromisoformat(text) - by).isoformat()


def _merged(known: Any, changes: Any) -> Any:
    if isinstance(known, dict) and isinstance(changes, Mapping):
        return {**known, **{name: _merged(known.get(name), value) for name, value in changes.items()}}
    return changes
