"""The command line `kit`: every command is declared here, and only the one that is typed is imported.

Exit codes, of every command:

- 0: done.
- 1: a gate was not passed: checks, tests, an evaluation below threshold, a smoke test, a monitor's finding, drift.
- 2: wrong input: an option, the manifest, an environment file, a dataset.
- 3: it could not be done: AWS refused or was not reached, a stack failed, something must come first, or a traceback.
- 130: interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

HELP = """Serve, test, evaluate and deliver what is in this repository.

Exit codes: 0 done, 1 a gate was not passed, 2 wrong input, 3 it could not be done. `kit COMMAND --help` says more.
"""

EVERYDAY = "Every day"
EVALUATION = "Evaluation and tests"
DELIVERY = "Delivery (needs AWS credentials and --env)"
OPERATION = "Operation (needs AWS credentials and --env)"
GOVERNANCE = "Governance of all components"
REPOSITORY = "This repository"
GROUPS = (EVERYDAY, EVALUATION, DELIVERY, OPERATION, GOVERNANCE, REPOSITORY)
"""The headings of the list of commands, in its order."""

AGENT, TOOL, MEMORY, PLATFORM = "Agent", "Tool", "Memory", "Platform"
SERVED = (AGENT, TOOL)
COMPONENTS = (AGENT, TOOL, MEMORY)
ALL = (*COMPONENTS, PLATFORM)


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: As it is typed.
        function: What runs it, as `module:function`.
        help: What the list of commands says of it.
        group: The heading that it stands under in the list.
        kinds: The kinds of repository that have it.
    """

    name: str
    function: str
    help: str
    group: str
    kinds: tuple[str, ...] = ALL


