"""What this repository says of itself: is it right, which environments are there, do editors know the format."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated, TypedDict, get_args

import typer

from agentcore_kit.config.compatibility import left_over
from agentcore_kit.config.component_name import different_names
from agentcore_kit.config.delivery import LOCAL_ENVIRONMENT, Delivery, Stage, environment_names, file_problems
from agentcore_kit.config.environment import environment_model, read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.explain import choose
from agentcore_kit.config.loader import Model
from agentcore_kit.config.manifest import Manifest, load_manifest, repository_kind
from agentcore_kit.config.repository import LOCAL, MANIFEST, relative, repository_path


def manifest() -> None:
    """Check manifest.yaml, environment files, and the component's name elsewhere. Exit code 2 for a finding."""
    problems: list[str] = []
    found: Manifest | None = None
    try:
        found = load_manifest()
    except ConfigError as error:
        problems += error.problems
    names = environment_names()
    for name in names:
        try:
            read_environment(name, found)
        except ConfigError as error:
            problems += error.problems
    if found:
        problems += [*file_problems(found.delivery), *different_names(found.metadata.name)]
    if found and found.kind == "Platform":
        from agentcore_kit.config import platform_files  # only a platform has such files

        problems += platform_files.problems(found)
    problems += left_over()
    if problems or found is None:
        print("\n".join(dict.fromkeys(problems)), file=sys.stderr)
        raise SystemExit(2)
    about = found.metadata
    print(f"{found.kind} {about.name} {about.version}, owner {about.owner}; environments {', '.join(names)}: ok")
    if found.kind == "Platform":
        for line in platform_files.warnings(found):
            print(f"warning: {line}")


class EnvironmentData(TypedDict):
    """One environment, as `kit environments --json` prints it."""

    name: str
    stage: Stage
    account: str | None
    region: str


def environments(
    stage: Annotated[str, typer.Option(help="Only these: development, preproduction or production.")] = "",
    choose_one: Annotated[
        str | None, typer.Option("--choose", help="Only this one; if empty, production where that is one environment.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for another program to read.")] = False,
    as_outputs: Annotated[bool, typer.Option("--github", help="Only names, as lines for $GITHUB_OUTPUT.")] = False,
) -> None:
    """List the environments in the order in which a version reaches them, with stage, account and region."""
    found = load_manifest()
    delivery = found.delivery
    if problems := file_problems(delivery):
        raise ConfigError(problems)
    if stage and stage not in get_args(Stage):
        raise ConfigError([f"--stage {stage}: no such stage; {choose(stage, get_args(Stage))}"])
    chosen = None if choose_one is None else _chosen(choose_one, delivery)
    if as_outputs:
        print("\n".join([f"environment={chosen}"] if chosen else outputs(delivery)))
        return
    rows = [row for row in _rows(found) if chosen in (None, row["name"]) and stage in ("", row["stage"])]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        print(f"{row['name']:<20} {row['stage']:<14} {row['account'] or '-':<13} {row['region']}")


def outputs(delivery: Delivery) -> list[str]:
    """Return the names by stage as a step of a workflow gives them to other jobs; lists are JSON."""
    return [
        f"preproduction={delivery.preproduction}",
        f"production={json.dumps(delivery.production)}",
    ]


def _chosen(name: str, delivery: Delivery) -> str:
    """Return the environment that is meant.

    Raises:
        ConfigError: When there is none of this name in AWS, or none is named and production has several.
    """
    if name in delivery.environments:
        return name
    if name:
        raise ConfigError([f"{name!r} is no environment in AWS; {choose(name, delivery.environments)}"])
    if len(delivery.production) > 1:
        raise ConfigError([f"production has several environments; say which: {', '.join(delivery.production)}"])
    return delivery.production[0]


def _rows(manifest: Manifest) -> Iterator[EnvironmentData]:
    local = [LOCAL_ENVIRONMENT] if LOCAL_ENVIRONMENT in environment_names() else []
    for name in [*local, *manifest.delivery.environments]:
        one, stage = read_environment(name, manifest), manifest.delivery.stage(name)
        if stage:
            yield {"name": name, "stage": stage, "account": one.account, "region": one.region}


def schema() -> None:
    """Write the JSON Schemas with which editors complete and check the YAML files, into .local/schemas."""
    from agentcore_kit.config.loader import parse
    from agentcore_kit.config.manifest import manifest_model

    manifest = manifest_model(parse(repository_path(MANIFEST)))
    models: dict[str, type[Model]] = {"manifest": manifest, "environment": environment_model()}
    if repository_kind() == "Platform":
        from agentcore_kit.config.components import Components
        from agentcore_kit.config.decisions import Decisions
        from agentcore_kit.config.use_cases import UseCases

        models |= {"components": Components, "use-cases": UseCases, "decisions": Decisions}
    for name, model in models.items():
        path = repository_path(LOCAL, "schemas", f"{name}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(model), encoding="utf-8")
        print(f"{relative(path)}: written")


def _text(model: type[Model]) -> str:
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
