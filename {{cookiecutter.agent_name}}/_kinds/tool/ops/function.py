"""The tools as a Lambda function: a deployment is live at once, and is tested by calling it as the gateway does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from ops.delivery import image, names, releases, show, stacks
from ops.delivery.place import Place, open_place
from ops.delivery.stop import Stop, stops
from ops.delivery.verbs import Env
from ops.document import ROOT
from ops.offer import offered
from ops.samples import example
from ops.spec import SEPARATOR
from tool.wiring.declare import TOOLS


@dataclass(frozen=True)
class Function:
    """The function of an environment, as its stack says."""

    arn: str
    image: str

    @property
    def digest(self) -> str:
        """The digest of its image."""
        return image.digest_in(self.image)

    @property
    def short(self) -> str:
        """Enough of the digest to recognise it."""
        return self.digest[:19]


def is_chosen(place: Place) -> bool:
    """Return whether the manifest wants a function."""
    return bool(place.manifest.spec.target == "lambda")


def find(place: Place) -> Function | None:
    """Return the function, None when nothing is deployed."""
    found = stacks.outputs(place, names.stack(place.component, place.name, "lambda"))
    return Function(found["FunctionArn"], found["Image"]) if "FunctionArn" in found else None


def deployed(place: Place) -> Function:
    """Return the function. Raises Stop when nothing is deployed."""
    found = find(place)
    if found is None:
        raise Stop(f"nothing is deployed in {place.name} yet", f"make deploy ENV={place.name}")
    return found


def as_checked_out(place: Place) -> Function:
    """Return the function. Raises Stop when its image is not that of the commit that is checked out."""
    found, wanted = deployed(place), image.find(place)
    if found.digest != wanted.digest:
        raise Stop(
            f"the function of {place.name} runs image {found.short}, not that of the commit, {wanted.short}",
            f"check out what is live, or make deploy ENV={place.name}",
        )
    return found


def live(place: Place) -> str:
    """Return which image callers get."""
    found = find(place)
    return f"live: image {found.short}" if found else "nothing is live"


def check(place: Place, found: Function) -> None:
    """Call each tool that only reads and needs no user. Raises Stop with the first that fails."""
    for tool in offered():
        if not tool["annotations"]["readOnlyHint"] or TOOLS[tool["name"]].caller_parameter:
            continue
        result = _call(place, found, tool["name"], example(tool["inputSchema"]))
        if "error" in result or "errorMessage" in result:
            raise Stop(
                f"the smoke test failed: {tool['name']} of image {found.short}: {json.dumps(result)[:200]}",
                f"make deploy ENV={place.name} DIGEST=sha256:… of an earlier image goes back",
            )


def smoke(env: Env = "", name: releases.Endpoint = names.LIVE) -> None:
    """Ask an endpoint what every version must be able to answer. ENDPOINT=DEFAULT asks the newest version."""
    if (place := _chosen(env)) is None:
        releases.smoke(env, name)
        return
    with stops():
        show.header("smoke", place)
        place.check_account()
        show.plan(["call the function; nothing is changed"])
        check(place, deployed(place))
        show.done(f"{env}: the function answers as it should; {live(place)}")


def gate(env: Env = "", day: releases.Day = "") -> None:
    """Evaluate the newest version. Only an image that passed in preprod may go to production."""
    if (place := _chosen(env)) is None:
        releases.gate(env, day)
        return
    with stops():
        show.header("gate", place)
        place.check_account()
        found = as_checked_out(place)
        marks = " and mark its image as passed" if env == "preprod" else ""
        show.plan([f"call the function, evaluate the tools of its commit on this machine{marks}"])
        check(place, found)
        if code := evaluate(day):
            raise Stop(
                f"the evaluation of image {found.short} did not pass (exit code {code})",
                "read evals/results/, correct it, then build and deploy again",
                code,
            )
        if env == "preprod":
            image.mark_passed(place, image.find(place, found.digest))
        show.done(f"{env}: image {found.short} passed; {live(place)}")


def promote(env: Env = "", version: releases.Version = "") -> None:
    """Move the live endpoint to the newest version, test it there, and put the one before back when it fails."""
    if (place := _chosen(env)) is None:
        releases.promote(env, version)
        return
    with stops():
        show.header("promote", place)
        place.check_account()
        if version:
            raise _no_versions(env)
        found = deployed(place)
        show.plan([])
        check(place, found)
        show.done(f"{env}: a function is live with its deployment; {live(place)}")


def rollback(env: Env = "", version: releases.Version = "") -> None:
    """Move the live endpoint to the last good version, or to VERSION=…, without building anything."""
    if (place := _chosen(env)) is None:
        releases.rollback(env, version)
        return
    with stops():
        show.header("rollback", place)
        raise _no_versions(env)


def evaluate(day: str) -> int:
    """Run `eval` as it is typed, on this machine; return its exit code."""
    command = [sys.executable, "-m", "ops", "eval", *(["--date", day] if day else [])]
    variables = os.environ | {"AGENT_ENV": "local", "TARGET": "local"}
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode  # noqa: S603


def _chosen(env: str) -> Place | None:
    with stops():
        place = open_place(env)
    return place if is_chosen(place) else None


def _no_versions(env: str) -> Stop:
    return Stop(
        "a function has no versions to choose from: a deployment is live at once; nothing was changed",
        f"make deploy ENV={env} DIGEST=sha256:… of the image to go back to; it takes no build",
    )


def _call(place: Place, found: Function, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    custom = {"bedrockAgentCoreToolName": f"{place.manifest.spec.prefix}{SEPARATOR}{name}"}
    said = place.client("lambda").invoke(
        FunctionName=found.arn,
        ClientContext=b64encode(json.dumps({"custom": custom}).encode()).decode(),
        Payload=json.dumps(arguments).encode(),
    )
    result: dict[str, Any] = json.loads(said["Payload"].read())
    return result
