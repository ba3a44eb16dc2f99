"""The command `github-setup`: make the pipeline's environments and protect main, as far as GitHub's plan has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

import typer

from agentcore_kit.config.delivery import APPROVAL, Unprotected
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.delivery import output
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.delivery.github_api import GitHub, NotInPlan, connect, plain, segment
from agentcore_kit.delivery.github_protection import (
    BRANCH,
    PLANS,
    BranchPattern,
    Person,
    Protection,
    RepositoryAnswer,
    Reviewer,
    main_is_protected,
    pipeline_environments,
    protection,
)

MOST_REVIEWERS = 6
"""GitHub takes no more for an environment."""

RULESET = "main is reviewed (agentcore-kit)"

_LOGIN = re.compile(r"@?(?:(?P<org>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<team>[\w.-]+)|(?P<user>[A-Za-z0-9][A-Za-z0-9-]*))")


def github_setup(
    reviewers: Annotated[
        str,
        typer.Option(
            help="Who is asked before production: users and teams (org/team), separated by commas; at most 6."
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Make GitHub's environments, restrict them to main, give `approval` reviewers, protect main. Safe to repeat."""
    with reported_errors():
        wanted = parsed(reviewers)
        github = connect()
        if isinstance(github, str):
            raise CommandError(
                f"GitHub cannot be asked: {github}", "git remote add origin …, gh auth login, then type the same again"
            )
        manifest = load_manifest()
        print(f"github-setup: {github.repository}")
        _administered(github)
        people = [_reviewer(github, name) for name in wanted]
        changes = list(planned(github, manifest, people))
        output.plan([change.text for change in changes])
        if dry_run:
            output.done("nothing was changed")
            return
        lacks = _carried_out(changes)
        _report(lacks, manifest, people)


@dataclass(frozen=True)
class Change:
    """One step of the plan.

    Attributes:
        text: What it does, in words.
        do: Does it. Returns what the plan does not have; raises NotInPlan when it has nothing of it.
        kind: What is missing without it, as `spec.delivery.withoutProtection` names it.
    """

    text: str
    do: Callable[[], list[Unprotected]] = field(repr=False)
    kind: Unprotected = "branches"


def parsed(text: str) -> list[re.Match[str]]:
    """Return the reviewers that were typed.

    Raises:
        CommandError: When there is none, there are too many, or one is no name of a user or team.
    """
    names = [name for name in (one.strip() for one in text.split(",")) if name]
    found = [(name, _LOGIN.fullmatch(name)) for name in dict.fromkeys(names)]
    example = "for example: --reviewers my-org/platform,octocat"
    if not names:
        raise CommandError("--reviewers is missing: who is asked before production?", example, WRONG_INPUT)
    if wrong := [plain(name) for name, match in found if not match]:
        raise CommandError(f"--reviewers {', '.join(wrong)}: no name of a user or team", example, WRONG_INPUT)
    if len(found) > MOST_REVIEWERS:
        raise CommandError(
            f"--reviewers: {len(found)}, and GitHub takes {MOST_REVIEWERS} at most",
            "name a team (org/team)",
            WRONG_INPUT,
        )
    return [match for _, match in found if match]


def planned(github: GitHub, manifest: Manifest, people: list[Reviewer]) -> Iterator[Change]:
    """Yield what is not yet as it should be, in order.

    Args:
        github: The repository.
        manifest: Says which environments there are.
        people: Who is asked before production.
    """
    for name in [*pipeline_environments(manifest), *manifest.delivery.development]:
        found = protection(github, name)
        asked = people if name == APPROVAL else [*found.reviewers]
        parts = [] if found.only_main else [f"reached from {BRANCH} only"]
        if {*_ids(asked)} != {*_ids(found.reviewers)}:
            parts.append(f"asks {', '.join(one.name for one in asked)}")
        if found.exists and parts:
            now = [f"reached from {found.reached_from}"] if not found.only_main else []
            now += [f"asks {found.asked}"] if len(parts) > len(now) else []
            yield Change(
                f"environment {name}: {', '.join(parts)} (now: {', '.join(now)})", partial(_put, github, found, asked)
            )
        elif parts:
            yield Change(f"make environment {name}: {', '.join(parts)}", partial(_put, github, found, asked))
    if not main_is_protected(github):
        text = f"protect {BRANCH}: pull requests that a code owner approves and ci checks; no force-push, no removal"
        yield Change(text, partial(_protect_main, github))


