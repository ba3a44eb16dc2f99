"""Which environments a component is delivered to, in which order, and what each is for: `spec.delivery`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import Document, FieldPath, Finding, Model, parse
from agentcore_kit.config.repository import relative, repository_path

Stage = Literal["local", "development", "preproduction", "production"]

Unprotected = Literal["reviewers", "branches"]
"""A protection that GitHub's plan of a private repository may not have."""

LOCAL_ENVIRONMENT = "local"
"""The environment of this machine, which is delivered to nowhere and stands on no list."""

APPROVAL, REGISTRY_ENVIRONMENT = "approval", "registry"
"""Environments of GitHub that are none in AWS: where people are asked, and from which the record is written."""

RESERVED = (APPROVAL, REGISTRY_ENVIRONMENT, "build")
"""Names that the workflows use for something else: environments of GitHub, and groups of jobs that take turns."""

_NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_NEEDS = "the name of a file in environments/ without .yaml: lower-case letters, digits, single hyphens; at most 20"

EnvironmentName = Annotated[str, StringConstraints(pattern=_NAME, max_length=20)]

_ASKS = "kit environments"
"""What a workflow has that takes the environments from the lists."""

_LONGEST = 48
"""The characters that the name of a Runtime or a memory may have: component and environment, joined by `_`."""


class Delivery(Model):
    """The environments in AWS by stage. A name stands on one list only."""

    development: list[EnvironmentName] = Field(
        default=["dev"], description=f"deployed by hand only: {_NEEDS}", examples=["[dev]"]
    )
    preproduction: EnvironmentName = Field(
        default="preprod", description=f"where each version is tested first: {_NEEDS}", examples=["preprod"]
    )
    production: list[EnvironmentName] = Field(
        default=["prod"],
        min_length=1,
        description=f"delivered one after the other, as listed: {_NEEDS}",
        examples=["[prod, prod-us]"],
    )

    without_protection: list[Unprotected] = Field(
        default=[],
        description="what GitHub's plan of this private repository does not have, and the team delivers without: "
        "reviewers (nobody is asked before production), branches (any branch reaches the environments, and main is "
        "not protected)",
        examples=["[reviewers]"],
    )

    @property
    def environments(self) -> tuple[str, ...]:
        """All of them, in the order in which a version reaches them."""
        return (*self.development, self.preproduction, *self.production)

    @property
    def publisher(self) -> str:
        """The environment that writes the component's record in the registry: the first of production."""
        return self.production[0]

    def stage(self, name: str) -> Stage | None:
        """Return what an environment is for; None for one that is on no list."""
        if name == LOCAL_ENVIRONMENT:
            return "local"
        if name in self.production:
            return "production"
        if name == self.preproduction:
            return "preproduction"
        return "development" if name in self.development else None


class Spec(Model):
    """What `spec:` of every kind of component has."""

    delivery: Delivery = Field(
        default=Delivery(), description="the environments in AWS, by what each is for", examples=["{}"]
    )


def environment_names() -> tuple[str, ...]:
    """Return the environments that there are: the files of `environments/`, that of this machine first."""
    found = {path.stem for path in repository_path("environments").glob("*.yaml") if re.fullmatch(_NAME, path.stem)}
    return tuple(sorted(found, key=lambda name: (name != LOCAL_ENVIRONMENT, name)))


def delivery_findings(document: Document) -> Iterator[Finding]:
    """Yield the rules that the lists of a manifest break together."""
    component = document.section("metadata").get("name")
    is_runtime = document.data.get("kind") != "Platform"  # nothing of a platform has a name of both
    seen: dict[object, FieldPath] = {}
    for path, name in _listed(document):
        if name == LOCAL_ENVIRONMENT:
            yield path, "local is this machine, to which nothing is delivered; take it off the list"
        elif name in RESERVED:
            yield path, f"{name} is what a workflow calls something else; choose another name"
        elif name in seen:
            yield path, f"{name} stands here and on {_dotted(seen[name])}; an environment is for one purpose"
        elif (
            is_runtime
            and isinstance(name, str)
            and isinstance(component, str)
            and len(f"{component}_{name}") > _LONGEST
        ):
            room = _LONGEST - len(component) - 1
            yield path, f"{name} is too long: with metadata.name it names the Runtime; at most {room} characters"
        seen[name] = path


def file_problems(delivery: Delivery) -> list[str]:
    """Return what lists and files of `environments/` disagree on, one line each, with what to do."""
    folder = repository_path("environments")
    problems = [
        f"environments/{name}.yaml:1: no such file, but spec.delivery in manifest.yaml delivers to {name}; "
        "restore it, copy it from a neighbour, or take the name off the list"
        for name in delivery.environments
        if not (folder / f"{name}.yaml").is_file()
    ]
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if path.suffix in (".yaml", ".yml") and path.is_file():
            problems += [f"{relative(path)}:1: {text}" for text in _file_findings(path.name, path.stem, delivery)]
    return problems + _left_out(delivery)


def _left_out(delivery: Delivery) -> list[str]:
    """Return that the workflow has jobs of its own for environments, and none for one that is on the lists."""
    workflow = repository_path(".github", "workflows", "deliver.yml")
    text = workflow.read_text(encoding="utf-8") if workflow.is_file() else _ASKS
    return [
        f"{relative(workflow)}:1: delivers nothing to {name}; let its jobs come from the list, as the template's do "
        "(kit environments --github), or add a job for it"
        for name in (delivery.preproduction, *delivery.production)
        if _ASKS not in text and not re.search(rf"--env {re.escape(name)}(?![\w-])", text)
    ]


def _file_findings(file: str, name: str, delivery: Delivery) -> Iterator[str]:
    if not re.fullmatch(_NAME, name) or len(name) > 20:
        yield f"nothing reads it: the name of the file must be {_NEEDS.partition(': ')[2]} characters"
    elif file.endswith(".yml"):
        yield f"nothing reads it; name it {name}.yaml"
    elif delivery.stage(name) is None:
        yield unlisted(name, delivery)


def unlisted(name: str, delivery: Delivery) -> str:
    """Return what is said of an environment whose file is there, and that is on no list."""
    before = [one for one in delivery.production if not _is_last(one)]
    example = ", ".join([*before, name, *(one for one in delivery.production if _is_last(one))])
    return (
        f"{name} is on no list of spec.delivery in manifest.yaml, so nothing is delivered there; add it to development "
        f"or production, for example delivery: {{production: [{example}]}}, or remove the file"
    )


def _is_last(name: str) -> bool:
    """Return whether an environment comes after all others: a platform's organisation, whose policies bind them."""
    try:
        return parse(repository_path("environments", f"{name}.yaml")).data.get("purpose") == "organisation"
    except ConfigError:  # reading it as an environment says what is wrong
        return False


def _listed(document: Document) -> Iterator[tuple[FieldPath, object]]:
    """Yield what stands on the lists, each with its place: as they are written, and the default of the others."""
    written = document.section("spec").get("delivery")
    known = Delivery().model_dump() | (written if isinstance(written, dict) else {})
    for key in ("development", "preproduction", "production"):
        path: FieldPath = ("spec", "delivery", key)
        if isinstance(known[key], list):
            yield from (((*path, number), each) for number, each in enumerate(known[key]) if isinstance(each, str))
        else:
            yield path, known[key]


def _dotted(path: FieldPath) -> str:
    return ".".join(str(part) for part in path if isinstance(part, str))
