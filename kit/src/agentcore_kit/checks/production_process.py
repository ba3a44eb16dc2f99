"""Run as a script by production_imports.py: imports modules in a process that has what production has, and no more.

It reads a `Work` as JSON from standard input and writes a list of `Finding` to standard output. It imports nothing but
the standard library itself, as whatever it has imported would be there for the modules as well.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TypedDict


class Import(TypedDict):
    """An import that stands in a file."""

    file: str
    line: int
    module: str
    name: str
    """What is taken from the module, which may be a module itself; empty where it is the module."""


class Work(TypedDict):
    """What to import."""

    source: str
    """The absolute path of the folder that is in the image: `src`."""
    modules: list[str]
    imports: list[Import]
    absent: dict[str, str]
    """The distribution of each file that production does not have, by the file's real path."""


class Finding(TypedDict):
    """A module that production does not have."""

    file: str
    """Where the import stands; the name of the imported module where no line of the repository asked for it."""
    line: int
    """0 where no line of the repository asked for it."""
    module: str
    distribution: str
    """Whose the module is; empty where nothing that is installed has it."""


class Absent(ModuleNotFoundError):
    """A module is installed here, and is not in production."""

    def __init__(self, module: str, distribution: str) -> None:
        super().__init__(f"No module named {module!r}", name=module)
        self.distribution = distribution


class Production:
    """Finds modules as the other finders do, but for those of distributions that production does not have."""

    def __init__(self, absent: dict[str, str]) -> None:
        self.absent = absent

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is. Raises Absent where it is in a file that production does not have."""
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec and spec.origin and (distribution := self.absent.get(_real(spec.origin))):
            raise Absent(fullname, distribution)
        return spec


def findings(work: Work) -> Iterator[Finding]:
    """Import everything, and yield what is missing."""
    sys.meta_path.insert(0, Production(work["absent"]))
    for module in work["modules"]:
        if error := _failed(module):
            yield _finding(error, *(_last_own_line(error, work["source"]) or (module, 0)))
    for each in work["imports"]:
        if error := _failed(each["module"], each["name"]):
            yield _finding(error, *(_last_own_line(error, work["source"]) or (each["file"], each["line"])))


def _last_own_line(error: BaseException, source: str) -> tuple[str, int] | None:
    """Return file and line of the repository that an import failed at; None where it was this process that asked."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _real(frame.filename).startswith(source + os.sep)]
    return (own[-1].filename, own[-1].lineno or 0) if own else None


def _failed(module: str, name: str = "") -> ImportError | None:
    """Import a module, and return what it lacks; None where it lacks nothing, or fails for another reason."""
    try:
        found = importlib.import_module(module)
        if name not in ("", "*") and not hasattr(found, name) and hasattr(found, "__path__"):
            importlib.import_module(f"{module}.{name}")
    except Exception as error:  # what else goes wrong, the tests see: they import the same
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ImportError):
            cause = cause.__cause__ or cause.__context__
        return cause
    return None


def _finding(error: ImportError, file: str, line: int) -> Finding:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Absent):
        cause = cause.__cause__ or cause.__context__
    missing = cause or error
    return {
        "file": file,
        "line": line,
        "module": missing.name or str(missing),
        "distribution": getattr(missing, "distribution", ""),
    }


def _real(path: str) -> str:
    folder, name = os.path.split(path)
    return str(Path(os.path.realpath(folder), name))


def main() -> None:
    """Import what standard input says; what the modules print goes to standard error."""
    result, sys.stdout = sys.stdout, sys.stderr
    found = list(findings(json.load(sys.stdin)))
    json.dump(found, result)
    result.flush()
    os._exit(0)  # a thread that a module has started must not keep this process


if __name__ == "__main__":
    main()
