"""The tokens of test users, as whom rows of the dataset are asked of a deployed component.

The environment file names a secret (`testUsers`), whose value is JSON. With `tokenUrl` users sign in at an OAuth 2.0
server, by password (RFC 6749 4.3) or refresh token (6); without it, at Amazon Cognito in the environment's region.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentcore_kit.delivery import output
from agentcore_kit.delivery.access_token import request_token
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, error_code
from agentcore_kit.evaluation.users import given_tokens

SHAPE = (
    '{"tokenUrl": "https://…", "clientId": "…", "clientSecret": "…", '
    '"users": {"Kim": {"username": "…", "password": "…"}}}'
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class _User(_Part):
    username: str = ""
    password: str = Field(default="", repr=False)
    refreshToken: str = Field(default="", repr=False)


class _Secret(_Part):
    tokenUrl: str = ""
    clientId: str = Field(min_length=1)
    clientSecret: str = Field(default="", repr=False)
    scope: str = ""
    users: dict[str, _User]


def user_tokens(context: DeploymentContext) -> dict[str, str]:
    """Return the access tokens of the test users that can be signed in, by name. Of the others it says why not.

    They are those of `EVAL_USER_TOKENS`, else of the secret that the environment file names; none without either.

    Raises:
        CommandError: When the secret is not there, or is not what it must be.
    """
    given = given_tokens()
    if given is not None:
        return given
    name = getattr(context.environment, "test_users", None)
    if not name:
        return {}
    secret, found = _read(context, name), dict[str, str]()
    for user, credentials in secret.users.items():
        try:
            found[user] = _token(context, secret, credentials)
        except CommandError as error:
            output.step(f"test user {user} cannot sign in: {error.message}")
    return found


def _read(context: DeploymentContext, name: str) -> _Secret:
    field = f"testUsers of environments/{context.name}.yaml"
    try:
        text = context.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        return _Secret.model_validate_json(text)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise CommandError(f"there is no secret {name}, which {field} names", f"make it, as JSON: {SHAPE}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        wrong = ".".join(map(str, first["loc"])) or "all of it"
        raise CommandError(
            f"secret {name}, which {field} names: {wrong}: {first['msg']}", f"correct it; needed is JSON: {SHAPE}"
        ) from None


def _token(context: DeploymentContext, secret: _Secret, user: _User) -> str:
    if not secret.tokenUrl:
        return _of_cognito(context, secret, user)
    form = {"grant_type": "password", "username": user.username, "password": user.password}
    if user.refreshToken:
        form = {"grant_type": "refresh_token", "refresh_token": user.refreshToken}
    return request_token(secret.tokenUrl, secret.clientId, secret.clientSecret, form, secret.scope)


def _of_cognito(context: DeploymentContext, secret: _Secret, user: _User) -> str:
    """Sign a user in by the flow USER_PASSWORD_AUTH, which the user pool's client must allow."""
    parameters = {"USERNAME": user.username, "PASSWORD": user.password}
    if secret.clientSecret:
        digest = hmac.digest(secret.clientSecret.encode(), f"{user.username}{secret.clientId}".encode(), "sha256")
        parameters["SECRET_HASH"] = b64encode(digest).decode()
    try:
        reply: Mapping[str, Any] = context.client("cognito-idp").initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH", ClientId=secret.clientId, AuthParameters=parameters
        )
    except ClientError as error:
        raise CommandError(f"Cognito: {error_code(error)}", "check the user and the client") from None
    if challenge := reply.get("ChallengeName"):
        done = "aws cognito-idp admin-set-user-password --permanent" if challenge == "NEW_PASSWORD_REQUIRED" else ""
        raise CommandError(f"Cognito asks for {challenge}" + (f"; run once: {done}" if done else ""), "")
    return str(reply["AuthenticationResult"]["AccessToken"])
