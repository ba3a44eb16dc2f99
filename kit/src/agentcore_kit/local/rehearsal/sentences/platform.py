"""What commands print of a platform's accounts: their stacks, drift, what is removed, and what stands on them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agentcore_kit.delivery import names
from agentcore_kit.delivery.contract import declared
from agentcore_kit.delivery.platform.concerns import BY_HAND, ORDER
from agentcore_kit.delivery.platform.exempt import is_exempt
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.drift import actual
from agentcore_kit.local.aws_emulator.stack_state import Stack
from agentcore_kit.local.rehearsal.reader import Told, says_nothing, sentence
from agentcore_kit.local.rehearsal.sentences.general import component, stacks_named

_LOST = (
    r"users can no longer sign in with what the user pool has given them"
    r"|keys and budgets of components in it are gone"
    r"|what tools have registered at it is gone, and its address"
    r"|\d+ images stay, but nobody can push any more, and a new entry cannot take their name"
)
"""What somebody loses by the removal of a stack."""


def own_stacks(cloud: Cloud, told: Told, environment: str = "") -> list[Stack]:
    """Return the platform's stacks in the account of a command, for its environment or another one."""
    assert told.environment is not None
    prefix = names.stack(component(), environment or told.environment.name, "")
    return [
        stack
        for (account, _), place in list(cloud.places.items())
        if account == str(told.environment.account)
        for stack in place.stacks.stacks.values()
        if stack.name.startswith(prefix) and stack.status != "REVIEW_IN_PROGRESS"
    ]


def remembered_commit(cloud: Cloud, told: Told) -> str:
    """Return the commit that the platform remembers in the account of a command; empty for none."""
    assert told.environment is not None
    values = cloud.at(str(told.environment.account), told.environment.region).parameters.values
    return str(values.get(f"{names.memory(component(), told.environment.name)}commit", ""))


@sentence(
    r"(?P<number>\d+) stacks are there(, of commit (?P<commit>[0-9a-f]+))?"
    r"|nothing (of the platform is deployed|is there)"
)
def stacks_there(told: Told, match: re.Match[str]) -> str | None:
    """Compare how many stacks the account has, and the commit that it remembers."""
    found, commit = own_stacks(told.after, told), remembered_commit(told.after, told)
    if len(found) != int(match["number"] or 0):
        return f"there are {len(found)} stacks"
    if match["commit"] and not commit.startswith(match["commit"]):
        return f"remembered is commit {commit or 'none'}"
    return None


@sentence(r"the platform of (?P<commit>[0-9a-f]+) is deployed", "deploy")
def platform_deployed(told: Told, match: re.Match[str]) -> str | None:
    """Compare the commit that the account remembers."""
    commit = remembered_commit(told.after, told)
    return None if commit.startswith(match["commit"]) else f"remembered is commit {commit or 'none'}"


@sentence(
    r"commit (?P<head>[0-9a-f]+) (can be delivered: no commit is known to be live|is live already"
    r"|is (not )?older than (?P<live>[0-9a-f]+), which is live)",
    "newer",
)
def compared_with_live(told: Told, match: re.Match[str]) -> str | None:
    """Compare with the commit that the account remembers."""
    commit = remembered_commit(told.after, told)
    named = match["live"] or (match["head"] if "already" in match[0] else "")
    same = commit.startswith(named) if named else not commit
    return None if same else f"remembered is commit {commit or 'none'}"


