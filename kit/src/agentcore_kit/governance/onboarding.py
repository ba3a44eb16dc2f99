"""The command `onboard`: a repository is let in by one entry of components.yaml, proposed as a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import typer
import yaml

from agentcore_kit.config.components import COMPONENTS, load_components
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.platform_files import platform_environments
from agentcore_kit.config.repository import repository_path, repository_root
from agentcore_kit.config.use_cases import USE_CASES, load_use_cases
from agentcore_kit.delivery import output
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.governance import pull_request
from agentcore_kit.governance.catalog_entry import CatalogEntry, of_clones
from agentcore_kit.governance.components_file import with_entry
from agentcore_kit.governance.similarity import near_duplicates
from agentcore_kit.governance.use_case_check import use_case_problem

KINDS = {"agent": "Agent", "tool": "Tool", "memory": "Memory"}
_NEAR_NAMES = 0.8
"""From which share of equal characters on two names are shown as near."""


def onboard(
    name: Annotated[str, typer.Argument(help="The component's name, as its manifest.yaml will have it.")],
    kind: Annotated[Literal["agent", "tool", "memory"], typer.Option(help="What it is.")],
    owner: Annotated[str, typer.Option(help="An e-mail address or a GitHub team.")],
    cost_center: Annotated[str, typer.Option(help="Who pays.")],
    use_case: Annotated[str, typer.Option(help="The id of an approved use case in use-cases.yaml.")],
    gateway: Annotated[
        list[str] | None, typer.Option(help="A gateway that it uses, or a tool's own; again for more.")
    ] = None,
    memory: Annotated[str, typer.Option(help="The memory component that an agent uses.")] = "",
    budget: Annotated[int, typer.Option(help="US dollars a month in each environment.", min=1)] = 100,
    environment: Annotated[
        list[str] | None,
        typer.Option(help="Where it may be deployed; all workload environments, if none; again for more."),
    ] = None,
    description: Annotated[str, typer.Option(help="What it will do; compared with what there is.")] = "",
    beside: Annotated[
        Path | None, typer.Option("--from", help="Clones to compare it with; those beside this repository, if empty.")
    ] = None,
) -> None:
    """Let a repository in: add it to components.yaml on a branch, and open a pull request with gh where that is here.

    Nothing in AWS changes before the pull request is merged and delivered.
    """
    with reported_errors():
        _refuse_unknown(environment or [], gateway or [], memory)
        entry: dict[str, Any] = {
            "name": name,
            "kind": KINDS[kind],
            "owner": owner,
            "costCenter": cost_center,
            "useCaseId": use_case,
            "monthlyBudgetUsd": budget,
            "environments": environment or _workloads(),
        }
        entry |= {"gateways": gateway} if gateway else {}
        entry |= {"memory": memory} if memory else {}
        near = _near(name, description, beside or Path(".."))
        root = repository_root()
        branch = f"onboard-{name}"
        in_git = pull_request.is_repository(root)
        resumed = in_git and pull_request.branch_is_here(root, branch)
        start = pull_request.base(root) if in_git else ""
        text = pull_request.text_at(root, start, COMPONENTS) if in_git else _read()
        if resumed:
            _refuse_other(entry, pull_request.text_at(root, branch, COMPONENTS), branch)
        else:
            _refuse_taken(name)
        with_entry(text, entry)  # says what is wrong with the entry before anything is made
        _refuse_use_case(use_case)
        lines = [*granted(entry), *near, *(_unapproved_there(use_case, root, start) if in_git else ())]
        output.plan([f"add {name} to {COMPONENTS}" + (f" on branch {branch}" if in_git else ""), *lines])
        if not in_git:
            repository_path(COMPONENTS).write_text(with_entry(text, entry), encoding="utf-8", newline="")
            output.done(f"{COMPONENTS} has {name}; next: commit it and have it reviewed (this is no git repository)")
            return
        body = "\n".join(["What a delivery then makes:", "", *(f"- {line}" for line in lines)])
        change = pull_request.Proposal(
            COMPONENTS, lambda known: with_entry(known, entry), branch, f"Onboard {name}", body
        )
        output.done(pull_request.propose(root, start, change))


def granted(entry: Mapping[str, Any]) -> list[str]:
    """Return what a delivery makes for an entry, one line each, for people who review it."""
    name = entry["name"]
    lines = [f"roles agentops-deliver-{name} and what its pipeline needs besides, in each of its accounts"]
    if entry["kind"] != "Memory":
        lines.append(f"ECR repository {name} in the shared account")
    for gateway in entry.get("gateways", ()):
        lines.append(
            f"gateway {gateway}: " + ("it may register its tools" if entry["kind"] == "Tool" else "it uses its tools")
        )
    if entry.get("memory"):
        lines.append(f"memory {entry['memory']}: it may be used, as far as the memory names it as a consumer")
    lines.append(f"budget of {entry['monthlyBudgetUsd']} USD a month, paid by {entry['costCenter']}")
    return lines


def _workloads() -> list[str]:
    """Return the environments in which components run."""
    return [name for name, one in platform_environments(load_manifest()).items() if one.purpose == "workload"]


def _refuse_unknown(environments: Sequence[str], gateways: Sequence[str], memory: str) -> None:
    """Raise CommandError when an environment, a gateway or a memory is named that this platform does not have."""
    found = platform_environments(load_manifest()).values()
    memories = [one.name for one in load_components().components if one.kind == "Memory"]
    known = {
        "--environment": (environments, _workloads()),
        "--gateway": (gateways, sorted({one.gateway.name for one in found if one.gateway})),
        "--memory": ([memory] if memory else [], memories),
    }
    for option, (given, there) in known.items():
        if wrong := next((one for one in given if one not in there), None):
            which = choose(wrong, there) if there else "there is none yet"
            raise CommandError(f"{option} {wrong}: this platform has no such name", f"{option}: {which}", WRONG_INPUT)


def _read() -> str:
    with repository_path(COMPONENTS).open(encoding="utf-8", newline="") as file:
        return file.read()


def _refuse_other(entry: Mapping[str, Any], text: str, branch: str) -> None:
    """Raise CommandError when the branch of a run before has another entry than what is typed now."""
    there = next((one for one in yaml.safe_load(text)["components"] if one.get("name") == entry["name"]), None)
    if there != entry:
        raise CommandError(
            f"branch {branch} is here from before, and has another entry of {entry['name']}",
            f"type what was typed then; or git branch -D {branch}, then the same again",
            WRONG_INPUT,
        )


def _refuse_taken(name: str) -> None:
    """Raise CommandError when this repository lets a component of the name in already."""
    if found := next((one for one in load_components().components if one.name == name), None):
        raise CommandError(
            f"{name} is in {COMPONENTS} already: {found.kind} of {found.owner}",
            "choose another name, or change that entry by pull request",
            WRONG_INPUT,
        )


def _refuse_use_case(wanted: str) -> None:
    """Raise CommandError unless a use case is approved today."""
    cases = load_use_cases()
    if problem := use_case_problem(wanted, cases, datetime.now(UTC).date()):
        raise CommandError(
            problem,
            f"have it approved in {USE_CASES} first (approvedBy, approvedOn, expires), by pull request",
            WRONG_INPUT,
        )


def _unapproved_there(wanted: str, root: Path, start: str) -> Iterator[str]:
    """Yield that a use case is approved in this checkout, but not where the branch begins."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / USE_CASES
        path.write_text(pull_request.text_at(root, start, USE_CASES), encoding="utf-8")
        problem = use_case_problem(wanted, load_use_cases(path), datetime.now(UTC).date())
    if problem:
        where = "what is committed" if start == "HEAD" else start.removeprefix("refs/remotes/")
        yield f"look first: {wanted} is approved in {USE_CASES} here, but not in {where}; have that merged first"


