"""Has each parameter of the templates in `infra/` a value? `kit check` runs this module."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.infrastructure import missing_parameters, superfluous_parameters, templates
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.kinds.base import RuntimeKind, kind_of


def problems() -> Iterator[str]:
    """Yield what a deployment would stop at, one line each, for all environments in AWS; asks no service."""
    manifest = load_manifest()
    kind = kind_of(manifest.kind)
    if manifest.kind == "Platform":
        from agentcore_kit.delivery.platform.wanted import parameter_problems

        for name in manifest.delivery.environments:
            platform: DeploymentContext = DeploymentContext(manifest, read_environment(name, manifest))
            yield from parameter_problems(platform)
    if not isinstance(kind, RuntimeKind):
        return
    for name in manifest.delivery.environments:
        context: DeploymentContext = DeploymentContext(manifest, read_environment(name, manifest))
        given, own = kind.known_parameters(context), context.environment.parameters
        for concern, template in templates().items():
            if concern in given:
                yield from missing_parameters(concern, template, {*given[concern], *own}, name)
                yield from _not_allowed(concern, template, name)
        yield from superfluous_parameters(given, own, name)


def _not_allowed(concern: str, template: Mapping[str, Any], environment: str) -> Iterator[str]:
    """Yield that a template refuses the name of an environment: earlier releases of the template listed three names."""
    allowed = template.get("Parameters", {}).get("EnvironmentName", {}).get("AllowedValues")
    if allowed is not None and environment not in allowed:
        yield (
            f"infra/{concern}.yaml: EnvironmentName: AllowedValues has no {environment}; "
            "in their place write AllowedPattern: '[a-z][a-z0-9-]*'"
        )


def main() -> int:
    """Print what is wrong, and return the exit code: 0 when nothing is, else 2."""
    try:
        found = list(problems())
    except ConfigError:  # the check of the manifest says what is wrong
        return 0
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
