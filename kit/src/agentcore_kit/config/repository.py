"""Where the repository is that a command or a server works for."""

from __future__ import annotations

from pathlib import Path

MANIFEST = "manifest.yaml"
"""The file that every repository has at its top."""

LOCAL = ".local"
"""The folder, ignored by git, for what runs on this machine leave: conversations, traces, reports."""


def repository_root() -> Path:
    """Return the nearest folder with a manifest.yaml, from the working directory upwards; else the working directory.

    In an image that is the folder that the server is started in.
    """
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / MANIFEST).is_file()), here)


def repository_path(*parts: str) -> Path:
    """Return a path of the repository by its parts, for example `repository_path("evals", "dataset.jsonl")`."""
    return repository_root().joinpath(*parts)


def relative(path: Path) -> str:
    """Return a path as messages show it: relative to the repository where it is in it."""
    root = repository_root()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
