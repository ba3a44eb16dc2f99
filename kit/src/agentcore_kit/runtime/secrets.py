"""Variables and secrets of the environment file: in the process's environment before the team's code is imported.

Variables are set as they stand in the file. The value of a secret comes from the shell in `local`, else from AWS
Secrets Manager, read with the process's own role, again every five minutes while requests come. So code that reads
`os.environ` where it needs a secret has the newest value; code that keeps it from the import on has the first.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from threading import Lock
from time import monotonic
from typing import Any

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.served import ServedEnvironment
from agentcore_kit.runtime import masking

REFRESH_SECONDS = 300.0
"""After so long, the next request has the secrets read again."""

_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 3, 3, 5

logger = logging.getLogger(__name__)


class SecretUnavailable(ConfigError):
    """A secret cannot be had. One line: which, of which environment, why, and what to do."""


def create_command(name: str, region: str) -> str:
    """Return what a person types to make a secret; its value is typed afterwards, so that no shell keeps it."""
    return f"aws secretsmanager create-secret --region {region} --name {name} --secret-string file:///dev/stdin"


def restore_command(name: str, region: str) -> str:
    """Return what a person types to bring back a secret that was deleted."""
    return f"aws secretsmanager restore-secret --region {region} --secret-id {name}"


def set_variables(environment: ServedEnvironment) -> None:
    """Set the variables of an environment file; what the shell has set stays. Note the secrets that the shell has."""
    for name, value in environment.variables.items():
        if name not in os.environ or _set.get(name) == os.environ[name]:
            os.environ[name] = _set[name] = value
    for name in environment.secrets:
        if known := os.environ.get(name):
            masking.register(name, known)
        elif environment.name == "local" and name not in _told:
            _told.add(name)
            logger.warning("%s is not set, so this runs without it; what needs it: export %s=…", name, name)


def unset_variables() -> None:
    """Remove what `set_variables` has set, so that a process started by this one reads the file itself."""
    for name, value in _set.items():
        if os.environ.get(name) == value:
            del os.environ[name]
    _set.clear()


_set: dict[str, str] = {}
_told: set[str] = set()


class _Store:
    """The secrets of one environment in AWS."""

    def __init__(self, environment: ServedEnvironment) -> None:
        self.environment = environment
        self.read_at = 0.0
        self.lock = Lock()
        self._client: Any = None

    def read(self) -> bool:
        """Read all, set the variables, and return whether a value has changed.

        Raises:
            SecretUnavailable: When one cannot be had; then none is set.
        """
        with self.lock:
            texts: dict[str, str] = {}
            found: dict[str, str] = {}
            for variable, reference in self.environment.secrets.items():
                name, _, key = reference.partition("#")
                if name not in texts:
                    texts[name] = self._text(variable, name)
                found[variable] = self._value(variable, name, key, texts[name])
            changed = any(os.environ.get(variable) != value for variable, value in found.items())
            for variable, value in found.items():
                masking.register(variable, value)
            os.environ.update(found)
            self.read_at = monotonic()
            return changed

    def _text(self, variable: str, name: str) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._manager().get_secret_value(SecretId=name)
        except ClientError as error:
            code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            raise self._unavailable(variable, name, said or code, self._next_step(code, name)) from None
        except BotoCoreError as error:
            step = "check the role's credentials, and in a VPC the way to Secrets Manager (an endpoint or NAT)"
            raise self._unavailable(variable, name, str(error), step) from None
        if "SecretString" not in answer:
            raise self._unavailable(variable, name, "it is binary", "store it as text")
        text = str(answer["SecretString"])
        return text.rstrip("\r\n") if text.count("\n") <= 1 else text  # files end in one; no key does

    def _value(self, variable: str, name: str, key: str, text: str) -> str:
        value: Any = text
        if key:
            try:
                values = json.loads(text)
            except ValueError:
                values = None
            if not isinstance(values, dict) or key not in values:
                step = f"store JSON with {key} in it, or correct secrets.{variable}"
                raise self._unavailable(variable, name, f"it has no key {key}", step)
            value = values[key] if isinstance(values[key], str) else json.dumps(values[key])
        if len(value) < masking.SHORTEST:
            need = f"it has fewer than {masking.SHORTEST} characters, which could not be kept out of logs"
            raise self._unavailable(variable, name, need, "store the real value")
        return str(value)

    def _manager(self) -> Any:
        if self._client is None:
            import botocore.session
            from botocore.config import Config

            retries: Any = {"mode": "standard", "max_attempts": _ATTEMPTS}
            config = Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries=retries)
            session = botocore.session.get_session()
            self._client = session.create_client("secretsmanager", region_name=self.environment.region, config=config)
        return self._client

    def _next_step(self, code: str, name: str) -> str:
        if code == "ResourceNotFoundException":
            return f"make it: {create_command(name, self.environment.region)}"
        if code == "InvalidRequestException":
            return f"if it was deleted: {restore_command(name, self.environment.region)}"
        if code in ("AccessDeniedException", "DecryptionFailure"):
            key = "and kms:Decrypt where it has a key of your own"
            if self.environment.role:
                return f"allow that role secretsmanager:GetSecretValue on it, {key}"
            return (
                f"kit deploy --env {self.environment.name} lets the role read it; a key of your own must allow that too"
            )
        return "read what the service says, then start again"

    def _unavailable(self, variable: str, name: str, why: str, step: str) -> SecretUnavailable:
        where = f"environment {self.environment.name}, {self.environment.region}"
        role = self.environment.role or "the execution role of infra/"
        text = f"secret {name} for {variable} ({where}) cannot be read with {role}: {why}; next: {step}"
        return SecretUnavailable([" ".join(text.split())])


_stores: list[_Store] = []
"""The one that this process serves from; none in local, and where there are no secrets."""


def load(environment: ServedEnvironment) -> None:
    """Read the secrets of an environment in AWS into the process's environment; do nothing in local.

    Raises:
        SecretUnavailable: With the first that cannot be had.
    """
    _stores.clear()
    if environment.name != "local" and environment.secrets:
        store = _Store(environment)
        store.read()
        _stores.append(store)


def is_due() -> bool:
    """Return whether the secrets were read so long ago that they are to be read again."""
    return any(monotonic() - store.read_at >= REFRESH_SECONDS for store in _stores)


def refresh() -> bool:
    """Read the secrets again, and return whether one has changed. When that fails, those of before stay."""
    changed = False
    for store in _stores:
        store.read_at = monotonic()  # whoever comes meanwhile goes on with what is there
        try:
            changed |= store.read()
        except SecretUnavailable as error:
            logger.warning("the secrets of before stay, for %.0f s: %s", REFRESH_SECONDS, error)
    return changed


async def keep_fresh() -> None:
    """Read the secrets again, off the event loop, if that is due."""
    if is_due():
        await asyncio.to_thread(refresh)


def required(environment: ServedEnvironment, variable: str) -> str:
    """Return the value of a secret that the model cannot do without.

    Args:
        environment: Whose secret it is.
        variable: The environment variable that has it.

    Raises:
        SecretUnavailable: When it is not set, with what to type.
    """
    if value := os.environ.get(variable):
        masking.register(variable, value)
        return value
    where = f"environments/{environment.name}.yaml"
    raise SecretUnavailable(
        [f"{where}: secrets.{variable}: the model needs it, and it is not set; export {variable}=…"]
    )
