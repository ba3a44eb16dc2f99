"""The secrets that an environment file names: which a role may read, and whether they are there before a change.

Their values are not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from agentcore_kit.config.infrastructure import secret_arns
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, error_code
from agentcore_kit.delivery.regions import partition
from agentcore_kit.runtime.secrets import create_command, restore_command


def secret_parameter(context: DeploymentContext) -> str:
    """Return the value of the templates' parameter `SecretArns`: what the component's role may read, by commas."""
    secrets: dict[str, str] = getattr(context.environment, "secrets", {})
    return ",".join(secret_arns(partition(context.region), context.region, context.account, secrets))


def check_secrets(context: DeploymentContext) -> None:
    """Do nothing when all are there, or the kind knows none.

    Raises:
        CommandError: With all that are missing, and a command for each that makes it.
    """
    wrong = dict(_missing(context))
    if wrong:
        raise CommandError(
            f"account {context.account} has no secret {', '.join(wrong)} in {context.region}, which "
            f"environments/{context.name}.yaml names under secrets; nothing was changed",
            "\n       ".join(wrong.values()),
        )


def _missing(context: DeploymentContext) -> Iterator[tuple[str, str]]:
    """Yield the names that are missing, and what makes them."""
    references: list[str] = sorted(getattr(context.environment, "secrets", {}).values())
    keys: dict[str, list[str]] = {}
    for name, _, key in (reference.partition("#") for reference in references):
        keys.setdefault(name, []).extend([key] if key else [])
    for name in keys:
        try:
            if context.client("secretsmanager").describe_secret(SecretId=name).get("DeletedDate"):
                yield name, restore_command(name, context.region)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            what = "JSON with " + ", ".join(sorted({*keys[name]})) if keys[name] else "its value"
            yield name, f"{create_command(name, context.region)} (then type {what}, and Ctrl-D)"
