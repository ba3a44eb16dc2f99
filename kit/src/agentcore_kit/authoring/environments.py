"""`kit add env`: another environment like one that is there: its file, and its place on the manifest's list."""

from __future__ import annotations

import re

from agentcore_kit.authoring.changes import Changes, not_placed
from agentcore_kit.authoring.yaml_text import YamlFile
from agentcore_kit.authoring.yaml_values import fits
from agentcore_kit.config.delivery import LOCAL_ENVIRONMENT, RESERVED, EnvironmentName
from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.repository import MANIFEST
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

_ENV_OPTION = re.compile(r"--env ([a-z0-9-]+)")


def add_environment(
    changes: Changes, manifest: Manifest, name: str, like: str = "", account: str = "", region: str = ""
) -> list[str]:
    """Add an environment, for the same purpose as the one that it is like.

    Args:
        changes: The repository's files.
        manifest: Its manifest.
        name: The new environment, for example `prod-us`.
        like: The environment whose file is copied; the one whose name begins the new one's where it is empty.
        account: Its AWS account, 12 digits; that of `like` where it is empty.
        region: Its AWS region; that of `like` where it is empty.

    Returns:
        What is left to a person, a line each.

    Raises:
        CommandError: When the name is not right, or a place in a file was not found.
    """
    if not fits(name, EnvironmentName) or name in (LOCAL_ENVIRONMENT, *RESERVED):
        needed = f"lower-case letters, digits and single hyphens, at most 20; not local, {', '.join(RESERVED)}"
        raise CommandError(f"{name!r} is no name of an environment", f"needed: {needed}", WRONG_INPUT)
    like = like or _like(name, manifest)
    if like not in manifest.delivery.environments:
        there = choose(like, manifest.delivery.environments)
        raise CommandError(
            f"{like!r} is no environment in AWS", f"--like must be one that is there; {there}", WRONG_INPUT
        )
    file = f"environments/{name}.yaml"
    is_new = not changes.exists(file)
    before = YamlFile(changes, f"environments/{like}.yaml")
    if is_new:
        changes.create(
            file, _ENV_OPTION.sub(lambda found: f"--env {name if found[1] == like else found[1]}", before.text)
        )
        made = YamlFile(changes, file)
        for field, value in (("name", name), ("account", account), ("region", region)):
            if value:
                made.replace((field,), value)
        if region:
            _in_comments(changes, file, f"--region {before.value('region')}", f"--region {region}")
    else:
        _same(YamlFile(changes, file), account=account, region=region)
    _list(changes, manifest, name, like)
    return list(_left(changes, file, before, name)) if is_new else []


def _like(name: str, manifest: Manifest) -> str:
    found = [one for one in manifest.delivery.environments if name == one or name.startswith(f"{one}-")]
    if not found:
        there = " | ".join(manifest.delivery.environments)
        raise CommandError(
            f"it is not said which environment {name} is like", f"type the same with --like {there}", WRONG_INPUT
        )
    return max(found, key=len)


def _same(file: YamlFile, **given: str) -> None:
    for field, value in given.items():
        if value and str(file.value(field)) != value:
            what = f"{field} is {file.value(field)} already, and would be {value}"
            raise not_placed(file.name, file.line(field), what, "change that line yourself, if it is meant")


def _list(changes: Changes, manifest: Manifest, name: str, like: str) -> None:
    """Put the name on the list of its stage, which is written out with the default where it is not in the file."""
    delivery = manifest.delivery
    if delivery.stage(name) is not None:
        return
    stage = "production" if delivery.stage(like) == "production" else "development"
    file, path = YamlFile(changes, MANIFEST), ("spec", "delivery", stage)
    file.append(path, name, default=delivery.production if stage == "production" else delivery.development)


def _in_comments(changes: Changes, file: str, old: str, new: str) -> None:
    lines = changes.text(file).splitlines(keepends=True)
    changes.set(file, "".join(line.replace(old, new) if line.lstrip().startswith("#") else line for line in lines))


def _left(changes: Changes, file: str, before: YamlFile, name: str) -> list[str]:
    """Return what a person must look at: what else the copied file says of the old account or region, and the rest."""
    after = YamlFile(changes, file)
    old = [str(before.value(field)) for field in ("account", "region") if before.value(field) != after.value(field)]
    found = [
        f"{file}:{number} still names {each}: {line.strip()}"
        for number, line in enumerate(after.text.splitlines(), 1)
        for each in old
        if each in line and not line.startswith("sharedAccount:")
    ]
    return [
        *found,
        f"read {file} once: model, limits and alarms are those of {before.name}",
        "kit rehearse delivers to it on this machine",
        f"the platform is deployed in its account and region, with the pipeline's roles; kit doctor --env {name} says",
        f"kit github-setup makes the environment {name} on GitHub",
    ]
