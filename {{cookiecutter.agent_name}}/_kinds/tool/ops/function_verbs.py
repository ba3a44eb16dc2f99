"""The verbs of releases where the manifest may want a Lambda function, which is live with its deployment."""

from __future__ import annotations

import os
import subprocess
import sys

from ops import function
from ops.delivery import image, names, releases, show
from ops.delivery.acting import Env, acting
from ops.delivery.place import open_place
from ops.delivery.stop import Stop, stops
from ops.document import ROOT


def smoke(env: Env = "", name: releases.Endpoint = names.LIVE) -> None:
    """Ask an endpoint what every version must be able to answer. ENDPOINT=DEFAULT asks the newest version."""
    if not _chosen(env):
        releases.smoke(env, name)
        return
    with acting("smoke", env) as place:
        show.plan(["call the function; nothing is changed"])
        function.check(place, function.deployed(place))
        show.done(f"{env}: the function answers as it should; {function.live(place)}")


def gate(env: Env = "", day: releases.Day = "") -> None:
    """Evaluate the newest version. Only an image that passed in preprod may go to production."""
    if not _chosen(env):
        releases.gate(env, day)
        return
    with acting("gate", env) as place:
        found = function.as_checked_out(place)
        marks = " and mark its image as passed" if env == "preprod" else ""
        show.plan([f"call the function, evaluate the tools of its commit on this machine{marks}"])
        function.check(place, found)
        if code := evaluate(day):
            raise Stop(
                f"the evaluation of image {found.short} did not pass (exit code {code})",
                "read evals/results/, correct it, then build and deploy again",
                code,
            )
        if env == "preprod":
            image.mark_passed(place, image.find(place, found.digest))
        show.done(f"{env}: image {found.short} passed; {function.live(place)}")


def promote(env: Env = "", version: releases.Version = "") -> None:
    """Move the live endpoint to the newest version, test it there, and put the one before back when it fails."""
    if not _chosen(env):
        releases.promote(env, version)
        return
    with acting("promote", env) as place:
        if version:
            raise _no_versions(env)
        found = function.deployed(place)
        show.plan([])
        function.check(place, found)
        show.done(f"{env}: a function is live with its deployment; {function.live(place)}")


def rollback(env: Env = "", version: releases.Version = "", alarm: releases.Alarm = False) -> None:
    """Move the live endpoint to the last good version, or to VERSION=…, without building anything."""
    if not _chosen(env):
        releases.rollback(env, version, alarm)
        return
    with stops():
        raise _no_versions(env)


def evaluate(day: str) -> int:
    """Run `eval` as it is typed, on this machine; return its exit code."""
    command = [sys.executable, "-m", "ops", "eval", *(["--date", day] if day else [])]
    variables = os.environ | {"AGENT_ENV": "local", "TARGET": "local"}
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode  # noqa: S603


def _chosen(env: str) -> bool:
    with stops():
        return function.is_chosen(open_place(env))


def _no_versions(env: str) -> Stop:
    return Stop(
        "a function has no versions to choose from: a deployment is live at once; nothing was changed",
        f"make deploy ENV={env} DIGEST=sha256:… of the image to go back to; it takes no build",
    )
