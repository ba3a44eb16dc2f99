"""What every command of every kind prints: where it acts, its plan, stacks, images, the record in the registry."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.stack_state import Stack
from agentcore_kit.local.rehearsal.callers import place_of
from agentcore_kit.local.rehearsal.reader import Told, says_nothing, sentence

VERSION = r"\d+\.\d+\.\d+\S*"

says_nothing(r"plan:", r"nothing to change", r"", r"identity: .*")
says_nothing(rf"[a-z-]+: [\w-]+ {VERSION}")  # the header: command, component, version of the manifest
says_nothing(r"the AWS credentials are not valid, or no longer \(.*\)")
says_nothing(r"role=\S*", r"region=\S*", r"tag=\S*", commands=("identity",))
says_nothing(r"\|.*", r"#.*", r"- .*", commands=("gate",))  # the evaluation's tables


@sentence(r"environment (?P<env>\S+)   account (?P<account>\d+)(?P<shared>, shared services)?   region (?P<region>\S+)")
def acts_where(told: Told, match: re.Match[str]) -> str | None:
    """Compare where a command acts with the environment's file."""
    environment = told.environments[match["env"]]
    account = environment.shared_account if match["shared"] else environment.account
    if (str(account), environment.region) != (match["account"], match["region"]):
        return f"{match['env']} is account {account} in {environment.region}"
    return None


@sentence(r"(nothing (was|is) changed|production is untouched)")
def nothing_changed(told: Told, _: re.Match[str]) -> str | None:
    """Compare the state before with the state now: templates of stacks, endpoints, targets, records, parameters."""
    before, after = facts(told.before), facts(told.after)
    changed = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    return f"changed: {', '.join(changed)}" if changed else None


@sentence(r"stack (?P<name>[\w-]+)( in (?P<region>[a-z0-9-]+))? +(?P<status>[A-Z_]+|not there)", "status")
def stack_status(told: Told, match: re.Match[str]) -> str | None:
    """Compare the status of a stack with CloudFormation's."""
    place = told.after.at(told.place.account, match["region"] or told.place.region)
    found = place.stacks.stacks.get(match["name"])
    status = found.status if found else "not there"
    return f"it is {status}" if status != match["status"] else None


