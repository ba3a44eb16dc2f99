"""What the gateway of this machine works by: files of this repository, read again when they are saved."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.platform import Gateway, PlatformEnvironment
from agentcore_kit.config.repository import MANIFEST, repository_path
from agentcore_kit.local.gateway.interceptors import Interceptors

LOOK_SECONDS = 0.25
"""How long it is taken for granted that no file was saved."""

_FROM_START = ("port", "audience")
"""Fields by which the server is built: it listens at one and is the issuer of tokens for the other."""

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Reloaded(Generic[T]):
    """What is read from files, and read again once one of them has been saved. While it is wrong, the former stays."""

    def __init__(self, files: Callable[[], Iterable[Path]], read: Callable[[], T], name: str) -> None:
        """Read it.

        Args:
            files: Returns the files that it is read from, those that are new included.
            read: Reads it.
            name: What it is called in the log.

        Raises:
            ConfigError: When it is wrong.
        """
        self._files, self._read, self._name = files, read, name
        self._stamp, self._looked = self._stamps(), monotonic()
        self._value = read()

    def __call__(self) -> T:
        """Return it as it was saved last, without a fault."""
        if monotonic() - self._looked < LOOK_SECONDS:
            return self._value
        self._looked = monotonic()
        if (stamp := self._stamps()) != self._stamp:
            self._stamp = stamp
            try:
                self._value = self._read()
                logger.info("%s: read again, as it was saved", self._name)
            except (ConfigError, OSError) as error:
                logger.error("%s: what was saved is wrong, so what was before still holds: %s", self._name, error)
        return self._value

    def _stamps(self) -> dict[Path, tuple[int, int, int]]:
        found = {}
        for file in self._files():
            try:
                stat = file.stat()
            except OSError:
                continue
            found[file] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return found


class NamedInterceptors:
    """The interceptors that the environment file names as it was saved last."""

    def __init__(self, settings: Callable[[], Gateway]) -> None:
        """Load them. Raises ConfigError when there are none of the names."""
        self._settings = settings
        self._named = settings().interceptors
        self._loaded = Interceptors(self._named.request, self._named.response)
        self._wrong = ""  # what was said of names that are wrong: they are tried again with every request

    def __call__(self) -> Interceptors:
        """Return them; while a name is wrong, those before."""
        named, wrong = self._settings().interceptors, ""
        if named != self._named:
            try:
                self._loaded, self._named = Interceptors(named.request, named.response), named
            except ConfigError as error:
                wrong = str(error)
        if wrong and wrong != self._wrong:
            logger.error("gateway.interceptors: wrong, so what was before still holds: %s", wrong)
        self._wrong = wrong
        return self._loaded


def read_gateway() -> Gateway:
    """Return the section `gateway` of `environments/local.yaml`.

    Raises:
        ConfigError: When the file or the manifest is wrong.
    """
    environment = read_environment("local", load_manifest())
    if not isinstance(environment, PlatformEnvironment) or environment.gateway is None:
        raise ConfigError(["environments/local.yaml: gateway: missing; for example gateway: {port: 8100}"])
    return environment.gateway


def reader() -> Callable[[], Gateway]:
    """Return what reads the section, and says so when something in it has changed that holds from the next start on."""
    started: list[Gateway] = []

    def read() -> Gateway:
        found = read_gateway()
        if not started:
            started.append(found)
        if changed := [name for name in _FROM_START if getattr(found, name) != getattr(started[0], name)]:
            logger.warning(
                "environments/local.yaml: %s changed, which holds from the next start on; until then "
                "tokens of kit token are refused: stop with Ctrl-C, then make dev",
                " and ".join(f"gateway.{name}" for name in changed),
            )
        return found

    return read


def settings_files() -> list[Path]:
    """Return the files that `read_gateway` reads."""
    return [repository_path(MANIFEST), repository_path("environments", "local.yaml")]
