"""Where a command acts: the environment's account and region, with credentials that are checked to be of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from typing_extensions import TypeVar

from agentcore_kit.config.delivery import Stage, environment_names, unlisted
from agentcore_kit.config.environment import Environment, read_environment
from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.kinds.base import kind_of

ATTEMPTS = 8
"""How often botocore tries a call that is throttled or fails in passing, with growing pauses."""

_SESSION = "session"
"""What the session that makes the clients is kept as, beside them."""

Owner = Literal["environment", "shared"]


M = TypeVar("M", bound=Manifest, covariant=True, default=Any)
E = TypeVar("E", bound=Environment, covariant=True, default=Any)


@dataclass
class DeploymentContext(Generic[M, E]):
    """An environment of this component, and clients of its account's services."""

    manifest: M
    environment: E
    owner: Owner = "environment"
    credentials: Mapping[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Any:
        """What the component is: an instance of its `Kind`, whose own methods are known where only that kind acts."""
        return kind_of(self.manifest.kind)

    @property
    def component(self) -> str:
        """The component's name."""
        return self.manifest.metadata.name

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    @property
    def stage(self) -> Stage | None:
        """What the environment is for."""
        return self.manifest.delivery.stage(self.name)

    @property
    def is_production(self) -> bool:
        """Whether callers depend on the environment."""
        return self.stage == "production"

    @property
    def publishes(self) -> bool:
        """Whether the environment writes the component's record in the registry: one for all of production."""
        return self.name == self.manifest.delivery.publisher

    @property
    def region(self) -> str:
        """The region of the environment."""
        return self.environment.region

    @property
    def account(self) -> str:
        """The account that the command acts in."""
        found = self.environment.account if self.owner == "environment" else self.environment.shared_account
        return str(found)

    def client(self, service: str, region: str = "") -> Any:
        """Return a client of a service.

        Args:
            service: As botocore names it.
            region: Another region than the environment's, for what the organisation has in one region only.
        """
        where = region or self.region
        key = f"{service} {where}"
        if key not in self._clients:
            if _SESSION not in self._clients:  # one for all regions: each reads the services' models anew
                self._clients[_SESSION] = boto3.Session(**self.credentials)
            config = Config(retries={"mode": "standard", "max_attempts": ATTEMPTS}, connect_timeout=10, read_timeout=60)
            self._clients[key] = self._clients[_SESSION].client(service, region_name=where, config=config)
        return self._clients[key]

    def check_account(self) -> None:
        """Raise CommandError unless the credentials are of the account that this is about."""
        try:
            found = self.client("sts").get_caller_identity()["Account"]
        except NoCredentialsError:
            raise CommandError(
                f"there are no AWS credentials; account {self.account} is needed",
                "sign in first, for example: aws sso login --profile PROFILE && export AWS_PROFILE=PROFILE",
            ) from None
        if found != self.account:
            whose = self.name if self.owner == "environment" else "the shared services"
            raise CommandError(
                f"the credentials are of account {found}, but {whose} is account {self.account}; nothing was changed",
                f"use credentials of {self.account}, or correct environments/{self.name}.yaml",
            )


def open_context(name: str, owner: Owner = "environment") -> DeploymentContext:
    """Return an environment in AWS by name.

    Args:
        name: As it was typed after `--env`.
        owner: Whose account the command acts in: that of the environment, or that of the shared services.

    Raises:
        CommandError: When it is local, unknown or empty; the message says which there are.
        ConfigError: When the manifest or the environment file is wrong.
    """
    manifest = load_manifest()
    clouds = manifest.delivery.environments
    if name in clouds:
        return DeploymentContext(manifest, read_environment(name, manifest), owner)
    if name in environment_names() and manifest.delivery.stage(name) is None:
        raise CommandError(f"--env {name}: {unlisted(name, manifest.delivery)}", "correct it, then again", WRONG_INPUT)
    wrong = f"--env {name} is no environment in AWS" if name else "--env is missing"
    which = choose(name, clouds) if name else f"one of: {', '.join(clouds)}"
    raise CommandError(wrong, f"add --env …, {which}", WRONG_INPUT)


def neighbour(context: DeploymentContext, name: str) -> DeploymentContext:
    """Return another environment of the same component, as the same credentials see it; the same one for its name."""
    if name == context.name:
        return context
    return replace(context, environment=read_environment(name, context.manifest), _clients={})


def as_role(context: DeploymentContext, role: str) -> DeploymentContext:
    """Return the same environment as another role sees it: what it may do in an account of its own."""
    given = context.client("sts").assume_role(RoleArn=role, RoleSessionName=context.component)["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    return replace(context, credentials=keys, _clients={})


def in_pipeline() -> bool:
    """Return whether this runs in CI, where nobody can be asked and GitHub's environment has approved."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")
