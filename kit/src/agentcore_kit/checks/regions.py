"""Has the region of each environment what the component is made of? `kit check` runs this module."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.regions import missing


def problems() -> Iterator[str]:
    """Yield what the regions lack, one line for each environment in AWS or on this machine."""
    kind = repository_kind()
    for name in environment_names():
        try:
            region = read_environment(name, None).region
        except ConfigError:  # the check of the manifest says what is wrong
            continue
        if lack := missing(kind, region):
            yield f"environments/{name}.yaml: region: {lack}"


def main() -> int:
    """Print what is wrong, and return the exit code: 0 when nothing is, else 2."""
    found = list(problems())
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
