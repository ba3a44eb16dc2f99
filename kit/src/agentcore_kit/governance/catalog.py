"""The command `catalog`: all components that there are, as a searchable page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from agentcore_kit.config.components import load_components
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import LOCAL, repository_path
from agentcore_kit.delivery import output
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.governance import pages
from agentcore_kit.governance.catalog_entry import NOT_ASKED, SHOWN_KINDS, CatalogEntry, of_clones, of_record
from agentcore_kit.governance.code_samples import samples
from agentcore_kit.governance.records import entries
from agentcore_kit.governance.similarity import near_duplicates

RETIRED = "DEPRECATED"


def catalog(
    env: Env = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A folder with clones of repositories, instead of the registry or besides it."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--output", help="Where to write; .local/catalog, if empty.", metavar="FOLDER")
    ] = None,
) -> None:
    """Write index.html and catalog.json: who owns what, whether it is approved, how to call it, and what is alike.

    From the registry with --env, from clones with --from; with both, what the clones know completes the records.
    """
    folder = folder or repository_path(LOCAL, "catalog")
    with reported_errors():
        local = _of_clones(source) if source else []
        if env:
            with deployment("catalog", env) as context:
                known = [of_record(one) for one in entries(context) if one.status != RETIRED]
            found = merged(known, local, _uses())
        elif source:
            found = local
        else:
            raise CommandError(
                "neither --env nor --from is given",
                "kit catalog --env …, or kit catalog --from .. for the repositories beside this one",
                WRONG_INPUT,
            )
        shown = completed(found)
        where = f"registry of {env}" if env else f"clones in {source}"
        write(folder, shown, where)
        near = sum(bool(one.similar) for one in shown)
        alike = f", {near} of them nearly the same as another" if near else ""
        what = "component" if len(shown) == 1 else "components"
        output.done(f"{len(shown)} {what}{alike}: {folder / 'index.html'} and {folder / 'catalog.json'}")


def merged(
    records: Sequence[CatalogEntry], local: Sequence[CatalogEntry], uses: Mapping[str, tuple[str, ...]]
) -> list[CatalogEntry]:
    """Return records completed with what clones know, and after them what has no record yet.

    Args:
        records: What the registry says.
        local: What the clones say.
        uses: The gateways and memories that components may use, by their names, as components.yaml has them.
    """
    clones = {one.name: one for one in local}
    found = []
    for one in records:
        clone = clones.get(one.name)
        if clone:
            one = replace(one, evaluation=clone.evaluation, score=clone.score, prefix=clone.prefix, uses=clone.uses)
        found.append(replace(one, uses=one.uses or uses.get(one.name, ())))
    recorded = {one.name for one in records}
    return found + [replace(one, approval="not in the registry") for one in local if one.name not in recorded]


def completed(found: Iterable[CatalogEntry]) -> list[CatalogEntry]:
    """Return the entries by kind and name, each with its samples, its consumers, and what is nearly the same."""
    known = list(found)
    near: dict[str, Any] = {}
    for kind in {one.kind for one in known}:
        near |= near_duplicates({one.name: one.text for one in known if one.kind == kind and not one.problem})
    ordered = sorted(known, key=lambda one: (one.kind not in SHOWN_KINDS, one.kind, one.name, one.version))
    return [
        replace(
            one,
            samples=samples(one),
            similar=tuple(near.get(one.name, ())),
            consumers=tuple(dict.fromkeys([*one.consumers, *_consumers(one, known)])),
        )
        for one in ordered
    ]


def write(folder: Path, found: Sequence[CatalogEntry], where: str) -> None:
    """Write the page and the JSON.

    Args:
        folder: Where to; it is made.
        found: The entries, completed.
        where: What they were read from, in words.
    """
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    kinds = list(dict.fromkeys(one.kind for one in found))
    content = {"entries": found, "where": where, "made": made, "kinds": kinds, "not_asked": NOT_ASKED}
    try:
        pages.write(folder / "index.html", "catalog.html.jinja", content)
        data = {"source": where, "made": made, "components": [asdict(one) for one in found]}
        text = json.dumps(data, ensure_ascii=False, indent=2, default=str)
        (folder / "catalog.json").write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{folder}: {error.strerror or error}; choose another: --output FOLDER"]) from None


def _of_clones(folder: Path) -> list[CatalogEntry]:
    found = of_clones(folder)
    if not found:
        raise CommandError(
            f"no component is in {folder}", "name a folder that has clones of their repositories", WRONG_INPUT
        )
    return found


def _consumers(one: CatalogEntry, known: Iterable[CatalogEntry]) -> list[str]:
    """Return the components that name what this one provides."""
    return [other.name for other in known if one.provides and one.provides in other.uses and other.name != one.name]


def _uses() -> dict[str, tuple[str, ...]]:
    """Return what the components may use, as components.yaml has it: a record of an agent does not say."""
    found = load_components().components
    return {one.name: (*one.gateways, *([one.memory] if one.memory else [])) for one in found}