@sentence(r"stack (?P<name>[\w-]+)(, configuration of [0-9a-f]+)?")
def stack_brought(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a stack was made or updated: a change set of it was executed."""
    executed = [call for call in told.calls if call.operation == "ExecuteChangeSet"]
    stacks = {str(call.parameters["StackName"]) for call in executed}
    return None if match["name"] in stacks else f"no change set of it was executed, only of {', '.join(stacks)}"


@sentence(r"(?P<name>[\w-]+-[\w-]+): (new, after the stacks above|add \S+.*|modify \S+.*|remove \S+.*|replace \S+.*)")
def stack_change(told: Told, match: re.Match[str]) -> str | None:
    """Compare what a change set would add, change or remove with the stack before, which may be in another region."""
    name, text = match["name"], match[2]
    here = told.place_before.stacks.stacks.get(name)
    there = set(here.resources) if here else set()
    resource = text.split()[1].rstrip(",")
    having = [stack for stack in stacks_named(told.before, told, name) if resource in stack.resources]
    if text.startswith("new") and there:
        return f"stack {name} is there already"
    if text.startswith("add") and resource in there:
        return f"{resource} is there already"
    if text.startswith(("modify", "remove", "replace")) and not having:
        return f"there is no {resource} in stack {name}"
    return None


@sentence(r"(?P<name>[\w-]+-[\w-]+): outputs change, and no resource")
def outputs_change(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the stack is there, and that it has other outputs where the command has changed it."""
    before, now = (
        [stack.outputs for stack in stacks_named(cloud, told, match["name"])] for cloud in (told.before, told.after)
    )
    changed = told.command == "deploy" and told.code == 0
    if not before:
        return "there is no such stack"
    return None if (before != now) == changed else f"its outputs are {'what they were' if changed else 'others now'}"


@sentence(r"stack (?P<name>[\w-]+), left by its failed first creation, was removed")
def stack_left_removed(told: Told, match: re.Match[str]) -> str | None:
    """Compare that what a failed first creation has left was there, and is gone or made anew."""
    before = told.place_before.stacks.stacks.get(match["name"])
    if before is None or before.status not in (
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "CREATE_FAILED",
        "DELETE_FAILED",
    ):
        return f"before, it was {before.status if before else 'not there'}"
    return None


@sentence(r"(?P<name>[\w-]+): (?P<status>[A-Z]+(_[A-Z]+)*)(: .*)?")
def stack_failed(told: Told, match: re.Match[str]) -> str | None:
    """Compare how a stack ended; one that has removed itself is gone."""
    found = told.place.stacks.stacks.get(match["name"])
    if found is None:
        return None if "ROLLBACK" in match["status"] or "DELETE" in match["status"] else "there is no such stack"
    return None if found.status == match["status"] else f"it is {found.status}"


@sentence(r"(?P<name>[\w-]+) was not made: .*")
def stack_not_made(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a stack was not made."""
    found = told.place.stacks.stacks.get(match["name"])
    return f"it is {found.status}" if found and found.status == "CREATE_COMPLETE" else None


@sentence(r"nothing of it is left")
def nothing_left(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there is no stack that was not there before."""
    new = set(told.place.stacks.stacks) - set(told.place_before.stacks.stacks)
    failed = [name for name in new if told.place.stacks.stacks[name].status != "CREATE_COMPLETE"]
    return f"left are {', '.join(failed)}" if failed else None


@sentence(r"image (?P<uri>\S+@sha256:[0-9a-f]{64})")
def image_there(told: Told, match: re.Match[str]) -> str | None:
    """Compare that an image is in ECR."""
    return None if image(told.after, match["uri"]) else "no such image is in ECR"


@sentence(r"nothing is live by this")
def nothing_live_by_this(told: Told, _: re.Match[str]) -> str | None:
    """Compare that no endpoint was moved."""
    before, after = endpoints(told.before), endpoints(told.after)
    return None if before == after else f"endpoints moved: {before} → {after}"


@sentence(r"build and push \S+ of commit [0-9a-f]+ for arm64", "build")
def builds(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there is one image more afterwards, where the command has succeeded."""
    if told.code == 0 and len(digests(told.after)) <= len(digests(told.before)):
        return "there is no new image"
    return None


says_nothing(r"copy it to \S+, for \S+", r"write its SBOM and sign it, where syft and cosign are", commands=("build",))
says_nothing(r"next: kit .*")


@sentence(r"record (?P<name>\S+) (?P<version>\S+): (?P<status>[A-Z_]+)")
def record_is(told: Told, match: re.Match[str]) -> str | None:
    """Compare version and status of the registry's record."""
    found = [(record.version, record.status) for record in records(told.after, told) if record.name == match["name"]]
    return None if (match["version"], match["status"]) in found else f"the registry has {found}"


@sentence(r"registry (?P<version>\S+) (?P<status>[A-Z_]+)( .*)?", "status")
def registry_is(told: Told, match: re.Match[str]) -> str | None:
    """Compare what `status` shows of the registry's record."""
    found = [(record.version, record.status) for record in records(told.after, told)]
    return None if (match["version"], match["status"]) in found else f"the registry has {found}"


@sentence(r"add record (?P<name>\S+) (?P<version>\S+) \(\S+\) and submit it for approval")
def record_added(told: Told, match: re.Match[str]) -> str | None:
    """Compare that there was no record of this name before."""
    known = [record.name for record in records(told.before, told) if record.status != "DEPRECATED"]
    return "it is there already" if match["name"] in known else None


@sentence(r"(?P<old>\S+), which waits for approval, is discarded")
def record_discarded(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a record of this version waited for approval before."""
    known = [(record.version, record.status) for record in records(told.before, told)]
    return None if (match["old"], "PENDING_APPROVAL") in known else f"the registry had {known}"


@sentence(r"what was approved before stays discoverable")
def approved_stays(told: Told, _: re.Match[str]) -> str | None:
    """Compare that what was approved is what it was."""
    before, after = (
        [record.approved for record in place_registry(cloud) if record.approved] for cloud in (told.before, told.after)
    )
    return None if before == after else "what was approved has changed"


@sentence(r"submit record (?P<name>\S+) (?P<version>\S+) for approval")
def record_submitted(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the record waits for approval afterwards."""
    known = [(record.version, record.status) for record in records(told.after, told)]
    if told.code == 0 and (match["version"], "PENDING_APPROVAL") not in known:
        return f"the registry has {known}"
    return None


@sentence(r"tag record (?P<name>\S+): .*")
def record_tagged(told: Told, _: re.Match[str]) -> str | None:
    """Compare that a record has tags afterwards."""
    return None if told.code or any(record.tags for record in place_registry(told.after)) else "no record has tags"


@sentence(
    r"no registry is published in account (?P<account>\d+) \(\S+ in (?P<region>\S+)\)"
    r"(; \S+ would have sent \d+ bytes of \w+)?(: no record is written)?"
)
def no_registry(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the platform publishes no registry there."""
    place = told.after.at(match["account"], match["region"])
    return f"{names.REGISTRY} is published" if names.REGISTRY in place.parameters.values else None


@sentence(r"image (?P<digest>sha256:[0-9a-f]+) has not passed pre-production with this dataset")
def not_passed(told: Told, match: re.Match[str]) -> str | None:
    """Compare that no image of the digest has the tag of one that passed."""
    place = told.place
    assert told.environment is not None
    shared = told.after.at(str(told.environment.shared_account), place.region).images.repositories
    tags = {
        tag for known in shared.values() for digest, all_ in known.items() if match["digest"] in digest for tag in all_
    }
    return "it has" if any(tag.startswith("passed-preprod-") for tag in tags) else None


def place_registry(cloud: Cloud) -> list[Any]:
    """Return the records of all registries as the service has them."""
    return [
        record
        for place in list(cloud.places.values())
        for record in place.service("agent-registry-control").records.values()
    ]


# Of GitHub, which is no part of the emulated AWS: the scene `no-approval` compares it.
says_nothing(
    r"github-check: \S+",
    r"(MISSING|accepted in manifest\.yaml): .*",
    r"production of \S+ is not protected: .*",
    r"not checked, as this is no workflow on GitHub: .*",
    r"approval asks reviewers, .*",
    r"delivered without .*",
    commands=("github-check",),
)


@sentence(r"new draft of record (?P<name>\S+): (?P<old>\S+) says something else, submit for approval")
def record_rewritten(told: Told, match: re.Match[str]) -> str | None:
    """Compare the version that the record has."""
    known = [record.version for record in records(told.before, told)]
    return None if match["old"] in known else f"the registry had {known}"


says_nothing(r"(Passed|Failed|Not passed): .*", commands=("gate",))  # the evaluation's own words


@sentence(r"new draft of record (?P<name>\S+): (?P<old>\S+) → (?P<new>\S+), submit for approval")
def record_drafted(told: Told, match: re.Match[str]) -> str | None:
    """Compare the version that the record had before."""
    known = [record.version for record in records(told.before, told) if record.name == match["name"]]
    return None if match["old"] in known else f"the registry had {known}"


class Record(NamedTuple):
    """A record of the registry."""

    name: str
    version: str
    status: str


def records(cloud: Cloud, told: Told | None = None) -> list[Record]:
    """Return the records of all registries; with a command only of the one that its environment is told of."""
    known = place_registry(cloud)
    if told and told.environment:
        registry = place_of(cloud, told.environment).parameters.values.get(names.REGISTRY)
        known = [record for record in known if record.registry == registry]
    return [Record(record.draft["name"], record.draft["recordVersion"], record.status) for record in known]


def stacks_named(cloud: Cloud, told: Told, name: str) -> list[Stack]:
    """Return the stacks of a name in the account of a command's environment: of each region that has one."""
    places = [place for (account, _), place in list(cloud.places.items()) if account == told.place.account]
    found = [place.stacks.stacks[name] for place in places if name in place.stacks.stacks]
    return [stack for stack in found if stack.status != "REVIEW_IN_PROGRESS"]


def image(cloud: Cloud, uri: str) -> set[str] | None:
    """Return the tags of an image by its address and digest; None when there is none."""
    registry, _, rest = uri.partition("/")
    repository, _, digest = rest.partition("@")
    place = cloud.at(registry.split(".")[0], registry.split(".")[3])
    tags: set[str] | None = place.images.repositories.get(repository, {}).get(digest)
    return tags


def digests(cloud: Cloud) -> set[tuple[str, str]]:
    """Return all images, each with where it is."""
    return {
        (f"{account}/{region}/{repository}", digest)
        for (account, region), place in list(cloud.places.items())
        for repository, known in place.images.repositories.items()
        for digest in known
    }


def endpoints(cloud: Cloud) -> dict[str, str | None]:
    """Return what every named endpoint of every runtime serves; DEFAULT follows deployments by itself."""
    return {
        f"{runtime.arn}/{name}": endpoint.live
        for place in list(cloud.places.values())
        for runtime in place.runtimes.runtimes.values()
        for name, endpoint in runtime.endpoints.items()
        if name != "DEFAULT"
    }


def facts(cloud: Cloud) -> dict[str, Any]:
    """Return what a command that changes nothing leaves as it is, by what it is called in messages."""
    found: dict[str, Any] = dict(endpoints(cloud))
    for (account, region), place in list(cloud.places.items()):
        for name, value in place.parameters.values.items():
            found[f"parameter {account}/{region}{name}"] = str(value)
        for stack in place.stacks.stacks.values():
            if stack.status != "REVIEW_IN_PROGRESS":  # a change set that was looked at and discarded
                found[f"stack {stack.name}"] = (stack.body, dict(stack.parameters))
        for gateway in place.gateways.gateways.values():
            found |= {f"target {one.id} of {gateway.name}": one.given for one in gateway.targets.values()}
        for test in place.evaluations.tests.values():
            found[f"A/B test {test['abTestId']}"] = (test["executionStatus"], test["variants"])
    for record in records(cloud):
        found[f"record {record.name}"] = (record.version, record.status)
    return found


def component() -> str:
    """Return the component's name."""
    return str(load_manifest().metadata.name)
