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
    return _sign_in(address, client, password, secret.get("scope", ""))


def _sign_in(address: str, client: str, password: str, scope: str) -> str:
    if not address.startswith("https://"):
        raise CommandError(f"the token address {address} is not https", "correct the secret of the test client")
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    basic = b64encode(f"{client}:{password}".encode()).decode()
    request = Request(address, urlencode(form).encode(), {"Authorization": f"Basic {basic}"})  # noqa: S310
    try:
        with urlopen(request, timeout=20) as reply:  # noqa: S310 - https only, checked above
            return str(json.load(reply)["access_token"])
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"{address} gave no token: {error}", "check the secret of the test client") from None
