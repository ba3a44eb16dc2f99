"""The code that `kit adopt` is given: which files of it are copied, and what its imports need. Nothing is imported."""

from __future__ import annotations

import ast
import keyword
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from agentcore_kit.checks.production_imports import imported, pinned
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

MOST_FILES, MOST_BYTES = 300, 20_000_000
"""What a folder may have: more is a folder with more in it than an agent."""

AGAIN = "then type the same again"

_CACHES = {"__pycache__", "node_modules", "venv"}
_OF_A_PROJECT = re.compile(
    r"(?:readme|license|changelog|makefile|dockerfile|conftest|test_|setup\.|pyproject\.toml|requirements|uv\.lock|"
    r"poetry\.lock)",
    re.IGNORECASE,
)
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "strands_tools": "strands-agents-tools",
    "yaml": "pyyaml",
}
"""What packages are called in an index whose modules are called otherwise; of packages that are often used."""


@dataclass(frozen=True)
class Module:
    """One Python file of the code.

    Attributes:
        name: As it will be imported, for example `weather.bot`.
        path: Where it is now.
        tree: What it says.
    """

    name: str
    path: Path
    tree: ast.Module


@dataclass(frozen=True)
class ForeignCode:
    """The code as it is found.

    Attributes:
        base: The folder that stands for `src/`.
        files: What is copied, relative to `base`, with its content.
        modules: The Python files, those of the path that was given first.
        left_out: What of the folder is not copied.
    """

    base: Path
    files: dict[str, bytes]
    modules: list[Module]
    left_out: list[str]

    def tops(self) -> list[str]:
        """Return the names that stand in `src/` afterwards: of folders and files."""
        return sorted({name.partition("/")[0] for name in self.files})

    def python_tops(self) -> list[str]:
        """Return those of `tops` that are Python files, or have some in them."""
        return sorted({name.partition("/")[0] for name in self.files if name.endswith(".py")})


def read(given: Path) -> ForeignCode:
    """Return the code that a path names.

    Args:
        given: A Python file, or a folder. Of a package the whole package is taken, however deep the file is in it; of a
            file in another folder, that folder.

    Raises:
        CommandError: When there is none, it is no Python, is too much, or has a name that cannot be imported.
    """
    path = given.expanduser().resolve()
    if not path.exists() or (path.is_file() and path.suffix != ".py"):
        raise CommandError(
            f"{given}: there is no such Python file or folder", "kit adopt ../my-agent/bot.py", WRONG_INPUT
        )
    if path.is_relative_to(repository_path().resolve()) or repository_path().resolve().is_relative_to(path):
        step = "give the folder where it was written, outside of this repository"
        raise CommandError(f"{given}: is in this repository, or this repository in it", step, WRONG_INPUT)
    top = path if path.is_dir() else path.parent
    is_package = (top / "__init__.py").is_file()
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    base = top.parent if is_package else top
    left_out: list[str] = []
    files = {one.relative_to(base).as_posix(): one for one in _walk(top, base, is_package, left_out)}
    if len(files) > MOST_FILES or sum(one.stat().st_size for one in files.values()) > MOST_BYTES:
        what = f"{top} has more than {MOST_FILES} files or {MOST_BYTES // 1_000_000} MB"
        raise CommandError(what, f"put the agent's files into a folder of their own, {AGAIN} with that", WRONG_INPUT)
    modules = [_module(name, one) for name, one in files.items() if one.suffix == ".py"]
    if not modules:
        raise CommandError(f"{given}: has no Python files", "give the file or the package with the agent", WRONG_INPUT)
    asked = [one for one in modules if one.path == path]
    contents = {name: one.read_bytes() for name, one in files.items()}
    return ForeignCode(base, contents, [*asked, *(one for one in modules if one not in asked)], left_out)


def _walk(top: Path, base: Path, is_package: bool, left_out: list[str]) -> Iterator[Path]:
    """Yield the files that are copied: without caches, hidden files, environments, and a project's own files."""
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        whole = is_package or here != top
        for name in sorted([*folders, *names]):
            path = here / name
            left = name.startswith(".") or (path / "pyvenv.cfg").exists()
            left = left or (not whole and (name == "tests" or _OF_A_PROJECT.match(name) is not None))
            if left:
                left_out.append(path.relative_to(base).as_posix())
            if left or name in _CACHES or name.endswith((".pyc", ".egg-info")):
                (folders if name in folders else names).remove(name)
        folders.sort()
        yield from (here / name for name in sorted(names))


