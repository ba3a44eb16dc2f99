"""The commands of releases where the manifest may want a Lambda function, which is live with its deployment."""

from __future__ import annotations

import os
import subprocess
import sys

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import images, lambda_function, names, output, runtime_commands
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.errors import CommandError, reported_errors


def smoke(env: Env = "", name: runtime_commands.Endpoint = names.LIVE) -> None:
    """Ask an endpoint what every version must be able to answer. With --endpoint DEFAULT the newest version."""
    if not _chosen(env):
        runtime_commands.smoke(env, name)
        return
    with deployment("smoke", env) as context:
        output.plan(["call the function; nothing is changed"])
        lambda_function.check(context, lambda_function.deployed(context))
        output.done(f"{env}: the function answers as it should; {lambda_function.live(context)}")


def gate(env: Env = "", day: runtime_commands.Day = "") -> None:
    """Evaluate the newest version. Only an image that passed in pre-production may go to production."""
    if not _chosen(env):
        runtime_commands.gate(env, day)
        return
    with deployment("gate", env) as context:
        found = lambda_function.as_checked_out(context)
        marks = " and mark its image as passed" if context.stage == "preproduction" else ""
        output.plan([f"call the function, evaluate the tools of its commit on this machine{marks}"])
        lambda_function.check(context, found)
        if code := evaluate(day):
            raise CommandError(
                f"the evaluation of image {found.short} did not pass (exit code {code})",
                "read evals/results/, correct it, then build and deploy again",
                code,
            )
        if context.stage == "preproduction":
            images.mark_passed(context, images.find(context, found.digest))
        output.done(f"{env}: image {found.short} passed; {lambda_function.live(context)}")


def promote(env: Env = "", version: runtime_commands.Version = "") -> None:
    """Move the live endpoint to the newest version, test it there, and put the one before back when it fails."""
    if not _chosen(env):
        runtime_commands.promote(env, version)
        return
    with deployment("promote", env) as context:
        if version:
            raise _no_versions(env)
        found = lambda_function.deployed(context)
        output.plan([])
        lambda_function.check(context, found)
        context.kind.after_move(context, found.short)
        output.done(f"{env}: a function is live with its deployment; {lambda_function.live(context)}")


def rollback(env: Env = "", version: runtime_commands.Version = "", alarm: runtime_commands.Alarm = None) -> None:
    """Move the live endpoint to the last good version, or to --version …, without building anything."""
    if not _chosen(env):
        runtime_commands.rollback(env, version, alarm)
        return
    with reported_errors():
        raise _no_versions(env)


def evaluate(day: str) -> int:
    """Run `kit eval` on this machine, and return its exit code.

    Args:
        day: The date that the tools are told, as YYYY-MM-DD; empty for today.
    """
    command = [sys.executable, "-m", "agentcore_kit", "eval", *(["--date", day] if day else [])]
    variables = os.environ | {"AGENT_ENV": "local"}
    return subprocess.run(command, cwd=repository_root(), env=variables, check=False).returncode  # noqa: S603


def _chosen(env: str) -> bool:
    with reported_errors():
        return lambda_function.is_chosen(open_context(env))


def _no_versions(env: str) -> CommandError:
    return CommandError(
        "a function has no versions to choose from: a deployment is live at once; nothing was changed",
        f"kit deploy --env {env} --digest sha256:… of the image to go back to, which takes no build; then "
        f"kit promote --env {env}, which brings the gateway to its tools",
    )
