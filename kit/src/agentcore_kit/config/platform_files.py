"""Do the files of a platform agree with each other: environments, components, use cases? `kit manifest` asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentcore_kit.config.components import COMPONENTS, Components, component_findings, load_components
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import Document, FieldPath, Finding, check, parse
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.platform import PlatformEnvironment
from agentcore_kit.config.platform_agreement import Environments, disagreements
from agentcore_kit.config.platform_agreement import warnings as warnings_of
from agentcore_kit.config.repository import repository_path
from agentcore_kit.config.use_cases import UseCases, entries, load_use_cases


def platform_environments(manifest: Manifest) -> dict[str, PlatformEnvironment]:
    """Return the environments in AWS by name, in the order in which they are delivered.

    Raises:
        ConfigError: When a file is wrong.
    """
    names = manifest.delivery.environments
    read = (manifest.kind, *((name, _content(name)) for name in names))
    if read not in _READ:
        found = {name: read_environment(name, manifest) for name in names}
        _READ.clear()
        _READ[read] = {name: one for name, one in found.items() if isinstance(one, PlatformEnvironment)}
    return dict(_READ[read])


_READ: dict[tuple[object, ...], Environments] = {}
"""What was read last, by the contents of the files: a plan asks for it some hundred times."""


def _content(environment: str) -> bytes | None:
    try:
        return repository_path("environments", f"{environment}.yaml").read_bytes()
    except OSError:  # reading it as an environment says what is wrong
        return None


def problems(manifest: Manifest) -> list[str]:
    """Return what is wrong with components, use cases and accounts, one line each; what is wrong alone comes first.

    Args:
        manifest: The platform's.
    """
    found: list[str] = []
    environments: Environments = {}
    use_cases: UseCases | None = None
    try:
        environments = platform_environments(manifest)
        found += [*account_problems(environments), *disagreements(environments)]
    except ConfigError:  # the check of that file says what is wrong
        pass
    try:
        use_cases = load_use_cases()
    except ConfigError as error:
        found += error.problems
    document = None
    try:
        document = parse(repository_path(COMPONENTS))
        name = manifest.metadata.name
        agreement = _agreement(document, name, environments, use_cases)
        check(document, Components, [*component_findings(document), *agreement])
    except ConfigError as error:
        found += error.problems
    return found


def warnings(manifest: Manifest) -> list[str]:
    """Return what is no fault of the files, but still the template's example or above a budget, one line each.

    Args:
        manifest: The platform's, whose files have no problems.
    """
    return warnings_of(platform_environments(manifest), load_use_cases(), load_components())


def account_problems(environments: Environments) -> Iterator[str]:
    """Yield which environments are in one account and region, although each publishes names of the same spelling."""
    seen: dict[tuple[str | None, str], str] = {}
    for name, environment in environments.items():
        place = (environment.account, environment.region)
        if environment.purpose == "organisation":
            continue
        if place in seen:
            yield (
                f"environments/{name}.yaml:1: account: is that of {seen[place]} in the same region, where both would "
                "publish names such as /agentops/alarms/topic-arn; give each environment an account of its own"
            )
        seen.setdefault(place, name)


def _agreement(
    document: Document, platform: str, environments: Environments, use_cases: UseCases | None
) -> Iterator[Finding]:
    """Yield what an entry names that no other file, or no other entry, has; and which has the platform's own name."""
    workloads = [name for name, one in environments.items() if one.purpose == "workload"]
    gateways = sorted({one.gateway.name for one in environments.values() if one.gateway})
    ids = [one.id for one in use_cases.use_cases] if use_cases else []
    memories = [entry.get("name") for _, entry in entries(document, "components") if entry.get("kind") == "Memory"]
    for number, entry in entries(document, "components"):
        path: FieldPath = ("components", number)
        if entry.get("name") == platform:
            yield (*path, "name"), f"{platform} is this platform's own name, and so of its roles; choose another"
        if use_cases and entry.get("useCaseId") not in ids:
            yield (*path, "useCaseId"), f"{entry.get('useCaseId')} is not in use-cases.yaml; add it there first"
        if environments:
            yield from _unknown((*path, "environments"), entry, workloads, "no environment with purpose workload")
            yield from _unknown((*path, "gateways"), entry, gateways, "the name of no gateway in environments/")
        if (canary := entry.get("canaryGateway")) and environments and canary not in gateways:
            yield (*path, "canaryGateway"), f"{canary} is the name of no gateway in environments/; {_choose(gateways)}"
        if (memory := entry.get("memory")) and entry.get("kind") == "Agent" and memory not in memories:
            yield (*path, "memory"), f"{memory} is no entry of kind Memory here; add it, or write null"


def _unknown(path: FieldPath, entry: Mapping[str, object], known: list[str], what: str) -> Iterator[Finding]:
    given = entry.get(str(path[-1]))
    for index, name in enumerate(given if isinstance(given, list) else ()):
        if name not in known:
            yield (*path, index), f"{name} is {what}; {_choose(known)}"


def _choose(known: list[str]) -> str:
    return f"one of: {', '.join(known)}" if known else "there is none"