COMMANDS: tuple[Command, ...] = (
    Command("ask", "agentcore_kit.local.ask:ask", "Ask the agent one question, or chat with it.", EVERYDAY, (AGENT,)),
    Command("explain", "agentcore_kit.local.explain:explain", "Say why the offline model chooses a tool, or does not.", EVERYDAY, (AGENT,)),
    Command("explain", "agentcore_kit.local.explain:explain_tools", "Say why the offline model chooses a tool, or does not.", EVERYDAY, (TOOL,)),
    Command("dev", "agentcore_kit.local.dev_server:dev", "Serve on this machine, restarting on changes.", EVERYDAY, SERVED),
    Command("dev", "agentcore_kit.local.memory_server.main:dev", "Serve the memory on this machine.", EVERYDAY, (MEMORY,)),
    Command("dev", "agentcore_kit.local.gateway.main:dev", "Serve the gateway on this machine.", EVERYDAY, (PLATFORM,)),
    Command("trace", "agentcore_kit.local.traces:trace", "Show a recorded request as a tree.", EVERYDAY),
    Command("token", "agentcore_kit.local.token:token", "Print a token that only the local server accepts.", EVERYDAY, SERVED),
    Command("token", "agentcore_kit.local.gateway.token:token", "Print a token of the issuer on this machine.", EVERYDAY, (PLATFORM,)),
    Command("check", "agentcore_kit.checks.commands:check", "Format, lint, types, imports, files, infrastructure, workflows.", EVERYDAY),
    Command("eval", "agentcore_kit.evaluation.commands:evaluate", "Measure it on its ground truth; a gate.", EVALUATION, SERVED),
    Command("eval", "agentcore_kit.evaluation.memory_commands:evaluate", "Measure what it keeps; a gate.", EVALUATION, (MEMORY,)),
    Command("redteam", "agentcore_kit.evaluation.commands:redteam", "Measure it on attacks; a gate.", EVALUATION, (AGENT,)),
    Command("compare", "agentcore_kit.evaluation.compare:compare_runs", "Say what got better and worse between two runs.", EVALUATION, COMPONENTS),
    Command("dataset", "agentcore_kit.evaluation.commands:dataset", "Check the ground truth, or add a row.", EVALUATION, SERVED),
    Command("dataset", "agentcore_kit.evaluation.memory_commands:dataset", "Check the ground truth.", EVALUATION, (MEMORY,)),
    Command("row", "agentcore_kit.evaluation.trace_import:row", "Make a row of a recorded conversation, to review.", EVALUATION, (AGENT,)),
    Command("dimensions", "agentcore_kit.testing.commands:dimensions", "Run the tests before production.", EVALUATION, COMPONENTS),
    Command("cloud-dataset", "agentcore_kit.evaluation.agentcore_commands:cloud_dataset", "Upload the dataset to AgentCore.", EVALUATION, (AGENT,)),
    Command("cloud-evaluate", "agentcore_kit.evaluation.agentcore_commands:cloud_evaluate", "Let AgentCore judge the sessions of a run.", EVALUATION, (AGENT,)),
    Command("cloud-batch", "agentcore_kit.evaluation.agentcore_commands:cloud_batch", "Start a batch evaluation of a run.", EVALUATION, (AGENT,)),
    Command("build", "agentcore_kit.delivery.runtime_commands:build", "Build and push the image of the commit.", DELIVERY, SERVED),
    Command("plan", "agentcore_kit.delivery.commands:plan", "Show what deploy would change.", DELIVERY, SERVED),
    Command("plan", "agentcore_kit.delivery.memory.commands:plan", "Show what deploy would change, and lose.", DELIVERY, (MEMORY,)),
    Command("plan", "agentcore_kit.delivery.platform.commands:plan", "Show what deploy would change, and lose.", DELIVERY, (PLATFORM,)),
    Command("deploy", "agentcore_kit.delivery.commands:deploy", "Bring component and infrastructure to an environment.", DELIVERY, SERVED),
    Command("deploy", "agentcore_kit.delivery.memory.commands:deploy", "Bring the configuration to an environment.", DELIVERY, (MEMORY,)),
    Command("deploy", "agentcore_kit.delivery.platform.commands:deploy", "Bring all stacks of an account, in order.", DELIVERY, (PLATFORM,)),
    Command("smoke", "agentcore_kit.delivery.runtime_commands:smoke", "Ask an endpoint what it must be able to answer.", DELIVERY, (AGENT,)),
    Command("smoke", "agentcore_kit.delivery.tool_commands:smoke", "Call what every version must be able to answer.", DELIVERY, (TOOL,)),
    Command("smoke", "agentcore_kit.delivery.memory.commands:smoke", "Write an event, read it, forget it.", DELIVERY, (MEMORY,)),
    Command("gate", "agentcore_kit.delivery.runtime_commands:gate", "Evaluate what was deployed.", DELIVERY, (AGENT,)),
    Command("gate", "agentcore_kit.delivery.tool_commands:gate", "Evaluate what was deployed.", DELIVERY, (TOOL,)),
    Command("gate", "agentcore_kit.delivery.memory.commands:gate", "Evaluate what was deployed.", DELIVERY, (MEMORY,)),
    Command("promote", "agentcore_kit.delivery.runtime_commands:promote", "Give callers the newest version.", DELIVERY, (AGENT,)),
    Command("promote", "agentcore_kit.delivery.tool_commands:promote", "Give callers the newest version.", DELIVERY, (TOOL,)),
    Command("promote", "agentcore_kit.delivery.memory.commands:promote", "Remember what is deployed as good.", DELIVERY, (MEMORY,)),
    Command("register", "agentcore_kit.delivery.commands:register", "Publish the record in the organisation's registry.", DELIVERY, (AGENT, MEMORY)),
    Command("register", "agentcore_kit.delivery.tool_registration:register", "Bring the tools to gateway and registry.", DELIVERY, (TOOL,)),
    Command("deregister", "agentcore_kit.delivery.tool_registration:deregister", "Take the tools off the gateway.", OPERATION, (TOOL,)),
    Command("doctor", "agentcore_kit.delivery.doctor:doctor", "Say what the account has of what is needed, and what makes the rest.", DELIVERY),
    Command("identity", "agentcore_kit.delivery.commands:identity", "Print the pipeline's role and region.", DELIVERY),
    Command("delivery-roles", "agentcore_kit.delivery.delivery_roles:print_template", "Print the template of the pipeline's roles.", DELIVERY, COMPONENTS),
    Command("github-check", "agentcore_kit.delivery.github_check:github_check", "Stop unless people are asked before production.", DELIVERY),
    Command("newer", "agentcore_kit.delivery.newer:newer", "Stop when the environment has a newer commit already.", DELIVERY),
    Command("notes", "agentcore_kit.delivery.release_notes:notes", "Print release notes.", DELIVERY),
    Command("canary", "agentcore_kit.delivery.online_evaluation:canary", "Give a share of the callers the newest version.", OPERATION, (AGENT,)),
    Command("online", "agentcore_kit.delivery.online_evaluation:online", "Switch the evaluation of live sessions.", OPERATION, (AGENT,)),
    Command("monitor", "agentcore_kit.delivery.monitor:monitor", "Say whether live sessions score as they should.", OPERATION, (AGENT,)),
    Command("monitor", "agentcore_kit.delivery.tool_monitor:monitor", "Say whether the live tools answer.", OPERATION, (TOOL,)),
    Command("drift", "agentcore_kit.delivery.memory.commands:drift", "Compare the account with this repository.", OPERATION, (MEMORY,)),
    Command("drift", "agentcore_kit.delivery.platform.drift:drift", "Find what was changed by hand in an account.", OPERATION, (PLATFORM,)),
    Command("forget", "agentcore_kit.delivery.memory.forget:forget", "Delete everything of a person.", OPERATION, (MEMORY,)),
    Command("pending", "agentcore_kit.governance.approvals:pending", "List the records that wait for approval, with their checks.", GOVERNANCE, (PLATFORM,)),
    Command("approve", "agentcore_kit.governance.approvals:approve", "Approve a record of the registry.", GOVERNANCE, (PLATFORM,)),
    Command("reject", "agentcore_kit.governance.approvals:reject", "Send a record of the registry back to its team.", GOVERNANCE, (PLATFORM,)),
    Command("catalog", "agentcore_kit.governance.catalog:catalog", "Write a page of all components, and what is alike.", GOVERNANCE, (PLATFORM,)),
    Command("onboard", "agentcore_kit.governance.onboarding:onboard", "Let a repository in, by pull request.", GOVERNANCE, (PLATFORM,)),
    Command("policies", "agentcore_kit.delivery.platform.policy_commands:policies", "Check who may call which tool; show or enforce it.", REPOSITORY, (PLATFORM,)),
    Command("fleet", "agentcore_kit.governance.fleet:fleet", "Show how far each repository is behind.", GOVERNANCE, (PLATFORM,)),
    Command("rollback", "agentcore_kit.delivery.runtime_commands:rollback", "Give callers the last good version.", OPERATION, (AGENT,)),
    Command("rollback", "agentcore_kit.delivery.tool_commands:rollback", "Give callers the last good version.", OPERATION, (TOOL,)),
    Command("rollback", "agentcore_kit.delivery.memory.commands:rollback", "Bring an earlier configuration back.", OPERATION, (MEMORY,)),
    Command("status", "agentcore_kit.delivery.commands:status", "Show what is deployed and what is live.", OPERATION, COMPONENTS),
    Command("status", "agentcore_kit.delivery.platform.commands:status", "Show what is deployed.", OPERATION, (PLATFORM,)),
    Command("destroy", "agentcore_kit.delivery.commands:destroy", "Remove the component from an environment.", OPERATION, COMPONENTS),
    Command("destroy", "agentcore_kit.delivery.platform.destruction:destroy", "Remove the platform from an account.", OPERATION, (PLATFORM,)),
    Command("rehearse", "agentcore_kit.local.rehearsal.commands:rehearse", "Run the delivery on this machine, failures included.", REPOSITORY),
    Command("manifest", "agentcore_kit.config.commands:manifest", "Check the manifest and the environment files.", REPOSITORY),
    Command("environments", "agentcore_kit.config.commands:environments", "List the environments, with stage, account, region.", REPOSITORY),
    Command("add", "agentcore_kit.authoring.commands:add", "Add a tool, a policy, an environment …; shown first.", REPOSITORY),
    Command("adopt", "agentcore_kit.authoring.adopt:adopt", "Take over a Strands agent that was written elsewhere; shown first.", REPOSITORY, (AGENT,)),
    Command("rename", "agentcore_kit.checks.rename:rename", "Give the component another name, and say what that means.", REPOSITORY),
    Command("github-setup", "agentcore_kit.delivery.github_setup:github_setup", "Protect deliveries on GitHub.", REPOSITORY),
    Command("schema", "agentcore_kit.config.commands:schema", "Write the JSON Schemas for editors.", REPOSITORY),
    Command("agents-md", "agentcore_kit.guidance.agents_md:agents_md", "Check AGENTS.md, for coding assistants, or write it.", REPOSITORY),
    Command("reference", "agentcore_kit.guidance.reference:reference", "Print what of the kit a repository may use.", REPOSITORY),
    Command("tools", "agentcore_kit.tool_contract.commands:tools", "Check the tools' documentation, or write its pages.", REPOSITORY, (TOOL,)),
    Command("tools", "agentcore_kit.tool_contract.agent_commands:tools", "Check the documentation of the agent's own tools.", REPOSITORY, (AGENT,)),
    Command("record", "agentcore_kit.local.record_gateway:record", "Record what a gateway answers, for tests without it.", EVALUATION, (AGENT,)),
    Command("record", "agentcore_kit.tool_contract.recorded_calls:record", "Record the tools' contract anew.", REPOSITORY, (TOOL,)),
    Command("render", "agentcore_kit.delivery.memory.render:render", "Show the template and a page made of the manifest.", REPOSITORY, (MEMORY,)),
    Command("lock", "agentcore_kit.checks.commands:lock", "Compile the requirement files.", REPOSITORY),
    Command("setup-tools", "agentcore_kit.checks.commands:setup_tools", "Install the tools that need a place of their own.", REPOSITORY),
    Command("template-update", "agentcore_kit.delivery.template_update:template_update", "Take the template's newest release.", REPOSITORY),
    Command("eject", "agentcore_kit.checks.eject:eject", "Copy a module of the kit here, to be changed.", REPOSITORY),
)  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Run the command that the arguments name, in the repository that the working directory is in.

    Args:
        arguments: Without the program's name; those of the process where they are left out.
    """
    from agentcore_kit.config.repository import repository_root
    from agentcore_kit.runtime.proxies import exempt_loopback

    exempt_loopback()
    os.chdir(repository_root())  # paths that are given are relative to the repository's top
    own_code = (str(Path("src").resolve()), str(Path.cwd()))
    sys.path[:0] = [path for path in own_code if path not in sys.path]
    given = sys.argv[1:] if arguments is None else arguments
    run = application(_kind(), {*given, *os.environ.get("_TYPER_COMPLETE_ARGS", "").split()})
    try:
        run(given, prog_name="kit")
    except SystemExit as end:
        if end.code:
            _name_certificate(end)
        raise
    except Exception as error:  # a fault of the kit or the team's code: it must not look like a failed gate
        import traceback

        traceback.print_exc()
        _name_certificate(error)
        raise SystemExit(3) from None


def _name_certificate(error: BaseException) -> None:
    """Say that a certificate is what stopped a command, whatever the command has made of it."""
    from agentcore_kit.runtime.certificates import certificate_problem

    if problem := certificate_problem(error):
        print(f"cause: {problem}", file=sys.stderr)


def commands(kind: str | None) -> Iterator[Command]:
    """Yield the commands of a kind of repository; the first of each name outside of one."""
    seen: set[str] = set()
    for command in COMMANDS:
        if command.name not in seen and (kind is None or kind in command.kinds):
            seen.add(command.name)
            yield command


def application(kind: str | None, typed: set[str]) -> typer.Typer:
    """Return the command line of a kind of repository.

    Args:
        kind: As the manifest has it; None outside of a repository, where all commands are listed.
        typed: The words that were typed. Only commands that are among them are imported, the others are only listed.
    """
    app = typer.Typer(
        name="kit",
        cls=_Grouped,
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for command in commands(kind):
        function = _guarded(command.function) if command.name in typed else _listed
        app.command(command.name, short_help=command.help, rich_help_panel=command.group)(function)
    app.callback()(_group)
    return app


class _Grouped(TyperGroup):
    """Lists the commands under the headings that they are declared with."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each heading."""
        for heading in GROUPS:
            found = [one for one in self.commands.values() if getattr(one, "rich_help_panel", "") == heading]
            if found:
                with formatter.section(heading):
                    formatter.write_dl([(one.name or "", one.short_help or "") for one in found])


def _group() -> None:
    pass


def _listed() -> None:
    """Stand for a command in the list of commands."""


def _guarded(target: str) -> Callable[..., Any]:
    """Return the function of a command, which tells of wrong files in their own words."""
    from functools import wraps

    from agentcore_kit.config.errors import ConfigError
    from agentcore_kit.config.import_string import import_string

    function: Callable[..., Any] = import_string(target)

    @wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except ConfigError as error:
            print(error, file=sys.stderr)
            raise typer.Exit(2) from None

    return run


def _kind() -> str | None:
    """Return the kind that the manifest names, without reading the rest of it: the list of commands must not wait."""
    manifest = Path("manifest.yaml")
    if not manifest.is_file():
        return None
    for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == "kind":
            kind = value.split("#")[0].strip().strip("'\"")
            return kind if kind in ALL else None
    return None
