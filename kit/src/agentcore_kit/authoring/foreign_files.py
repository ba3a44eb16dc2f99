"""Which files `kit adopt` copies of a folder: what an agent may need of it, and nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

MOST_FILES, MOST_BYTES = 300, 20_000_000
"""What is copied at most, files and folders: more is a folder with more in it than an agent."""

AGAIN = "then type the same again"
OWN_FOLDER = f"put the agent's files into a folder of their own, {AGAIN} with that"

_CACHES = {"__pycache__", "node_modules", "venv"}
_PROJECT_CODE = re.compile(r"tests|conftest\.py|setup\.py|test_.*\.py", re.IGNORECASE)
_PROJECT_FILES = re.compile(
    r"readme|license|changelog|makefile|dockerfile|setup\.cfg|pyproject\.toml|requirements|uv\.lock|poetry\.lock",
    re.IGNORECASE,
)


class ForeignFiles:
    """The files that are copied: without caches, hidden files, environments, links to elsewhere, and what is no file.

    Attributes:
        base: The folder that stands for `src/`.
        files: Where the files are, by their paths relative to `base`.
        project: Code of `base` that is a project's, and not the agent's, unless that imports it: by its module's name.
        left_out: What else of the folder is not copied.
    """

    def __init__(self, base: Path) -> None:
        """Begin with nothing. Args: base: As the attribute."""
        self.base = base
        self.files, self.project, self.left_out = dict[str, Path](), dict[str, Path](), list[str]()
        self._links, self._seen, self._bytes = list[Path](), 0, 0

    def take_project(self, given: Path) -> None:
        """Take what is in `base`, but for a project's own files and code.

        Args:
            given: A file that is taken whatever it is called.
        """
        for path in sorted(self.base.iterdir()):
            is_code = path.suffix == ".py" or path.is_dir()
            if path != given and is_code and _PROJECT_CODE.fullmatch(path.name):
                self.project[path.stem] = path
            elif not is_code and _PROJECT_FILES.match(path.name):
                self._leave(path)
            else:
                self._take_one(path)

    def take(self, path: Path) -> None:
        """Take a file, or a folder with what is in it.

        Args:
            path: Where it is, below `base`.

        Raises:
            CommandError: When there is more than an agent has.
        """
        self._seen += 1
        if path.is_symlink():
            self._links.append(path)
        elif path.is_dir():
            for one in sorted(path.iterdir()):
                self._take_one(one)
        elif path.is_file():
            self._bytes += path.stat().st_size
            self.files[self._name(path)] = path
        else:
            self._leave(path)
        if self._seen > MOST_FILES or self._bytes > MOST_BYTES:
            what = f"{self.base} has more than {MOST_FILES} files and folders, or {MOST_BYTES // 1_000_000} MB"
            raise CommandError(what, OWN_FOLDER, WRONG_INPUT)

    def take_links(self) -> None:
        """Take the symbolic links that lead to a file which is taken itself."""
        taken = {*self.files.values()}
        for link in self._links:
            if link.resolve() in taken:
                self.files[self._name(link)] = link
            else:
                self._leave(link)
        self._links = []

    def _take_one(self, path: Path) -> None:
        if path.name.startswith(".") or (path / "pyvenv.cfg").exists():
            self._leave(path)
        elif path.name not in _CACHES and not path.name.endswith((".pyc", ".egg-info")):
            self.take(path)

    def _leave(self, path: Path) -> None:
        self.left_out.append(self._name(path))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.base).as_posix()
