"""The tools as a Lambda function: a deployment is live at once, and is tested by calling it as the gateway does."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.delivery import images, names, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.mcp_server.aws_lambda import LISTING
from agentcore_kit.mcp_server.declarations import TOOLS
from agentcore_kit.tool_contract.definitions import Definition, offered
from agentcore_kit.tool_contract.samples import example, example_by_schema


@dataclass(frozen=True)
class Function:
    """The function of an environment, as its stack says."""

    arn: str
    image: str

    @property
    def digest(self) -> str:
        """The digest of its image."""
        return images.digest_in(self.image)

    @property
    def short(self) -> str:
        """Enough of the digest to recognise it."""
        return self.digest[:19]


def is_chosen(context: DeploymentContext) -> bool:
    """Return whether the manifest wants a function."""
    return bool(context.manifest.spec.target == "lambda")


def find(context: DeploymentContext) -> Function | None:
    """Return the function, None when nothing is deployed."""
    found = stacks.outputs(context, names.stack(context.component, context.name, "lambda"))
    return Function(found["FunctionArn"], found["Image"]) if "FunctionArn" in found else None


def deployed(context: DeploymentContext) -> Function:
    """Return the function. Raises CommandError when nothing is deployed."""
    found = find(context)
    if found is None:
        raise CommandError(f"nothing is deployed in {context.name} yet", f"kit deploy --env {context.name}")
    return found


def as_checked_out(context: DeploymentContext) -> Function:
    """Return the function. Raises CommandError when its image is not that of the commit that is checked out."""
    found, wanted = deployed(context), images.find(context)
    if found.digest != wanted.digest:
        raise CommandError(
            f"the function of {context.name} runs image {found.short}, not that of the commit, {wanted.short}",
            f"check out what is live, or kit deploy --env {context.name}",
        )
    return found


def live(context: DeploymentContext) -> str:
    """Return which image callers get."""
    found = find(context)
    return f"live: image {found.short}" if found else "nothing is live"


def listed(context: DeploymentContext, found: Function) -> tuple[str, list[Definition]]:
    """Return the version and the tools that the function says it has.

    A function of an earlier release of the kit does not list them; what is checked out answers for it, when it is of
    the same commit.

    Raises:
        CommandError: When it does not start, or is an earlier one of another commit.
    """
    said = _call(context, found, LISTING, {})
    if "tools" in said:
        return str(said["version"]), list(said["tools"])
    if "errorMessage" in said:
        raise CommandError(
            f"the smoke test failed: image {found.short} does not list its tools: {json.dumps(said)[:200]}",
            f"kit deploy --env {context.name} --digest sha256:… of an earlier image goes back",
            GATE_NOT_PASSED,
        )
    as_checked_out(context)
    return context.manifest.metadata.version, offered()


def check(context: DeploymentContext, found: Function) -> None:
    """Call each tool that only reads and needs no user. Raises CommandError with the first that fails."""
    for tool in listed(context, found)[1]:
        name = tool["name"]
        if not tool["annotations"]["readOnlyHint"] or (name not in TOOLS or TOOLS[name].caller_parameter):
            continue
        arguments = example(tool) if tool in offered() else example_by_schema(tool)
        result = _call(context, found, name, arguments)
        if "error" in result or "errorMessage" in result:
            raise CommandError(
                f"the smoke test failed: {name} of image {found.short}: {json.dumps(result)[:200]}",
                f"kit deploy --env {context.name} --digest sha256:… of an earlier image goes back",
                GATE_NOT_PASSED,
            )


def _call(context: DeploymentContext, found: Function, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    named = name if name == LISTING else f"{context.manifest.spec.prefix}{SEPARATOR}{name}"
    custom = {"bedrockAgentCoreToolName": named}
    said = context.client("lambda").invoke(
        FunctionName=found.arn,
        ClientContext=b64encode(json.dumps({"custom": custom}).encode()).decode(),
        Payload=json.dumps(arguments).encode(),
    )
    result: dict[str, Any] = json.loads(said["Payload"].read())
    return result
