"""The command `doctor`: what a component or platform needs in an account, what is there, and what makes the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from agentcore_kit.delivery import doctor_platform, names, output
from agentcore_kit.delivery.command import Env
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.contract import PARAMETER, PROVIDER, REPOSITORY, ROLE, SECRET
from agentcore_kit.delivery.doctor_looks import Asked, Row, look, parameters
from agentcore_kit.delivery.doctor_states import states
from agentcore_kit.delivery.errors import COULD_NOT, GATE_NOT_PASSED, CommandError, reported_errors
from agentcore_kit.delivery.github_api import connect
from agentcore_kit.delivery.github_check import gaps
from agentcore_kit.runtime.secrets import create_command


def doctor(
    env: Env = "",
    shared: Annotated[bool, typer.Option("--shared", help="Of the account of the shared services.")] = False,
) -> None:
    """Say what is needed in the account, what of it is there, and which command makes the rest. Changes nothing."""
    with reported_errors():
        context = open_context(env, "shared" if shared else "environment")
        output.header("doctor", context)
        context.check_account()
        rows = list(examined(context))
        _show(rows)
        _end(context, rows)


def examined(context: DeploymentContext) -> Iterator[Row]:
    """Yield what is found of each thing that is needed; of a platform, of each thing that it gives.

    Args:
        context: The environment, or the shared account.
    """
    if context.manifest.kind == "Platform":
        yield from doctor_platform.examined(context)
    elif context.owner == "shared":
        yield from _of_shared_account(context)
    else:
        yield from parameters(context, _parameters(context))
        yield from _of_pipeline(context)
        yield from _secrets(context)
        yield from states(context)
    yield from _github(context)


def _parameters(context: DeploymentContext) -> list[Asked]:
    needed = [*context.kind.needed(context), *context.kind.needed_later(context)]
    needed += [names.REGISTRY] if context.publishes else []
    topic = Asked(names.ALARM_TOPIC, PARAMETER, required=False)
    return [*(Asked(name, PARAMETER) for name in dict.fromkeys(needed)), topic]


def _of_pipeline(context: DeploymentContext) -> Iterator[Row]:
    """Yield the identity provider and the roles of the pipeline's jobs; in development a person needs neither."""
    required, kind = context.stage != "development", context.manifest.kind
    yield look(context, Asked(names.OIDC, PROVIDER, required))
    own = context.environment.delivery_role
    role = own or names.delivery_role(context.component)
    yield look(context, Asked(role, ROLE, required), _subject(context, f"environment:{context.name}"))
    if context.publishes and kind != "Tool":
        role = own or names.register_role(context.component)
        yield look(context, Asked(role, ROLE), _subject(context, "environment:registry"))
    if kind != "Memory":
        yield look(context, Asked(context.component, REPOSITORY))


def _of_shared_account(context: DeploymentContext) -> Iterator[Row]:
    if context.manifest.kind == "Memory":
        return  # it has no image
    yield look(context, Asked(names.OIDC, PROVIDER))
    role = context.environment.delivery_role or names.delivery_role(context.component)
    yield look(context, Asked(role, ROLE), _subject(context, "ref:refs/heads/main"))
    yield look(context, Asked(context.component, REPOSITORY))


def _subject(context: DeploymentContext, job: str) -> str:
    return f"repo:{context.manifest.metadata.github_org}/{context.component}:{job}"


def _secrets(context: DeploymentContext) -> Iterator[Row]:
    references: dict[str, str] = getattr(context.environment, "secrets", {})
    users = getattr(context.environment, "test_users", None)
    for name in sorted({one.partition("#")[0] for one in references.values()} | ({users} if users else set())):
        yield look(context, Asked(name, SECRET, made_by=f"a person: {create_command(name, context.region)}"))
    by_credentials = getattr(getattr(context.manifest.spec, "auth", None), "inbound", "jwt") == "iam"
    if context.manifest.kind != "Memory" and not by_credentials:
        yield look(context, Asked(names.test_client(context.component, context.name), SECRET))


def _github(context: DeploymentContext) -> Iterator[Row]:
    github, what = connect(), "GitHub environment"
    if isinstance(github, str):
        yield Row("GitHub", what, "not checked", github, required=False)
        return
    found = list(gaps(github, context.manifest))
    accepted = context.manifest.delivery.without_protection
    for gap in found:
        yield Row(
            github.repository, what, "missing", gap.text, "a person: kit github-setup --reviewers …",
            required=gap.kind not in accepted,
        )  # fmt: skip
    if not found:
        yield Row(github.repository, what, "there")


def _show(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("state", "what", "name", "detail, and what makes it", box=None, pad_edge=False)
    for one in rows:
        more = "; ".join(each for each in (one.detail, one.made_by) if each)
        table.add_row(one.state, one.what, one.name, more)
    # Wide where nobody looks: a log or another program gets each row in one line.
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = 400
    console.print(table)


def _end(context: DeploymentContext, rows: list[Row]) -> None:
    verb = "gives" if context.manifest.kind == "Platform" else "needs"
    needed = [one for one in rows if one.required]
    absent = [one for one in needed if one.state in ("missing", "wrong")]
    unseen = [one for one in needed if one.state == "could not look"]
    if absent:
        raise CommandError(
            f"{len(absent)} of {len(needed)} that {context.component} {verb} are missing or wrong: "
            f"{', '.join(one.name for one in absent)}",
            "the table says which command of which repository makes each; then type the same again",
            GATE_NOT_PASSED,
        )
    if unseen:
        raise CommandError(
            f"{len(unseen)} of {len(needed)} could not be looked at: {', '.join(one.name for one in unseen)}",
            f"ask the platform team to allow {', '.join(sorted({one.detail.removeprefix('needs ') for one in unseen}))}"
            ", or sign in as somebody who may",
            COULD_NOT,
        )
    further = f"; next: kit doctor --env {context.name} --shared, with credentials of the shared account"
    elsewhere = context.owner == "environment" and context.manifest.kind not in ("Memory", "Platform")
    output.done(f"{context.name}: all {len(needed)} are there{further if elsewhere else ''}")
