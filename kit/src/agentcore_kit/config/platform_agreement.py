"""Do the environments of a platform agree: models and regions that the organisation allows, the shared account?

And what is right, but still an example of the template's, or more than was budgeted: `warnings` says it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from agentcore_kit.config.components import COMPONENTS, Components
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import FieldPath, Finding, dotted, parse
from agentcore_kit.config.platform import PlatformEnvironment
from agentcore_kit.config.regions import no_such_region
from agentcore_kit.config.repository import MANIFEST, repository_path
from agentcore_kit.config.use_cases import USE_CASES, UseCases

Environments = Mapping[str, PlatformEnvironment]
"""The environments in AWS by name, in the order in which they are delivered."""

_EXAMPLES: Mapping[str, str] = {
    "o-exampleorgid": "the id of your organisation in AWS Organizations",
    "ou-exam-ple00000": "ids of your organisational units or accounts",
    "https://login.example.com/*": "your provider's address, or cognito",
    "*@example.com": "an address of yours",
    **dict.fromkeys(("111122223333", "444455556666", "777788889999", "123456789012"), "the number of your account"),
}
"""What the template offers as an example, * for any characters, and what is to be written instead."""


def disagreements(environments: Environments) -> Iterator[str]:
    """Yield what an environment has that the organisation does not allow, or that the shared account contradicts.

    Args:
        environments: All of them, each right by itself.
    """
    for name, environment in environments.items():
        document = parse(repository_path("environments", f"{name}.yaml"))
        for path, text in _findings(environment, environments):
            document.report(path, text)
        try:
            document.refuse()
        except ConfigError as error:
            yield from error.problems


def _findings(environment: PlatformEnvironment, environments: Environments) -> Iterator[Finding]:
    for number, region in enumerate(environment.regions):
        if problem := no_such_region(region):
            yield ("regions", number), problem
    if problem := no_such_region(environment.region):
        yield ("region",), problem
    shared = {str(one.account): name for name, one in environments.items() if one.purpose == "shared"}
    if shared and environment.shared_account not in shared:
        which = " or ".join(f"'{account}', as environments/{name}.yaml has it" for account, name in shared.items())
        yield (
            ("sharedAccount",),
            f"{environment.shared_account} is not the account of the shared services; write {which}",
        )
    if environment.purpose == "organisation":
        return
    for name, organisation in environments.items():
        if organisation.purpose != "organisation":
            continue
        file = f"environments/{name}.yaml"
        if environment.region not in organisation.regions:
            yield (
                ("region",),
                f"{environment.region} is refused by the organisation's policies; add it to regions of {file}",
            )
        for number, model in enumerate(environment.models):
            if model not in organisation.models:
                yield (
                    ("models", number),
                    f"{model} is refused by the organisation's policies; correct it, or add it to models of {file}",
                )


def warnings(environments: Environments, use_cases: UseCases, components: Components) -> list[str]:
    """Return what is no fault of the files, but will not work or was not meant, one line each.

    Args:
        environments: Those in AWS.
        use_cases: The register.
        components: The repositories that are let in.
    """
    return [*_examples(environments), *_over_budget(use_cases, components)]


def _examples(environments: Environments) -> Iterator[str]:
    """Yield which examples of the template still stand in the files, with the places of each."""
    places: dict[str, list[str]] = defaultdict(list)
    instead: dict[str, str] = {}
    files = [MANIFEST, USE_CASES, COMPONENTS, *(f"environments/{name}.yaml" for name in environments)]
    for file in files:
        document = parse(repository_path(*file.split("/")))
        for path, value in document.texts.items():
            for pattern, what in _EXAMPLES.items():
                if fnmatchcase(value, pattern):
                    places[value].append(f"{file}:{document.lines[path]}")
                    instead[value] = what
    for value, where in places.items():
        yield f"{value} is the template's example; write {instead[value]}: {', '.join(dict.fromkeys(where))}"


def _over_budget(use_cases: UseCases, components: Components) -> Iterator[str]:
    """Yield the use cases whose components may cost more, in all their environments, than the use case may."""
    document = parse(repository_path(USE_CASES))
    for number, case in enumerate(use_cases.use_cases):
        of_it = [one for one in components.components if one.use_case_id == case.id]
        together = sum(one.monthly_budget_usd * len(one.environments) for one in of_it)
        if together > case.monthly_budget_usd:
            path: FieldPath = ("useCases", number, "monthlyBudgetUsd")
            yield (
                f"{USE_CASES}:{document.lines[path]}: {dotted(path)}: {case.monthly_budget_usd} is less than the "
                f"{together} that its components may cost together, each in all its environments ({COMPONENTS}); "
                "raise it, or lower theirs"
            )