def _module(name: str, path: Path) -> Module:
    dotted = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError as error:
        said = (error.text or "").strip()
        what = f"{path}:{error.lineno or 1}: is no Python: {error.msg}" + (f"\n  {said}" if said else "")
        raise CommandError(what, f"correct that line, {AGAIN}", WRONG_INPUT) from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path}:1: is no Python: {error}", f"correct that file, {AGAIN}", WRONG_INPUT) from None
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in dotted.split(".")):
        what = f"{path}: cannot be imported by that name"
        raise CommandError(what, f"rename it to letters, digits and underscores, {AGAIN}", WRONG_INPUT)
    return Module(dotted, path, tree)


def refuse_clashes(code: ForeignCode) -> None:
    """Raise CommandError when a name of the code is that of something else in the repository, Python or a package."""
    there = {path.name for path in repository_path("src").iterdir()} | {"agent", "ejected", "evals", "tests"}
    for top in code.tops():
        name = top.removesuffix(".py")
        if top in there or name in there:
            why = "is a name of this repository"
        elif name in sys.stdlib_module_names:
            why = "is a module of Python's"
        elif name in _installed():
            why = f"is a module of {_installed()[name][0]}, which is installed here"
        else:
            continue
        step = "rename it where it was written, or give a package: a folder of another name with an __init__.py"
        raise CommandError(
            f"{code.base / top}: {name} {why}, so src/{top} would clash", f"{step}; {AGAIN}", WRONG_INPUT
        )


@dataclass(frozen=True)
class Missing:
    """A package that the code imports and this repository's image does not have.

    Attributes:
        distribution: As an index calls it, as far as that is known.
        module: As the code imports it.
        where: The file and line that import it.
    """

    distribution: str
    module: str
    where: str


def missing_packages(code: ForeignCode) -> list[Missing]:
    """Return the packages that the code imports and requirements.txt does not have, each once."""
    own = {top.removesuffix(".py") for top in code.tops()}
    production, found = pinned(), dict[str, Missing]()
    for module in code.modules:
        beside = {path.stem for path in module.path.parent.iterdir()} if module.path.parent == code.base else set()
        for line, name, _ in imported(module.tree):
            top = name.partition(".")[0]
            if top in own | beside | {"agentcore_kit"} or top in sys.stdlib_module_names:
                continue
            distributions = {canonicalize_name(one) for one in _installed().get(top, ())}
            if not distributions & production:
                called = min(distributions, default=_DISTRIBUTIONS.get(top, top.replace("_", "-")))
                found.setdefault(called, Missing(called, top, f"{module.path}:{line}"))
    return list(found.values())


def refuse_missing(code: ForeignCode) -> None:
    """Raise CommandError with the line for pyproject.toml when packages are missing."""
    if missing := missing_packages(code):
        wanted = _wanted(code)
        names = ", ".join(f'"{wanted.get(one.distribution, one.distribution)}"' for one in missing)
        what = [f"{one.where}: imports {one.module}, which requirements.txt does not have" for one in missing]
        step = (
            f'add {names} to dependencies in pyproject.toml, beside "agentcore-kit[agent]…" (look up what the package '
            f"is called, if that is not its name), then: make lock setup; {AGAIN}"
        )
        raise CommandError("\n".join(what), step, WRONG_INPUT)


def _wanted(code: ForeignCode) -> dict[str, str]:
    """Return what a requirements.txt beside the code says of packages, for example `requests>=2.31`."""
    path = code.base / "requirements.txt"
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    said = [line.split("#")[0].split(";")[0].strip() for line in lines]
    names = ((re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line), line) for line in said if '"' not in line)
    return {canonicalize_name(name[0]): line for name, line in names if name}


@cache
def _installed() -> dict[str, list[str]]:
    return {**packages_distributions()}
