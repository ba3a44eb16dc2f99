"""The token with which smoke tests and evaluation call a deployed agent, as one of its users would."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from botocore.exceptions import ClientError

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, error_code
from agentcore_kit.delivery.names import test_client

VARIABLE = "EVAL_TOKEN"


def token(context: DeploymentContext) -> str:
    """Return what opens the deployed component: a user's token, or nothing where AWS credentials open it."""
    by_credentials = getattr(getattr(context.manifest.spec, "auth", None), "inbound", "jwt") == "iam"
    return "" if by_credentials else user_token(context)  # only tools have the choice


def user_token(context: DeploymentContext) -> str:
    """Return `EVAL_TOKEN`, else a token for the environment's test client (OAuth client credentials, RFC 6749 4.4).

    Raises:
        CommandError: when there is neither.
    """
    if given := os.environ.get(VARIABLE):
        return given
    name = test_client(context.component, context.name)
    try:
        text = context.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        secret = json.loads(text)
        address, client, password = secret["tokenUrl"], secret["clientId"], secret["clientSecret"]
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise CommandError(
            f"no token to call the agent with: {VARIABLE} is not set, and there is no secret {name}",
            f"set {VARIABLE} to a user's access token, or make the secret with tokenUrl, clientId and clientSecret",
        ) from None
    except (ValueError, KeyError):
        raise CommandError(
            f"secret {name} is not JSON with tokenUrl, clientId and clientSecret", "correct it, then again"
        ) from None
    return request_token(address, client, password, {"grant_type": "client_credentials"}, secret.get("scope", ""))


def request_token(address: str, client: str, password: str, form: dict[str, str], scope: str = "") -> str:
    """Return an access token of an OAuth 2.0 server.

    Args:
        address: Of its token endpoint.
        client: The client's id.
        password: The client's secret; empty for a public client.
        form: The grant, as RFC 6749 has its fields.
        scope: What is asked for; empty for what the client gets anyway.

    Raises:
        CommandError: When there is none; without anything that is secret.
    """
    if not address.startswith("https://"):
        raise CommandError(f"the token address {address} is not https", "correct the secret in Secrets Manager")
    form = form | ({"scope": scope} if scope else {})
    basic = b64encode(f"{client}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    if not password:
        form, headers = form | {"client_id": client}, {}
    request = Request(address, urlencode(form).encode(), headers)  # noqa: S310
    try:
        with urlopen(request, timeout=20) as reply:  # noqa: S310 - https only, checked above
            return str(json.load(reply)["access_token"])
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"{address} gave no token: {error}", "check the secret in Secrets Manager") from None
