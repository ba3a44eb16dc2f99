"""The code that `kit adopt` is given: which files of it are copied, and what its imports need. Nothing is imported."""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from agentcore_kit.authoring.foreign_files import AGAIN, OWN_FOLDER, ForeignFiles
from agentcore_kit.checks.production_imports import imported, pinned
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

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
        asked: The module of the file that was given; None when that was a folder.
    """

    base: Path
    files: dict[str, bytes]
    modules: list[Module]
    left_out: list[str]
    asked: Module | None = None

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
    if not (path.is_dir() or (path.is_file() and path.suffix == ".py")):
        raise CommandError(
            f"{given}: there is no such Python file or folder", "kit adopt ../my-agent/bot.py", WRONG_INPUT
        )
    top = path if path.is_dir() else path.parent
    while top != top.parent and (top.parent / "__init__.py").is_file():
        top = top.parent
    repository = repository_path().resolve()
    if top.is_relative_to(repository) or repository.is_relative_to(top):
        what = f"{given}: {top}, which would be copied, is in this repository, or this repository in it"
        raise CommandError(what, OWN_FOLDER, WRONG_INPUT)
    try:
        found = ForeignFiles(top.parent if (top / "__init__.py").is_file() else top)
        modules = _taken(found, top, path)
        contents = {name: one.read_bytes() for name, one in sorted(found.files.items())}
    except OSError as error:
        step = f"let yourself read it, or take it out of the folder, {AGAIN}"
        raise CommandError(f"{error.filename}: {error.strerror}", step, WRONG_INPUT) from None
    asked = modules.get(path.relative_to(found.base).as_posix())
    if not modules or (asked is None and path.is_file()):
        what = f"{given}: is hidden or in an environment" if modules else f"{given}: has no Python files"
        raise CommandError(what, "give the file or the package with the agent", WRONG_INPUT)
    others = [modules[name] for name in contents if name in modules and modules[name] is not asked]
    left_out = sorted([*found.left_out, *(one.relative_to(found.base).as_posix() for one in found.project.values())])
    return ForeignCode(found.base, contents, [*([asked] if asked else []), *others], left_out, asked)


def _taken(found: ForeignFiles, top: Path, given: Path) -> dict[str, Module]:
    """Take the files, with those of a project's own that others import; return the modules, by their paths."""
    if top == found.base:
        found.take_project(given)
    else:
        found.take(top)
    modules = dict[str, Module]()
    while True:
        new = {name for name in found.files if name.endswith(".py")} - modules.keys()
        modules |= {name: _module(name, found.files[name]) for name in sorted(new)}
        wanted = [name for one in modules.values() for name in _imported_tops(one.tree) if name in found.project]
        if wanted:
            found.take(found.project.pop(wanted[0]))
        elif new:
            found.take_links()
        else:
            return modules


def _imported_tops(tree: ast.Module) -> Iterator[str]:
    """Yield the first names of what a module imports, also where it goes on without."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name.partition(".")[0] for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
    yield from (name.partition(".")[0] for _, name, _ in imported(tree))


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
        for line, name, _ in imported(module.tree):
            top = name.partition(".")[0]
            if top in own | {"agentcore_kit"} or top in sys.stdlib_module_names:
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
