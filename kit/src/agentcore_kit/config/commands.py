"""The verbs `manifest` and `schema`: is what this repository says of itself right, and do editors know the format."""

from __future__ import annotations

import json
import sys

from agentcore_kit.config.compatibility import left_over
from agentcore_kit.config.environment import NAMES, environment_model, read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import Model
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.config.repository import LOCAL, MANIFEST, relative, repository_path


def manifest() -> None:
    """Check manifest.yaml and environment files, and that no file is left of former releases. Exit code 2 when not."""
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
    problems += left_over()
    if problems or found is None:
        print("\n".join(problems), file=sys.stderr)
        raise SystemExit(2)
    about = found.metadata
    print(f"{found.kind} {about.name} {about.version}, owner {about.owner}; environments {', '.join(NAMES)}: ok")


def schema() -> None:
    """Write the JSON Schemas with which editors complete and check the YAML files, into .local/schemas."""
    from agentcore_kit.config.loader import parse
    from agentcore_kit.config.manifest import manifest_model

    manifest = manifest_model(parse(repository_path(MANIFEST)))
    for name, model in (("manifest", manifest), ("environment", environment_model())):
        path = repository_path(LOCAL, "schemas", f"{name}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(model), encoding="utf-8")
        print(f"{relative(path)}: written")


def _text(model: type[Model]) -> str:
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
