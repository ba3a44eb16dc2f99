"""Who asks in the rows of a dataset, and how a target is asked as that user.

A row names a user: `"user": "Kim"`. Without `evals/users.yaml` that is the caller's first name, and all that is known.
With it, the file says what the token of each user has, on this machine and in AWS alike.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import Field

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.explain import choose
from agentcore_kit.config.loader import Document, Finding, Model, check, parse
from agentcore_kit.config.repository import repository_path
from agentcore_kit.runtime.identity import claims_of, issue_development_token

EVALUATION = "evaluation"
"""How the ids of users begin that an evaluation makes up."""

TOKENS = "EVAL_USER_TOKENS"
"""The variable with the access tokens of test users of a deployed component: JSON, by name."""

_ISSUED = ("exp", "iat", "nbf", "iss", "aud")
"""Claims that are the token's and not the user's."""


class DeclaredUser(Model):
    """A user of `evals/users.yaml`."""

    first_name: str | None = Field(
        default=None, description="the given name in the user's token; null: it has none", examples=["Kim"]
    )
    claims: dict[str, Any] = Field(
        default={}, description="what else the user's token says", examples=["{employee_id: E1001, department: sales}"]
    )


class DeclaredUsers(Model):
    """`evals/users.yaml`."""

    users: dict[str, DeclaredUser] = Field(
        description="who asks in rows of the datasets, by the name that a row has in `user`",
        examples=["{Kim: {claims: {employee_id: E1001}}}"],
    )

    @classmethod
    def findings(cls, document: Document) -> list[Finding]:
        """Return which claims no user may have."""
        found: list[Finding] = []
        for name, user in document.section("users").items():
            claims = user.get("claims") if isinstance(user, dict) else None
            for claim in claims if isinstance(claims, dict) else ():
                if claim in _ISSUED:
                    found.append((("users", name, "claims", claim), "is for who issues the token to say; remove it"))
        return found


class CannotSignIn(Exception):
    """A target cannot be asked as a user; the message says why, and what to do."""


@dataclass(frozen=True)
class EvaluationUser:
    """Who asks in a row.

    Attributes:
        name: As the row has it.
        claims: What the user's token says, the given name included.
    """

    name: str
    claims: Mapping[str, Any]

    @property
    def user_id(self) -> str:
        """The subject of a token for one conversation: the user's own, or else one that nothing is known of."""
        return str(self.claims.get("sub") or f"{EVALUATION}-{uuid4()}")


SignIn = Callable[[EvaluationUser], str]
"""Returns an access token of a user. Raises CannotSignIn."""


def users_path() -> Path:
    """Return the file that says more of the users than their names. It need not be there."""
    return repository_path("evals", "users.yaml")


def declared_users() -> dict[str, EvaluationUser] | None:
    """Return the users of `evals/users.yaml` by name; None where there is no such file.

    Raises:
        ConfigError: With file, line and field of everything that is wrong in it.
    """
    if not users_path().is_file():
        return None
    document = parse(users_path())
    found = check(document, DeclaredUsers, DeclaredUsers.findings(document))
    return {name: EvaluationUser(name, _claims(user)) for name, user in found.users.items()}


def _claims(user: DeclaredUser) -> dict[str, Any]:
    return ({"given_name": user.first_name} if user.first_name else {}) | user.claims


def user_of(name: str) -> EvaluationUser:
    """Return the user whom a row or an option names.

    Raises:
        ConfigError: When `evals/users.yaml` is there and does not have the name.
    """
    declared = declared_users()
    if problem := undeclared(name, declared):
        raise ConfigError([problem])
    return declared[name] if declared is not None else EvaluationUser(name, {"given_name": name})


def asker(name: str | None) -> EvaluationUser:
    """Return who asks: the user whom a row names, or one that nothing is known of.

    Raises:
        ConfigError: As for `user_of`.
    """
    return EvaluationUser("", {}) if name is None else user_of(name)


def developer(name: str) -> EvaluationUser:
    """Return who asks by hand, on this machine: a user of `evals/users.yaml`, or one made up, with the name as id."""
    found = (declared_users() or {}).get(name, EvaluationUser(name, {}))
    return EvaluationUser(name, {"sub": name, **found.claims})


def undeclared(name: str, declared: Mapping[str, EvaluationUser] | None) -> str | None:
    """Return what is wrong with the name of a user; None when nothing is."""
    if declared is None or name in declared:
        return None
    return f"no user {name!r} in evals/users.yaml; {choose(name, declared)}"


def by_development_token(state: Path) -> SignIn:
    """Return how an agent on this machine is asked as a user: with a token that it has the secret of.

    Args:
        state: The folder for local state, of that agent.
    """
    return lambda user: issue_development_token(user.user_id, state, claims=user.claims)


def by_given_tokens(tokens: Mapping[str, str]) -> SignIn:
    """Return how a deployed component is asked as a user: with tokens that are there.

    Args:
        tokens: Access tokens of users, by name.
    """

    def token_of(user: EvaluationUser) -> str:
        if user.name not in tokens:
            raise CannotSignIn(f"nobody is signed in as {user.name}; see testUsers of the environment file")
        given = claims_of(tokens[user.name])
        wrong = [claim for claim, value in user.claims.items() if claim != "sub" and given.get(claim) != value]
        if wrong:
            said = ", ".join(f"{claim}={json.dumps(given.get(claim), ensure_ascii=False)}" for claim in wrong)
            raise CannotSignIn(f"the token of {user.name} says {said}, unlike evals/users.yaml and the row")
        return tokens[user.name]

    return token_of


NOBODY: SignIn = by_given_tokens({})
"""Signs nobody in: where only the caller's own token is there."""


def given_tokens() -> dict[str, str] | None:
    """Return the access tokens in `EVAL_USER_TOKENS`, by the users' names; None where it is not set.

    Raises:
        ConfigError: When it is no JSON object of texts.
    """
    text = os.environ.get(TOKENS)
    if not text:
        return None
    try:
        found = json.loads(text)
        if not all(isinstance(token, str) for token in found.values()):
            raise ValueError(text)
    except (ValueError, AttributeError):
        raise ConfigError([f'{TOKENS}: must be JSON, the access token of each user: {{"Kim": "eyJ…"}}']) from None
    return dict(found)
