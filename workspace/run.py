"""Generate platform, memory, tool and agent side by side, serve them, and ask as two users through all of them.

Everything is on this machine: the gateway verifies tokens of its own issuer, decides by the platform's policies, and
passes calls on to the tool server; the agent keeps conversations in the memory; the spans of all four are one trace.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any
from uuid import uuid4

from workspace.build import AGENT, MEMORY, PLATFORM, ROOT, TOOL, Workspace, connect, generate, set_up
from workspace.people import Person, ask, sign_in
from workspace.processes import serving

FOLDER = ROOT / ".workspace"
AUDIT = ".local/gateway/audit.jsonl"

WATCH = "Add market sales in EMEA to my watch list."
CUSTOMERS = "Add market customers in EMEA to my watch list."
PREFER = "My default region is APAC."
REVENUE = "What was our revenue in Q1 2025?"


def main() -> None:
    """Run the workspace; exit with an error when an answer is not what policies and memory promise."""
    workspace = Workspace(FOLDER)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    print(f"Generating {PLATFORM}, {MEMORY}, {TOOL} and {AGENT} in {FOLDER.relative_to(ROOT)}", flush=True)
    generate(workspace)
    print("Installing what they need", flush=True)
    set_up(workspace)
    connect(workspace)
    print("Serving all four", flush=True)
    with serving(workspace):
        problems = questions(workspace)
    if problems:
        sys.exit("\n".join(["\nNot as expected:", *problems]))
    print(f"\nThe four repositories stay in {FOLDER.relative_to(ROOT)}; the README says how to serve them by hand.")


def questions(workspace: Workspace) -> list[str]:
    """Ask as two users, show what comes back, and return what is not as policies and memory promise.

    Args:
        workspace: The repositories, which are served.
    """
    problems = []
    alice = sign_in(workspace, "alice", {"role": "analyst"})
    bob = sign_in(workspace, "bob", {"role": "junior-analyst"})

    trace = uuid4().hex
    allowed = _show(workspace, alice, "analyst", WATCH, trace)
    problems += _unless(
        _called(allowed) == [(f"{TOOL}___addWatchedMarket", "success")], "alice may change her watch list"
    )
    refused = _show(workspace, bob, "junior analyst", CUSTOMERS)
    problems += _unless(_called(refused) == [(f"{TOOL}___addWatchedMarket", "error")], "bob may not watch customers")

    _show(workspace, alice, "analyst", PREFER)
    alice.begin_again()
    remembered = _show(workspace, alice, "analyst, in another conversation", REVENUE)
    regions = {call["input"].get("region") for call in remembered.get("toolCalls", [])}
    problems += _unless(regions == {"APAC"}, "alice's region is remembered")

    print(f"\nWhat the gateway decided ({PLATFORM}/{AUDIT}):")
    for line in map(json.loads, (workspace.repository(PLATFORM) / AUDIT).read_text().splitlines()):
        print(
            f"  {line['user']:6} {line['tool']:32} {line['decision']:6} {', '.join(line['policies']) or line['reason']}"
        )

    print(f"\nOne trace through all four (kit trace {trace[:8]} --also ../{PLATFORM} …):", flush=True)
    others = [word for name in (PLATFORM, TOOL, MEMORY) for word in ("--also", f"../{name}")]
    shown = subprocess.run(
        [".venv/bin/kit", "trace", trace, *others],
        cwd=workspace.repository(AGENT),
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    print(shown)
    problems += [f"{name} is not in the trace" for name in (PLATFORM, TOOL, MEMORY, AGENT) if name not in shown]
    return problems


def _show(workspace: Workspace, person: Person, who: str, question: str, trace: str = "") -> dict[str, Any]:
    answer = ask(workspace, person, question, trace)
    print(f"\n{person.name} ({who}): {question}")
    print(f"  {answer.get('answer', answer.get('error'))}".replace("\n", "\n  "))
    for notice in answer.get("notices", []):
        print(f"  ! {notice}")
    for name, status in _called(answer):
        print(f"  → {name}: {status}", flush=True)
    return answer


def _called(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(call["name"], call["status"]) for call in answer.get("toolCalls", [])]


def _unless(so: bool, expected: str) -> list[str]:
    return [] if so else [expected]


if __name__ == "__main__":
    main()
