"""What is known of a record that waits for approval: each check with its outcome, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from botocore.exceptions import ClientError

from agentcore_kit.config.components import Components
from agentcore_kit.config.use_cases import UseCases
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import error_code, is_denied
from agentcore_kit.governance.documentation import documentation
from agentcore_kit.governance.records import RegistryEntry
from agentcore_kit.governance.use_case_check import use_case, use_case_problem

GRAVE = ("CRITICAL", "HIGH")
"""The severities of a finding in an image with which nothing is approved."""

_PASSED = "passed-preprod-"


@dataclass(frozen=True)
class Check:
    """One check of a record.

    Attributes:
        name: What is checked.
        passed: None where it does not apply, or nothing is known; that stops nobody.
        said: What was found.
        next_step: What would be right, and whose turn it is; empty where it passed.
    """

    name: str
    passed: bool | None
    said: str
    next_step: str = ""


@dataclass(frozen=True)
class TestedImage:
    """The image of a component that passed pre-production last."""

    digest: str
    dataset: str
    """The first characters of the version of the dataset that it passed with."""


def checks(context: DeploymentContext, entry: RegistryEntry, components: Components, cases: UseCases) -> list[Check]:
    """Return the checks of a record.

    Args:
        context: The environment that the command acts in.
        entry: The record.
        components: The components that the platform lets in.
        cases: The register of use cases.
    """
    return [
        _manifest(entry),
        _let_in(entry, components),
        _use_case(entry, cases, datetime.now(UTC).date()),
        documentation_check(entry),
        *_of_image(context, entry),
    ]


def _manifest(entry: RegistryEntry) -> Check:
    facts = {"owner": entry.owner, "cost centre": entry.cost_center, "use case": entry.use_case_id}
    if missing := [name for name, value in facts.items() if not value]:
        again = "the team writes it in manifest.yaml, then registers the component again"
        return Check("manifest", False, f"the record does not say {', '.join(missing)}", again)
    return Check("manifest", True, ", ".join(f"{name} {value}" for name, value in facts.items()))


def _let_in(entry: RegistryEntry, components: Components) -> Check:
    found = next((one for one in components.components if one.name == entry.name), None)
    if found is None:
        onboard = f"kit onboard {entry.name} --kind {entry.kind.lower()} …"
        return Check("component", False, f"{entry.name} is not in components.yaml", f"{onboard}, or reject the record")
    said = {"kind": entry.kind, "owner": entry.owner, "costCenter": entry.cost_center, "useCaseId": entry.use_case_id}
    let_in = {
        "kind": found.kind,
        "owner": found.owner,
        "costCenter": found.cost_center,
        "useCaseId": found.use_case_id,
    }
    differing = [f"{key} {said[key]} (there {value})" for key, value in let_in.items() if said[key] != value]
    if differing:
        text = f"other than in components.yaml: {', '.join(differing)}"
        return Check("component", False, text, "make the two equal, first")
    return Check("component", True, "let in by components.yaml")


def _use_case(entry: RegistryEntry, cases: UseCases, today: date) -> Check:
    if problem := use_case_problem(entry.use_case_id, cases, today):
        return Check("use case", False, problem, "its owner has it approved in use-cases.yaml, by pull request")
    found = use_case(entry.use_case_id, cases)
    about = f"{found.id} {found.name}, risk {found.risk}, approved until {found.expires}" if found else ""
    return Check("use case", True, about)


def documentation_check(entry: RegistryEntry) -> Check:
    """Return how well the record documents the component: the share of what is needed, and what is missing."""
    found = documentation(entry)
    if found.missing:
        more = f", and {len(found.missing) - 3} more" if found.missing[3:] else ""
        said = f"{found.score:.0%}: {'; '.join(found.missing[:3])}{more}"
        return Check("documentation", False, said, "the team completes it, then registers the component again")
    return Check("documentation", True, f"{found.score:.0%} of {found.needed} elements")


def _of_image(context: DeploymentContext, entry: RegistryEntry) -> Iterator[Check]:
    """Yield whether an image of the component has passed pre-production, and what its scan has found."""
    if entry.kind not in ("Agent", "Tool"):
        memory = "a memory has no image: its pipeline registers what has passed pre-production"
        other = f"nothing is known of a record of type {entry.kind}"
        yield Check("tests", None, memory if entry.kind == "Memory" else other)
        return
    image, problem = _readable(lambda: tested_image(context, entry.name))
    if problem or image is None:
        said = problem or f"no image of {entry.name} has passed tests and evaluation in pre-production"
        yield Check("tests", False, said, "let the team's pipeline deliver it to pre-production first")
        yield Check("scan", None, "no image is known")
        return
    short = image.digest[:19]
    yield Check("tests", True, f"image {short} passed tests and evaluation with dataset {image.dataset}")
    found, problem = _readable(lambda: severities(context, entry.name, image.digest))
    grave = {name: number for name, number in (found or {}).items() if name in GRAVE}
    if problem or found is None:
        yield Check("scan", None, problem or f"image {short} has not been scanned")
    elif grave:
        said = ", ".join(f"{number} {name}" for name, number in grave.items())
        yield Check("scan", False, f"image {short} has findings: {said}", "the team builds it with mended packages")
    else:
        yield Check("scan", True, f"image {short} has no finding that is {' or '.join(GRAVE)}")


def tested_image(context: DeploymentContext, component: str) -> TestedImage | None:
    """Return the image that passed pre-production, the one that was pushed last of several; None for none.

    A record does not name an image: what the component's pipeline delivers next is the newest one that has passed.
    """
    pages = (
        context.client("ecr")
        .get_paginator("describe_images")
        .paginate(
            registryId=str(context.environment.shared_account or context.account),
            repositoryName=component,
            filter={"tagStatus": "TAGGED"},
        )
    )
    tested = [
        (one["imagePushedAt"], TestedImage(one["imageDigest"], tag.removeprefix(_PASSED).partition("-")[0]))
        for page in pages
        for one in page["imageDetails"]
        for tag in one.get("imageTags", [])
        if tag.startswith(_PASSED)
    ]
    return max(tested, key=lambda each: each[0])[1] if tested else None


def severities(context: DeploymentContext, component: str, digest: str) -> dict[str, int] | None:
    """Return how many findings of each severity the scan of an image has; None while there is no completed scan."""
    try:
        said = context.client("ecr").describe_image_scan_findings(
            registryId=str(context.environment.shared_account or context.account),
            repositoryName=component,
            imageId={"imageDigest": digest},
        )
    except ClientError as error:
        if error_code(error) == "ScanNotFoundException":
            return None
        raise
    if said.get("imageScanStatus", {}).get("status") not in ("COMPLETE", "ACTIVE"):
        return None
    return dict(said.get("imageScanFindings", {}).get("findingSeverityCounts", {}))


def _readable(ask: Callable[[], Any]) -> tuple[Any, str]:
    """Return what a service said, or why these credentials may not read it."""
    try:
        return ask(), ""
    except ClientError as error:
        if error_code(error) == "RepositoryNotFoundException":
            return None, ""
        if is_denied(error):
            return None, f"cannot be read: these credentials may not {error.operation_name}"
        raise
