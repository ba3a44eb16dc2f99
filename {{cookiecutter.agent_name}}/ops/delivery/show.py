"""What every verb says first: account, region, environment and plan; and the question before production changes."""

from __future__ import annotations

import sys

from ops.delivery.place import Place, in_pipeline
from ops.delivery.stop import BAD_INPUT, Stop


def header(verb: str, place: Place) -> None:
    """Say what is done where."""
    about = place.manifest.metadata
    of = "" if place.owner == "environment" else ", shared services"
    print(f"{verb}: {about.name} {about.version}")
    print(f"  environment {place.name}   account {place.account}{of}   region {place.region}", flush=True)


def plan(lines: list[str]) -> None:
    """Say what will change."""
    print("plan:")
    for line in lines or ["nothing to change"]:
        print(f"  - {line}")
    sys.stdout.flush()


def confirm(place: Place) -> None:
    """Ask before production changes. In CI GitHub's environment has asked. Raises Stop when the answer is not yes."""
    if place.name != "prod" or in_pipeline():
        return
    if not sys.stdin.isatty():
        raise Stop("production is changed only after a yes, and nobody can be asked here", "type it in a terminal")
    if input(f"This changes production ({place.account}). Type the component's name to go on: ") != place.component:
        raise Stop("not confirmed; production is untouched", "type the same again when you are ready", BAD_INPUT)


def step(text: str) -> None:
    """Say what is being done."""
    print(f"… {text}", flush=True)


def done(text: str) -> None:
    """Say in one line what is live now."""
    print(f"= {text}", flush=True)
