"""The timeline of a rehearsal: a line for each command, with how it ended and the last thing that it said."""

from __future__ import annotations

import re
from subprocess import CompletedProcess

from agentcore_kit.local.rehearsal.workflow import Step


def show(step: Step, done: CompletedProcess[str], at: float, seconds: float, *, is_expected: bool) -> str:
    """Print the line of a command, with what to do next where it failed.

    Args:
        step: What ran.
        done: How it ended, and what it printed.
        at: Seconds since the beginning of the rehearsal.
        seconds: How long the command took.
        is_expected: Whether a command that does not succeed is to be refused, as the scene has it.

    Returns:
        Job, command, and ok, refused or FAIL.
    """
    said = [line for line in done.stdout.splitlines() if line.strip()]
    plain = [line for line in said if line[0] not in "|#-"] or said  # the rest is Markdown, for people on GitHub
    last = next((line for line in reversed(said) if line.startswith("= ")), plain[-1] if plain else "")
    if done.returncode:
        output = "\n".join([*done.stdout.splitlines()[-12:], *done.stderr.splitlines()[-12:]])
        last = next((line for line in done.stderr.splitlines() if line.startswith("error: ")), output)
    mark = "ok" if done.returncode == 0 else "refused" if is_expected else "FAIL"
    told = [line for line in done.stderr.splitlines() if re.match(r"next:| {6,8}\S", line)]
    where = f"{step.job:<20} {step.command:<13}"
    print(f"{at:6.1f} s {mark:<7} {where}{seconds:5.1f} s  {last.removeprefix('= ')}", flush=True)
    if done.returncode:
        print("\n".join(f"{'':18}{line}" for line in told), flush=True)
    return f"{step.job} {step.command} {mark}"
