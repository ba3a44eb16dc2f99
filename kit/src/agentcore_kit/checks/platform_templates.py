"""Which templates of a platform are deployed to which regions: each must be valid where it is, and only there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.platform_agreement import Environments
from agentcore_kit.config.platform_files import platform_environments
from agentcore_kit.config.regions import WITH_REGISTRY
from agentcore_kit.config.repository import relative, repository_path
from agentcore_kit.delivery.platform.concerns import registry_region


def templates_by_regions() -> Mapping[tuple[str, ...], Sequence[str]]:
    """Return the files of infra/ by the regions that they are deployed to; none when an environment file is wrong."""
    try:
        known = platform_environments(load_manifest())
    except ConfigError:  # the check of the manifest says what is wrong
        return {}
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path in sorted(repository_path("infra").glob("**/*.yaml")):
        where = _regions(f"{path.parent.name}/{path.stem}", known)
        if where:
            found[where].append(relative(path))
    return found


def _regions(template: str, known: Environments) -> tuple[str, ...]:
    folder, _, name = template.partition("/")
    if template == "shared/registry":
        return tuple(sorted({_registry_region(known)}))
    # The templates of infra/component are named after the purpose of the account that they are for.
    purposes = {name if folder == "component" else folder}
    if template == "component/shared":  # images are copied to where components run
        purposes.add("workload")
    return tuple(sorted({one.region for one in known.values() if purposes & {"all", one.purpose}}))


def _registry_region(known: Environments) -> str:
    """Return where the registry is; a region that has one, where this platform has none and could."""
    given = (registry_region(one) for one in known.values() if one.purpose == "shared")
    return next(filter(None, given), min(WITH_REGISTRY))
