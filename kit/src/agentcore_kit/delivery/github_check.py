"""The command `github-check`: is production protected on GitHub as the pipeline relies on it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agentcore_kit.config.delivery import APPROVAL, Unprotected
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.delivery import output
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError, reported_errors
from agentcore_kit.delivery.github_api import GitHub, connect, in_workflow
from agentcore_kit.delivery.github_protection import (
    BRANCH,
    PLANS,
    RepositoryAnswer,
    main_is_protected,
    pipeline_environments,
    protection,
)


@dataclass(frozen=True)
class Gap:
    """What does not protect production.

    Attributes:
        kind: What is missing, as `spec.delivery.withoutProtection` names it.
        text: What is so, in words.
    """

    kind: Unprotected
    text: str


def github_check() -> None:
    """Stop with 1 unless people are asked before production, and only main reaches it. Changes nothing."""
    with reported_errors():
        github = connect()
        if isinstance(github, str):
            if in_workflow():
                raise CommandError(
                    f"whether anybody is asked before production is not known: {github}; nothing is delivered",
                    "give the step env: {GH_TOKEN: ${{ github.token }}}, and its job permissions: "
                    "{actions: read, contents: read}",
                )
            output.done(f"not checked, as this is no workflow on GitHub: {github}")
            return
        manifest = load_manifest()
        print(f"github-check: {github.repository}")
        repository = _repository(github)
        found = list(gaps(github, manifest))
        # A public repository has all of this on every plan: there is nothing to do without.
        accepted = manifest.delivery.without_protection if repository.private else []
        for gap in found:
            print(f"  {'accepted in manifest.yaml' if gap.kind in accepted else 'MISSING'}: {gap.text}", flush=True)
        left = [gap for gap in found if gap.kind not in accepted]
        if left:
            raise _stop(left, repository, manifest)
        if not found:
            output.done(f"{APPROVAL} asks reviewers, only {BRANCH} reaches the environments, and {BRANCH} is protected")
        else:
            output.done(f"delivered without {' and '.join(accepted)}, as spec.delivery.withoutProtection accepts")


def gaps(github: GitHub, manifest: Manifest) -> Iterator[Gap]:
    """Yield what does not protect production, in the order in which a delivery passes it.

    Args:
        github: The repository.
        manifest: Says which environments there are.

    Raises:
        CommandError: When GitHub does not answer, refuses, or answers something that it does not document.
    """
    for name in pipeline_environments(manifest):
        found = protection(github, name)
        if name == APPROVAL and not found.reviewers:
            yield Gap(
                "reviewers", f"environment {name} has no required reviewers, so nobody is asked before production"
            )
        if not found.exists:
            yield Gap("branches", f"environment {name} is not there: GitHub would make it, open to every branch")
        elif not found.only_main:
            yield Gap(
                "branches", f"environment {name} is reached from {found.reached_from}, and must be from {BRANCH} only"
            )
    if not main_is_protected(github):
        yield Gap("branches", f"{BRANCH} is not protected: what is pushed there is delivered unseen")


def _repository(github: GitHub) -> RepositoryAnswer:
    found: RepositoryAnswer | None = github.read("", RepositoryAnswer)
    if found is None:
        raise CommandError(
            f"GitHub has no repository {github.repository}, or this token may not see it",
            "check git remote get-url origin and the token",
        )
    return found


def _stop(left: list[Gap], repository: RepositoryAnswer, manifest: Manifest) -> CommandError:
    next_step = "kit github-setup --reviewers NAME-OR-ORG/TEAM makes what is missing (a person types it)"
    if repository.private:
        kinds = sorted({gap.kind for gap in left} | {*manifest.delivery.without_protection}, reverse=True)
        next_step += (
            f"\n       {PLANS}.\n       Where the plan has none and the team accepts that: "
            f"spec: {{delivery: {{withoutProtection: [{', '.join(kinds)}]}}}} in manifest.yaml"
        )
    elif manifest.delivery.without_protection:
        next_step += "; spec.delivery.withoutProtection has no effect in a public repository, which has all of it"
    return CommandError(
        f"production of {repository.full_name} is not protected: {'; '.join(gap.text for gap in left)}",
        next_step,
        GATE_NOT_PASSED,
    )
