"""Whom one can be on the page, and a token that says so."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.evaluation.users import declared_users, developer
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.settings import Settings

_LONGEST_NAME = 128
_DEVELOPER = "developer"


def users() -> list[str]:
    """Return the developer and the users of `evals/users.yaml`.

    A file that is wrong is told by `make check`; the page goes on without.
    """
    try:
        declared = list(declared_users() or {})
    except ConfigError:
        declared = []
    return [_DEVELOPER, *(name for name in declared if name != _DEVELOPER)]


def token(settings: Settings, _: Request, body: Any) -> dict[str, str]:
    """Return a token of a user: one of `evals/users.yaml`, or one made up.

    Raises:
        ConfigError: When the body names nobody.
    """
    name, claims = body.get("user"), body.get("claims") or {}
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or not isinstance(claims, dict):
        raise ConfigError(["user: a name is needed, with at most 128 characters; claims: an object"])
    user = developer(name.strip())
    return {"token": issue_development_token(user.user_id, settings.state, claims={**user.claims, **claims})}
