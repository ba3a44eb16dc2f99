"""Has the region of each environment what the component is made of? `kit check` runs this module.

What a component cannot do without is a problem; what it is deployed without, and what is elsewhere, is a warning.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.config.regions import WITH_REGISTRY, WITHOUT_ONLINE_EVALUATION, missing
from agentcore_kit.delivery.regions import partition


def problems() -> Iterator[str]:
    """Yield what the regions lack, one line for each environment in AWS or on this machine."""
    kind, found = repository_kind(), _regions()
    for name, region in found.items():
        if lack := missing(kind, region):
            yield f"environments/{name}.yaml: region: {lack}"
    if kind in ("Agent", "Tool"):  # a memory has no image, and each of its environments a role of its own
        yield from _apart(found)


def warnings() -> Iterator[str]:
    """Yield what the regions in AWS lack that a component is deployed without, or finds elsewhere."""
    kind, found = repository_kind(), _regions()
    try:
        delivery = load_manifest().delivery
    except ConfigError:  # the check of the manifest says what is wrong
        return
    for name in delivery.environments:
        if kind == "Agent" and found.get(name) in WITHOUT_ONLINE_EVALUATION:
            yield (
                f"environments/{name}.yaml: region: AgentCore has no online evaluation in {found[name]}; it is "
                "deployed without: no live session is judged, and a canary has no scores to be decided by"
            )
    if kind == "Platform":
        yield from _without_registry()
        return
    region = found.get(delivery.publisher)
    if region and region not in WITH_REGISTRY:
        yield f"environments/{delivery.publisher}.yaml: region: {_registry(region)}"


def _without_registry() -> Iterator[str]:
    """Yield that a platform has no registry, and where it could have one."""
    from agentcore_kit.config.platform import PlatformEnvironment
    from agentcore_kit.config.platform_files import platform_environments
    from agentcore_kit.delivery.platform.concerns import registry_region

    try:
        known: dict[str, PlatformEnvironment] = platform_environments(load_manifest())
    except ConfigError:  # the check of the manifest says what is wrong
        return
    for name, one in known.items():
        if one.purpose == "shared" and not registry_region(one):
            near = sorted(region for region in WITH_REGISTRY if partition(region) == partition(one.region))
            where = f"; registryRegion: one of {', '.join(near)}" if near else ""
            yield f"environments/{name}.yaml: {one.region} has no AWS Agent Registry, so there is none{where}"


def _registry(region: str) -> str:
    near = sorted(one for one in WITH_REGISTRY if partition(one) == partition(region))
    if not near:
        return (
            f"no region of partition {partition(region)} has AWS Agent Registry; it is deployed without: "
            "kit register writes no record"
        )
    where = f"the record is written where the organisation's is, one of {', '.join(near)}"
    return f"{region} has no AWS Agent Registry; {where}"


def _apart(found: dict[str, str]) -> Iterator[str]:
    """Yield the environments of production that no image of pre-production can reach."""
    try:
        delivery = load_manifest().delivery
    except ConfigError:
        return
    before = found.get(delivery.preproduction)
    for name in delivery.production:
        region = found.get(name)
        if before and region and partition(before) != partition(region):
            yield (
                f"environments/{name}.yaml: region: {region} is in partition {partition(region)}, and "
                f"{delivery.preproduction} is in {partition(before)}; no credentials hold in both, so what is tested "
                "in one cannot be copied to the other: deliver it from a repository of its own"
            )


def _regions() -> dict[str, str]:
    """Return the regions of the environments whose files are right."""
    found = {}
    for name in environment_names():
        try:
            found[name] = read_environment(name, None).region
        except ConfigError:  # the check of the manifest says what is wrong
            continue
    return found


def main() -> int:
    """Print what is wrong and what is missing, and return the exit code: 0 when nothing is wrong, else 2."""
    for line in warnings():
        print(f"warning: {line}")
    found = list(problems())
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
