"""The tools as a Lambda function: a deployment is live at once, and is tested by calling it as the gateway does."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from ops.delivery import image, names, stacks
from ops.delivery.place import Place
from ops.delivery.stop import Stop
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
        result = _call(place, found, tool["name"], example(tool))
        if "error" in result or "errorMessage" in result:
            raise Stop(
                f"the smoke test failed: {tool['name']} of image {found.short}: {json.dumps(result)[:200]}",
                f"make deploy ENV={place.name} DIGEST=sha256:… of an earlier image goes back",
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
