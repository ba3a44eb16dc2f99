"""What protects a delivery on GitHub: who is asked before production, and from which branches environments are reached.

GitHub makes an environment that a workflow names and nobody made, without reviewers and open to every branch.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from agentcore_kit.config.delivery import APPROVAL, REGISTRY_ENVIRONMENT
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.delivery.github_api import GitHub, NotInPlan, plain, segment

BRANCH = "main"
"""The branch that the workflows deliver."""

PLANS = (
    "GitHub has required reviewers in public repositories on every plan, in private ones with GitHub Enterprise; "
    "environments with branches, and protected branches, in private ones with GitHub Pro, Team or Enterprise"
)


class Person(BaseModel):
    """A user or a team."""

    id: int = 0
    login: str = ""
    slug: str = ""


class Reviewer(BaseModel):
    """Who may approve."""

    type: str
    reviewer: Person

    @property
    def name(self) -> str:
        """How people call it."""
        return plain(self.reviewer.slug or self.reviewer.login)


class Rule(BaseModel):
    """A protection rule of an environment."""

    type: str
    wait_timer: int = 0
    prevent_self_review: bool = False
    reviewers: list[Reviewer] = []


class Policy(BaseModel):
    """Which branches reach an environment: those that are protected, or those of a list."""

    protected_branches: bool = False
    custom_branch_policies: bool = False


class EnvironmentAnswer(BaseModel):
    """An environment, as GitHub answers it."""

    name: str
    protection_rules: list[Rule] = []
    deployment_branch_policy: Policy | None = None


class BranchPattern(BaseModel):
    """An entry of the list of branches."""

    id: int = 0
    name: str
    type: str = "branch"

    @property
    def is_main(self) -> bool:
        """Whether it is the branch that is delivered, and no other."""
        return (self.type, self.name) == ("branch", BRANCH)


class BranchAnswer(BaseModel):
    """A branch."""

    name: str
    protected: bool = False


class BranchRule(BaseModel):
    """A rule of a ruleset that holds for a branch."""

    type: str


class RepositoryAnswer(BaseModel):
    """A repository."""

    full_name: str
    private: bool = True
    permissions: dict[str, bool] = {}


@dataclass(frozen=True)
class Protection:
    """How an environment of GitHub is protected.

    Attributes:
        name: Of the environment.
        exists: Whether somebody has made it.
        reviewers: Who is asked before a job of it runs.
        patterns: The branches and tags from which it is reached; None for all.
        custom: Whether these are a list of its own.
        wait_timer: Minutes that a job waits.
        prevent_self_review: Whether who started a run may not approve it.
    """

    name: str
    exists: bool = False
    reviewers: tuple[Reviewer, ...] = ()
    patterns: tuple[BranchPattern, ...] | None = None
    custom: bool = False
    wait_timer: int = 0
    prevent_self_review: bool = False

    @property
    def only_main(self) -> bool:
        """Whether it is reached from the branch that is delivered, and from nowhere else."""
        return bool(self.patterns) and all(one.is_main for one in self.patterns or ())

    @property
    def reached_from(self) -> str:
        """From where it is reached, in words."""
        if self.patterns is None:
            return "every branch"
        return (
            ", ".join(f"{'tag ' if one.type == 'tag' else ''}{plain(one.name)}" for one in self.patterns) or "nowhere"
        )

    @property
    def asked(self) -> str:
        """Who is asked, in words."""
        return ", ".join(one.name for one in self.reviewers) or "nobody"


def pipeline_environments(manifest: Manifest) -> list[str]:
    """Return the environments of GitHub that the delivery to production passes, in its order."""
    delivery = manifest.delivery
    # A tool is registered from production itself, and a platform has no record.
    registry = [] if manifest.kind in ("Tool", "Platform") else [REGISTRY_ENVIRONMENT]
    return [delivery.preproduction, *registry, APPROVAL, *delivery.production]


def protection(github: GitHub, name: str) -> Protection:
    """Return how an environment is protected."""
    try:
        found = github.read(f"/environments/{segment(name)}", EnvironmentAnswer)
    except NotInPlan:
        found = None
    if found is None or found.name.lower() != name.lower():
        return Protection(name)
    reviewers = [one for rule in found.protection_rules if rule.type == "required_reviewers" for one in rule.reviewers]
    policy = found.deployment_branch_policy
    patterns: tuple[BranchPattern, ...] | None = None
    if policy and policy.custom_branch_policies:
        address = f"/environments/{segment(name)}/deployment-branch-policies"
        patterns = tuple(github.all(address, "branch_policies", BranchPattern))
    elif policy and policy.protected_branches:  # where no branch is protected, all can deploy
        branches = github.all("/branches?protected=true", "", BranchAnswer)
        patterns = tuple(BranchPattern(name=one.name) for one in branches) or None
    return Protection(
        name,
        exists=True,
        reviewers=tuple(reviewers),
        patterns=patterns,
        custom=bool(policy and policy.custom_branch_policies),
        wait_timer=max((rule.wait_timer for rule in found.protection_rules), default=0),
        prevent_self_review=any(rule.prevent_self_review for rule in found.protection_rules),
    )


def main_is_protected(github: GitHub) -> bool:
    """Return whether changes of the branch that is delivered are reviewed: by a ruleset, or a protected branch.

    A workflow's token sees of a protected branch only that it is one.
    """
    try:
        rules = github.all(f"/rules/branches/{BRANCH}", "", BranchRule)
    except NotInPlan:
        rules = []
    if any(rule.type == "pull_request" for rule in rules):
        return True
    branch = github.read(f"/branches/{BRANCH}", BranchAnswer)
    return branch is not None and branch.name == BRANCH and branch.protected
