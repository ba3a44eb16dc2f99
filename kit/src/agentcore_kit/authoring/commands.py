"""The command `add`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from agentcore_kit.authoring.changes import Changes
from agentcore_kit.authoring.proof import Check, of_kit, tried
from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import COULD_NOT, WRONG_INPUT, CommandError, reported_errors

THINGS: dict[str, tuple[str, ...]] = {
    "Agent": ("tool", "eval-row", "gateway", "memory", "guardrail", "secret", "env"),
    "Tool": ("tool", "eval-row", "secret", "env"),
    "Memory": ("env",),
    "Platform": ("policy",),
}
"""What can be added, by the kind of repository."""

_OPTIONS = {
    "tool": {"parameter", "values", "use", "not_yet"},
    "eval-row": {"call", "figure", "mention", "outcome", "category", "tags", "not_yet"},
    "gateway": {"url"},
    "memory": {"url"},
    "guardrail": set(),
    "secret": {"secret", "env"},
    "env": {"like", "account", "region"},
    "policy": {"tool", "role", "arguments"},
}
"""Which options are for what."""


def add(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="What to add, as below.", metavar="WHAT")],
    name: Annotated[str, typer.Argument(help="Its name; of an eval-row the question.", metavar="NAME")],
    parameter: Annotated[str, typer.Option(help="tool: what it looks something up for.")] = "item",
    values: Annotated[str, typer.Option(help="tool: what can be asked about, joined by commas.")] = "alpha,beta",
    use: Annotated[str, typer.Option(help="tool: when to use it, after `Use when the user asks`.")] = "",
    call: Annotated[list[str] | None, typer.Option(help="eval-row: a tool and its input as JSON; repeatable.")] = None,
    figure: Annotated[list[str] | None, typer.Option(help="eval-row: a figure of the answer; repeatable.")] = None,
    mention: Annotated[
        list[str] | None, typer.Option(help="eval-row: words of the answer, a|b for either; repeatable.")
    ] = None,
    outcome: Annotated[str, typer.Option(help="eval-row: answer, decline, escalate or clarify.")] = "",
    category: Annotated[str, typer.Option(help="eval-row: what it is counted under; the outcome's, if empty.")] = "",
    tags: Annotated[str, typer.Option(help="eval-row: its tags, joined by commas.")] = "",
    not_yet: Annotated[
        bool, typer.Option("--not-yet", help="tool, eval-row: write it although checks may not pass yet.")
    ] = False,
    secret: Annotated[str, typer.Option(help="secret: its name in AWS Secrets Manager, or NAME#KEY.")] = "",
    env: Annotated[str, typer.Option(help="secret: only in these environments, joined by commas.")] = "",
    like: Annotated[str, typer.Option(help="env: the environment whose file is copied.")] = "",
    account: Annotated[str, typer.Option(help="env: its AWS account; that of --like, if empty.")] = "",
    region: Annotated[str, typer.Option(help="env: its AWS region; that of --like, if empty.")] = "",
    url: Annotated[str, typer.Option(help="gateway, memory: where it is on this machine.")] = "",
    tool: Annotated[
        list[str] | None, typer.Option(help="policy: a tool, by its name at the gateway; repeatable.")
    ] = None,
    role: Annotated[str, typer.Option(help="policy: the role of callers who may call them.")] = "",
    arguments: Annotated[str, typer.Option(help="policy: parameters of its rows, as JSON; made, if empty.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
) -> None:
    """Add something to this repository: show the difference, ask, then write all of it or nothing.

    kit add tool getExchangeRate --parameter currency --values EUR,GBP: a documented tool that looks something up in
    sample data, with its test and a row of the ground truth (agents, tools).

    kit add eval-row "What is our revenue?" --call 'getRevenue {"region": "EMEA"}' --figure "556.2 million": a row of
    the ground truth (agents, tools).

    kit add gateway NAME, kit add memory NAME, kit add guardrail NAME: what the agent uses of others (agents).

    kit add secret CRM_KEY --secret my-agent/crm: an environment variable that gets a secret's value (agents, tools).

    kit add env prod-us --like prod --region us-east-1: an environment (agents, tools, memories).

    kit add policy readers --tool market-data___getMarketData --role analyst: who may call tools (platforms).

    The change is tried in a copy first, with the checks that it concerns. Typed again, it changes nothing. Exit code 1
    when a check would not pass, 2 when something is typed wrongly or a place in a file is not found.
    """
    with reported_errors():
        _refuse_wrong(context, what)
        changes = Changes(repository_root())
        row, left = _add(changes, what, name, context.params)
        if not changes.changed():
            print(f"nothing to change: {what} {name} is there")
            return
        print(changes.difference(), flush=True)
        _prove(changes, what, row, not_yet)
        confirm(yes)
        changes.write()
        print(f"written: {', '.join(changes.changed())}")
        if left:
            print("what is left to you:", *(f"  - {line}" for line in left), sep="\n")


def _add(changes: Changes, what: str, name: str, given: dict[str, Any]) -> tuple[str, list[str]]:
    """Add something to the files in memory; return the id of a new row, and what is left to a person."""
    manifest = load_manifest()
    match what:
        case "tool":
            from agentcore_kit.authoring.tools import add_tool, lookup

            return add_tool(changes, lookup(name, given["parameter"], given["values"], given["use"]), manifest.kind)
        case "eval-row":
            from agentcore_kit.authoring.eval_rows import add_row, expectation

            calls, figures, mentions = (given[option] or [] for option in ("call", "figure", "mention"))
            words = [given[option] for option in ("outcome", "category", "tags")]
            return add_row(changes, name, expectation(calls, figures, mentions, *words)), []
        case "secret":
            from agentcore_kit.authoring.secrets import add_secret

            return "", add_secret(changes, manifest, name, given["secret"], given["env"])
        case "env":
            from agentcore_kit.authoring.environments import add_environment

            return "", add_environment(changes, manifest, name, given["like"], given["account"], given["region"])
        case "policy":
            from agentcore_kit.authoring.policies import add_policy

            return "", add_policy(changes, name, given["tool"] or [], given["role"], given["arguments"])
    from agentcore_kit.authoring.uses import add_gateway, add_guardrail, add_memory

    match what:
        case "gateway":
            return "", add_gateway(changes, name, given["url"])
        case "memory":
            return "", add_memory(changes, name, given["url"])
    return "", add_guardrail(changes, name)


def _refuse_wrong(context: typer.Context, what: str) -> None:
    """Raise CommandError when the kind of repository has no such thing, or an option is for another."""
    kind = repository_kind()
    there = THINGS[kind]
    if what not in there:
        step = choose(what, there)
        raise CommandError(f"{what!r} cannot be added to a repository of kind {kind}", step, WRONG_INPUT)
    given = {
        option
        for option in context.params
        if option not in ("what", "name", "yes")
        and getattr(context.get_parameter_source(option), "name", "DEFAULT") != "DEFAULT"
    }
    if wrong := sorted(given - _OPTIONS[what]):
        known = ", ".join(f"--{option.replace('_', '-')}" for option in sorted(_OPTIONS[what]))
        raise CommandError(f"--{wrong[0].replace('_', '-')} is not for {what}", f"its options: {known}", WRONG_INPUT)


def _prove(changes: Changes, what: str, row: str, not_yet: bool) -> None:
    """Run the checks that a change concerns, in a copy. Raises CommandError when one does not pass."""
    print("… trying it in a copy", flush=True)
    with tried(changes) as trial:
        if what == "policy":
            trial.all(of_kit("policies"))
        elif what not in ("tool", "eval-row"):
            trial.all(of_kit("manifest"), code=WRONG_INPUT)
        elif not_yet:
            trial.all(of_kit("dataset"), code=WRONG_INPUT)
        else:
            files = [name for name in changes.changed() if name.endswith(".py")] if what == "tool" else []
            asked = [of_kit("eval", "--select", row, "--results", "results")] if row else []
            trial.all(*asked, *_checks_of_code(files))
            if files:  # a tool may be taken for others: then rows of these are answered otherwise
                trial.all(of_kit("eval", "--results", "results"), Check("make test", ("-m", "pytest", "-q")))


def _checks_of_code(files: list[str]) -> Iterator[Check]:
    if files:
        yield of_kit("tools")
        yield Check("ruff check", ("-m", "ruff", "check", "--quiet", *files))
        yield Check("ruff format --check", ("-m", "ruff", "format", "--check", "--quiet", *files))


def confirm(yes: bool, question: str = "Write this? [y/N] ") -> None:
    """Ask.

    Args:
        yes: Whether a person has agreed beforehand.
        question: What is asked.

    Raises:
        CommandError: Unless the answer is yes.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(
            "nobody can be asked here; nothing was changed", "type the same with --yes, or in a terminal", COULD_NOT
        )
    try:
        answer = input(question).strip().lower()
    except EOFError:
        answer = ""
    if answer not in ("y", "yes"):
        raise CommandError("not confirmed; nothing was changed", "type the same again when you are ready", WRONG_INPUT)