def _carried_out(changes: list[Change]) -> set[Unprotected]:
    """Carry the changes out; return what the plan does not have of them."""
    lacks: set[Unprotected] = set()
    for change in changes:
        output.step(change.text)
        try:
            missing = change.do()
        except NotInPlan as error:
            print(f"  the plan has none of it: {error}", flush=True)
            missing = [change.kind]
        lacks |= {*missing}
    return lacks


def _report(lacks: set[Unprotected], manifest: Manifest, people: list[Reviewer]) -> None:
    """Say what holds now. Raises CommandError when something is missing that the team has not accepted."""
    asked = ", ".join(one.name for one in people)
    if not lacks:
        output.done(f"{APPROVAL} asks {asked}, only {BRANCH} reaches the environments, and {BRANCH} is protected")
        return
    needed = sorted(lacks | {*manifest.delivery.without_protection}, reverse=True)
    if not lacks <= {*manifest.delivery.without_protection}:
        raise CommandError(
            f"GitHub's plan of this repository does not have all of it: {', '.join(sorted(lacks, reverse=True))}",
            f"{PLANS}.\n       Where the team accepts that: spec: {{delivery: {{withoutProtection: "
            f"[{', '.join(needed)}]}}}} in manifest.yaml; else the pipeline stops before production",
            GATE_NOT_PASSED,
        )
    output.done(f"all that the plan has; without {' and '.join(needed)}, as spec.delivery.withoutProtection accepts")


def _administered(github: GitHub) -> None:
    found: RepositoryAnswer | None = github.read("", RepositoryAnswer)
    if found is None or not found.permissions.get("admin"):
        raise CommandError(
            f"this token may not administer {github.repository}" if found else f"GitHub shows no {github.repository}",
            "type it as somebody who administers the repository: gh auth login, or GH_TOKEN (fine-grained: "
            "Administration and Environments, read and write)",
        )


def _reviewer(github: GitHub, name: re.Match[str]) -> Reviewer:
    """Return a reviewer with the id that GitHub wants. Raises CommandError when there is none of the name."""
    if name["user"]:
        kind, person = "User", github.read(f"/users/{segment(name['user'])}", Person, within="api")
    else:
        kind = "Team"
        person = github.read(f"/orgs/{segment(name['org'])}/teams/{segment(name['team'])}", Person, within="api")
    if person is None or not person.id:
        raise CommandError(
            f"--reviewers {name[0]}: GitHub knows no such {kind.lower()}, or does not show it to this token",
            "correct it; a team is named org/team, and the token needs read:org for it",
            WRONG_INPUT,
        )
    return Reviewer(type=kind, reviewer=person)


def _ids(reviewers: Any) -> list[tuple[str, int]]:
    return [(one.type, one.reviewer.id) for one in reviewers]


def _put(github: GitHub, found: Protection, asked: list[Reviewer]) -> list[Unprotected]:
    """Make an environment or change it; what a team has set besides stays."""
    path = f"/environments/{segment(found.name)}"
    keeps_policy = found.only_main and not found.custom
    policy = {"protected_branches": keeps_policy, "custom_branch_policies": not keeps_policy}
    body: dict[str, Any] = {"deployment_branch_policy": policy}
    if found.wait_timer:
        body["wait_timer"] = found.wait_timer
    people = {"reviewers": [{"type": kind, "id": number} for kind, number in _ids(asked)]}
    if found.prevent_self_review:
        people["prevent_self_review"] = True  # type: ignore[assignment]
    lacks: list[Unprotected] = []
    try:
        github.change("PUT", path, {**body, **(people if asked else {})})
    except NotInPlan as error:
        if not asked:
            raise
        print(f"  without reviewers: {error}", flush=True)
        lacks.append("reviewers")
        github.change("PUT", path, body)
    if not keeps_policy:
        _only_main(github, path)
    return lacks


def _only_main(github: GitHub, path: str) -> None:
    policies = f"{path}/deployment-branch-policies"
    patterns = github.all(policies, "branch_policies", BranchPattern)
    if not any(one.is_main for one in patterns):
        github.change("POST", policies, {"name": BRANCH, "type": "branch"})
    for one in patterns:
        if not one.is_main:
            github.change("DELETE", f"{policies}/{one.id}")


def _protect_main(github: GitHub) -> list[Unprotected]:
    review = {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": True,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }
    checks = {"strict_required_status_checks_policy": False, "required_status_checks": [{"context": "check"}]}
    body = {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": [f"refs/heads/{BRANCH}"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {"type": "pull_request", "parameters": review},
            {"type": "required_status_checks", "parameters": checks},
        ],
    }
    github.change("POST", "/rulesets", body)
    return []