def _near(name: str, description: str, folder: Path) -> list[str]:
    """Return which components are nearly the same, one line each: by their names, and by what they say they do."""
    try:
        known = of_clones(folder)
    except ConfigError:
        known = []
    listed = [one.name for one in load_components().components]
    others = dict.fromkeys([*listed, *(one.name for one in known)])
    lines = [
        f"look first: {other} has nearly the same name"
        for other in others
        if other != name and SequenceMatcher(None, name, other).ratio() >= _NEAR_NAMES
    ]
    # A sentence is compared with sentences: it would drown in all that a server says of its tools.
    said = {
        f"{one.name}\n{number}": text for one in known if one.name != name for number, text in enumerate(_said(one))
    }
    near = near_duplicates(said | {name: description}).get(name, []) if description else []
    for other in dict.fromkeys(one.name.partition("\n")[0] for one in near):
        first = next(one for one in near if one.name.startswith(f"{other}\n"))
        lines.append(f"look first: {other} says nearly the same ({first.score:.0%}: {', '.join(first.words)})")
    return lines


def _said(one: CatalogEntry) -> Iterator[str]:
    """Yield the description of a component, and of each of its tools or skills the first paragraph."""
    yield one.description
    for offer in one.offers:
        yield f"{offer.name.rpartition('___')[2]}: {offer.description.partition(chr(10) * 2)[0]}"
