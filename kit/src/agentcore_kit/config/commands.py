"""The verbs `manifest` and `schema`: is what this repository says of itself right, and do editors know the format."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from agentcore_kit.config.loader import ROOT, ConfigError, Model
from agentcore_kit.config.environment import ENVIRONMENTS, NAMES, Environment, read_environment
from agentcore_kit.config.manifest import Manifest, load_manifest

_SCHEMAS: dict[Path, type[Model]] = {
    ROOT / "manifest.schema.json": Manifest,
    ENVIRONMENTS / "environment.schema.json": Environment,
}


def manifest() -> None:
    """Check manifest.yaml and every environment file. Exit code 2 when one is wrong."""
    problems: list[str] = []
    found: Manifest | None = None
    try:
        found = load_manifest()
    except ConfigError as error:
        problems += error.problems
    for name in NAMES:
        try:
            read_environment(name, found)
        except ConfigError as error:
            problems += error.problems
    if problems or found is None:
        print("\n".join(problems), file=sys.stderr)
        raise SystemExit(2)
    about = found.metadata
    print(f"{found.kind} {about.name} {about.version}, owner {about.owner}; environments {', '.join(NAMES)}: ok")


def schema(check: bool = False) -> None:
    """Write the JSON Schemas that editors complete the YAML files with. With --check, only compare; exit code 1."""
    stale = [path for path, model in _SCHEMAS.items() if _current(path) != _text(model)]
    names = ", ".join(path.relative_to(ROOT).as_posix() for path in stale)
    if check and stale:
        sys.exit(f"{names}: older than the models in ops/; run `make schema` and commit the result")
    for path in stale:
        path.write_text(_text(_SCHEMAS[path]), encoding="utf-8")
    print(f"schemas         written: {names}" if stale else "schemas         up to date")


def _current(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _text(model: type[Model]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
