"""The repositories in a folder, read leniently: one that is wrong is told of, and stops nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import parse
from agentcore_kit.config.manifest import KINDS, Manifest, load_manifest
from agentcore_kit.config.repository import MANIFEST

PLATFORM = "Platform"


@dataclass(frozen=True)
class Neighbour:
    """A repository beside this one, or in a folder of clones.

    Attributes:
        path: Its folder.
        data: What its manifest says, as it is written; empty when it cannot be read.
        manifest: The same as a model; None when this version of the kit finds something wrong with it.
        problem: What is wrong with it, in one line; empty when nothing is.
    """

    path: Path
    data: Mapping[str, Any] = field(default_factory=dict)
    manifest: Manifest | None = None
    problem: str = ""

    @property
    def kind(self) -> str:
        """The kind that the manifest names; empty when it names none that is known."""
        found = self.data.get("kind")
        return found if found in KINDS else ""

    @property
    def name(self) -> str:
        """The component's name; the folder's when the manifest has none."""
        return self.text("name") or self.path.name

    def text(self, key: str) -> str:
        """Return a text under `metadata` of the manifest; empty when there is none."""
        found = self.section("metadata").get(key)
        return found if isinstance(found, str) else ""

    def section(self, *names: str) -> Mapping[str, Any]:
        """Return a group of fields, for example `section("spec", "gateway")`; empty when there is none."""
        found: Any = self.data
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}


def read(path: Path) -> Neighbour:
    """Return the repository in a folder, whatever state it is in."""
    try:
        data = parse(path / MANIFEST).data
    except ConfigError as error:
        return Neighbour(path, problem=_first(error, path))
    try:
        return Neighbour(path, data, load_manifest(path / MANIFEST))
    except ConfigError as error:
        return Neighbour(path, data, problem=_first(error, path))


def repositories(folder: Path) -> list[Neighbour]:
    """Return the repositories directly below a folder that have a manifest.yaml, by name.

    Raises:
        ConfigError: When the folder cannot be read.
    """
    return [read(path) for path in folders(folder) if _has(path, MANIFEST)]


def folders(folder: Path) -> list[Path]:
    """Return the folders directly below a folder, by name, hidden ones left out.

    Raises:
        ConfigError: When it cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir())
    except OSError as error:
        raise ConfigError([f"{folder}: {error.strerror or error}; name a folder with clones of repositories"]) from None


def platform_of(root: Path, given: Path | None = None) -> Path | None:
    """Return the platform repository that a repository belongs to, where it is at hand.

    It is searched for beside the repository and nowhere else: a folder with the same parent whose manifest says
    `kind: Platform`. Where there are several, it is the one of the same `metadata.githubOrg`.

    Args:
        root: The repository.
        given: Where the platform repository is, when the user has said so.

    Raises:
        ConfigError: When what was given is no platform repository, or several are equally near.
    """
    if given is not None:
        if _says_platform(given):
            return given
        raise ConfigError([f"--platform {given}: has no {MANIFEST} with kind: {PLATFORM}; name a clone of it"])
    if _says_platform(root):
        return root
    try:
        found = [path for path in folders(root.parent) if _says_platform(path)]
    except ConfigError:
        return None
    if len(found) > 1:
        organisation = read(root).text("githubOrg")
        found = [path for path in found if read(path).text("githubOrg") == organisation]
    if len(found) > 1:
        which = ", ".join(str(path) for path in found)
        raise ConfigError([f"several platform repositories are beside this one ({which}); name one: --platform PATH"])
    return found[0] if found else None


def _says_platform(path: Path) -> bool:
    """Return whether a folder's manifest names the kind, without checking anything else of it."""
    try:
        lines = (path / MANIFEST).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds = (line.partition(":")[2].partition("#")[0] for line in lines if line.startswith("kind:"))
    return next(kinds, "").strip().strip("'\"") == PLATFORM


def _has(path: Path, name: str) -> bool:
    try:
        return (path / name).is_file()
    except OSError:
        return False


def _first(error: ConfigError, path: Path) -> str:
    """Return the first problem of a file, with the file as its own repository names it."""
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    return error.problems[0].replace(f"{path}/", "") + more