@sentence(r"(! )?(delete stack )?(?P<name>[\w-]+-[\w-]+)(: delete(, with the gateway)?)?", "plan", "deploy", "destroy")
def stack_goes(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a stack was there before, and is gone where the command has succeeded."""
    if not stacks_named(told.before, told, match["name"]):
        return "there was no such stack"
    there = stacks_named(told.after, told, match["name"])
    return "it is still there" if there and told.code == 0 and told.command != "plan" else None


@sentence(rf"(this would lose something: )?(?P<name>[\w-]+-[\w-]+): ({_LOST})")
def stack_would_lose(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a stack that would be removed is there."""
    return None if stacks_named(told.after, told, match["name"]) else "there is no such stack"


@sentence(
    r"(! |this would lose something: )?(?P<stack>[\w-]+-[\w-]+): no longer gives (?P<name>\S+), which is read by .+",
    "plan",
    "deploy",
)
def name_would_be_lost(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a published name was there, and is gone only where the command was carried out."""
    known = declared(match["name"])
    if known is None:
        return None  # a role or a secret
    before, after = (any(map(known.matches, place.parameters.values)) for place in (told.place_before, told.place))
    if not before:
        return "it was not there"
    done = told.command == "deploy" and told.code == 0
    return None if after != done else f"it is {'still' if after else 'no longer'} there"


@sentence(r"stack (?P<name>[\w-]+) is not as infra/\S+ says, and the pipeline cannot change its own role")
def not_changed_by_pipeline(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the command has changed no stack."""
    executed = [call for call in told.calls if call.operation == "ExecuteChangeSet"]
    return f"{len(executed)} change sets were executed" if executed else None


@sentence(
    r"(?P<component>\S+) is (no longer in components\.yaml for (?P<env>\S+), but it is deployed there|deployed here)"
    r" \((?P<stacks>.+)\)( and needs the platform)?"
)
def component_is_there(told: Told, match: re.Match[str]) -> str | None:
    """Compare that stacks of a component are in the account."""
    return _absent(told, match["stacks"].split(", "))


@sentence(r"(?P<other>\S+) is in the same account and uses the pipeline's role that goes with (?P<env>\S+)", "destroy")
def other_is_there(told: Told, match: re.Match[str]) -> str | None:
    """Compare that another environment has stacks in the same account."""
    return None if own_stacks(told.after, told, match["other"]) else f"nothing of {match['other']} is in the account"


@sentence(r"(?P<first>\S+) is in the same account and makes the pipeline's role, which \S+ uses too", "plan", "deploy")
def first_is_not_there(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the environment that comes first in an account has not made the pipeline's role yet."""
    last = names.stack(component(), match["first"], ORDER[BY_HAND][-1])
    there = [stack.name for stack in own_stacks(told.after, told, match["first"])]
    return f"{last} is there" if last in there else None


@sentence(r"! [\w-]+: who is signed in \((?P<arn>\S+)\) is not among exemptRoles of \S+, so .*", "plan", "deploy")
def is_bound(told: Told, match: re.Match[str]) -> str | None:
    """Compare who has asked with the roles that the environment's file exempts."""
    exempt = getattr(told.environment, "exempt_roles", [])
    return f"{match['arn']} is exempt" if is_exempt(match["arn"], exempt) else None


@sentence(r"as it was deployed", "drift")
def no_drift(told: Told, _: re.Match[str]) -> str | None:
    """Compare every resource of the platform's stacks with what is there."""
    differs = [name for stack in own_stacks(told.after, told) for name in _differing(told, stack)]
    return f"not so are {', '.join(differs)}" if differs else None


@sentence(
    r"(\S+ is not as it was deployed: )?(?P<stack>[\w-]+): (?P<name>\w+) \([\w:]+\) "
    r"was (?P<how>deleted|changed)(: .*)?",
    "drift",
)
def drifted(told: Told, match: re.Match[str]) -> str | None:
    """Compare a resource of a stack with what is there."""
    for stack in stacks_named(told.after, told, match["stack"]):
        resource = stack.resources.get(match["name"])
        now = actual(told.place, resource) if resource else None
        if resource and (now is None) == (match["how"] == "deleted") and now != resource.properties:
            return None
    return "it is as its stack has made it"


@sentence(r"(\S+ is not as it was deployed: )?(?P<stack>[\w-]+) is not deployed", "drift")
def not_deployed(told: Told, match: re.Match[str]) -> str | None:
    """Compare that there is no such stack."""
    return "it is there" if stacks_named(told.after, told, match["stack"]) else None


@sentence(r"(?P<state>there|missing|wrong) +(?P<what>SSM parameter|role|ECR repository) +(?P<name>\S+)( .*)?", "doctor")
def looked_for(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a name is in the account."""
    account, state = str(told.environment.account) if told.environment else "", match["state"]
    places = [place for (each, _), place in list(told.after.places.items()) if each == account]
    if match["what"] == "role":
        found = told.after.iam.role(f"arn:aws:iam::{account}:role/{match['name']}") is not None
    elif match["what"] == "ECR repository":
        found = any(match["name"] in place.images.repositories for place in places)
    else:
        found = any(match["name"] in place.parameters.values for place in places)
    return None if found == (state != "missing") else f"it is {'there' if found else 'not there'}"


@sentence(r"(\d+) of \d+ that \S+ gives are missing or wrong: (?P<names>.+)", "doctor")
def gives_not(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the parameters among the names are not there."""
    values = told.place.parameters.values
    there = [name for name in match["names"].split(", ") if name.startswith("/agentops/") and name in values]
    return f"there are {', '.join(there)}" if there else None


@sentence(
    r"This (changes production|removes the platform from \S+) \((?P<account>\d+)\)\. Type the \w+'s name to go on:"
)
def asks_for_account(told: Told, match: re.Match[str]) -> str | None:
    """Compare the account with the environment's."""
    assert told.environment is not None
    return None if str(told.environment.account) == match["account"] else f"it is {told.environment.account}"


says_nothing(
    r"state +what +name +detail, and what makes it",
    r"(there|missing|not checked) +(OIDC provider|secret|log group|setting|GitHub environment) .*|all \d+ are there",
    commands=("doctor",),
)
says_nothing(
    r"compare every stack with its resources",
    r"compare this commit with what was delivered",
    r"deploy needs --allow-loss, as lines with ! lose something",
    r"not confirmed",
    r"stays( in the account)?: .*",
    _LOST,
    r"what the plan names as staying is in the account until somebody deletes it there, .*",
)
says_nothing(
    r"add \S+ to components\.yaml on branch \S+",
    r"roles \S+ and what its pipeline needs besides, in each of its accounts",
    r"ECR repository \S+ in the shared account",
    r"(gateway|memory) \S+: .*",
    r"budget of \d+ USD a month, paid by .*",
    r"look first: .*",
    r"branch \S+ (has the change|is here|is there already)",
    r"what is checked out here is as it was",
    r"next: add a remote, .*",
    commands=("onboard",),
)


def _absent(told: Told, wanted: Iterable[str]) -> str | None:
    there = [name for name in wanted if stacks_named(told.after, told, name)]
    return None if there == [*wanted] else f"there are only {', '.join(there) or 'none'}"


def _differing(told: Told, stack: Stack) -> list[str]:
    places = [place for (account, _), place in list(told.after.places.items()) if stack in place.stacks.stacks.values()]
    return [
        f"{stack.name}/{name}"
        for place in places
        for name, resource in stack.resources.items()
        if actual(place, resource) is None
        or (resource.type == "AWS::SSM::Parameter" and actual(place, resource) != resource.properties)
    ]
