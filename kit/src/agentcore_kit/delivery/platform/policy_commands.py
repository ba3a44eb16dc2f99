"""`kit policies`: check the policies against their table, show them as an environment has them, enforce them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import relative
from agentcore_kit.delivery import output
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.delivery.platform.policies import activate, rendered
from agentcore_kit.policies.analysis import findings, notes
from agentcore_kit.policies.engine import load
from agentcore_kit.policies.refresh import refresh
from agentcore_kit.policies.table import outcomes, policies_folder

_WITH_ENV = "kit policies --render --env …, which shows them as there; or kit policies, which checks them here"


def policies(
    env: Env = "",
    render: Annotated[bool, typer.Option("--render", help="Print them as --env has them, with its gateway.")] = False,
    activate_them: Annotated[
        bool, typer.Option("--activate", help="Enforce in --env what kit deploy has brought as LOG_ONLY.")
    ] = False,
    target: Annotated[
        str, typer.Option("--refresh", help="Write policies/tools/TARGET.json, the tools of a target of the gateway.")
    ] = "",
    source: Annotated[
        str, typer.Option("--from", help="For --refresh: tests/contract.json of a tool, or an MCP server's address.")
    ] = "",
    token: Annotated[str, typer.Option(help="For --refresh: what the MCP server asks for.")] = "",
) -> None:
    """Check the policies and decide on every row of policies/decisions.yaml. Exit code 1 for a finding."""
    if sum((render, activate_them, bool(target))) > 1:
        raise ConfigError(["--render, --activate and --refresh are three commands; give one of them"])
    if bool(target) != bool(source):
        raise ConfigError(["--refresh TARGET and --from FILE|URL go together; give both"])
    if bool(env) != (render or activate_them):
        with reported_errors():
            raise CommandError("--env goes with --render or --activate, and these need it", _WITH_ENV, WRONG_INPUT)
    if target:
        print(f"{relative(refresh(policies_folder(), target, source, token))} is written; next: kit policies")
    elif activate_them:
        with deployment("policies", env) as context:
            output.done(f"{env}: {activate(context)}")
    elif render:
        with deployment("policies", env, data=True) as context:
            found = rendered(context)
        print("\n\n".join(found.values()))
    else:
        _check()


def _check() -> None:
    found = load(policies_folder())
    rows = outcomes(policies=found)
    for row in rows:
        print(f"  {'FAILED' if row.problem else 'ok':<7} {row.row.tool:<40} {row.row.why}")
    problems = [*(row.problem for row in rows if row.problem), *findings(found, rows)]
    print("\n".join(notes(found)), end="\n" if notes(found) else "")
    if problems:
        print("\n".join(problems), file=sys.stderr)
        raise typer.Exit(1)
    print(
        f"policies: {len(found.files.statements)} policies, {len(found.files.tools)} tools, {len(rows)} rows: all right"
    )
