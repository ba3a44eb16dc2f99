"""`kit tools`: is every tool documented as it should be, and is what was generated from the tools current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.config.loader import parse
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import MANIFEST, relative, repository_path
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.mcp_server.declarations import TOOLS, Misdeclared
from agentcore_kit.tool_contract.definitions import Definition, offered
from agentcore_kit.tool_contract.documentation import ELEMENTS, ambiguous, lacking, limits
from agentcore_kit.tool_contract.lambda_schema import lambda_schema
from agentcore_kit.tool_contract.pages import current
from agentcore_kit.tool_contract.samples import NoExample

SOURCE = "src/tool/tools.py"


def tools(write: Annotated[bool, typer.Option("--write", help="Write the generated pages.")] = False) -> None:
    """Score the documentation of every tool, and check or write the generated pages. Exit code 1 when it is wrong."""
    manifest = load_manifest()
    try:
        found = offered()
        pages = current(found)
    except (Misdeclared, NoExample) as error:
        sys.exit(f"{SOURCE}: {error}")
    prefix = manifest.spec.prefix
    problems = [f"{SOURCE}: {problem}" for problem in _problems(found)]
    problems += [f"{_line('prefix')}: spec.prefix: {problem}" for tool in found for problem in limits(tool, prefix)]
    problems += [f"{_line('auth')}: spec.auth.inbound: {problem}" for problem in _nameless(manifest.spec.auth.inbound)]
    if manifest.spec.target == "lambda":
        problems += [f"{_line('target')}: spec.target: {problem}" for tool in found for problem in _unsayable(tool)]
    stale = {path: text for path, text in pages.items() if _read(path) != text}
    names = ", ".join(map(relative, stale))
    if write:
        for path, text in stale.items():
            path.write_text(text, encoding="utf-8")
        print(f"docs: written: {names}" if stale else "docs: up to date")
        return
    if stale:
        problems.append(f"{names}: older than {SOURCE}; run `kit tools --write` and commit the result")
    if problems:
        sys.exit("\n".join(problems))
    print(f"check: documentation   {len(found)} tools, each {len(ELEMENTS)} of {len(ELEMENTS)} elements")


def _problems(found: list[Definition]) -> Iterator[str]:
    for tool in found:
        yield from lacking(tool)
    yield from ambiguous(found)
    if not found:
        yield 'no tool is declared; README.md, "A new tool", says how'


def _nameless(inbound: str) -> Iterator[str]:
    """Yield the tools that need a user where none is known."""
    needing = [one.name for one in TOOLS.values() if one.caller_parameter]
    if inbound == "iam" and needing:
        yield f"with iam no user is known, which {', '.join(needing)} need; choose jwt, or take the tools out"


def _unsayable(tool: Definition) -> Iterator[str]:
    """Yield what the gateway could not be told of a tool behind a function."""
    try:
        lambda_schema(tool)
    except CommandError as error:
        yield f"{error.message}; {error.next_step}"


def _line(field: str) -> str:
    """Return where the manifest's spec has a field."""
    return f"{repository_path(MANIFEST).name}:{parse(repository_path(MANIFEST)).lines.get(('spec', field), 1)}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
