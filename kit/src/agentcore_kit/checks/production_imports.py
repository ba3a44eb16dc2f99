"""Has production every package that the code in `src/` imports? `kit check` runs this module.

A package that only requirements-dev.txt has is there on the laptop and in the pipeline, so tests pass, and the server
does not start in the cloud. So every module in `src/` is imported in a process of its own, in which only modules can
be found that the distributions in requirements.txt have. The same is done with each import that stands in a function:
by `import`, or by `import_module` with a name as it stands.

Left out are imports for type checkers alone (`if TYPE_CHECKING`), and those whose failure the code expects
(`try … except ImportError`). What cannot be seen is a name that a function computes.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agentcore_kit.checks import production_process
from agentcore_kit.checks.production_process import Finding, Import, Work
from agentcore_kit.config.ejected import FOLDER
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import relative, repository_path
from agentcore_kit.config.served import ServedEnvironment
from agentcore_kit.runtime.secrets import set_variables

REQUIREMENTS = "requirements.txt"
_IMAGE = {
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_system": "Linux",
    "sys_platform": "linux",
}
"""Where the image runs, whatever this machine is."""

_LAYERS = ("config", "runtime", "serving", "mcp_server")
"""What of the kit is production's; a copy of another module of the kit in `src/ejected` is not loaded there."""

_EXPECTED = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def problems() -> Iterator[str]:
    """Yield what production lacks, one line each."""
    source = repository_path("src").resolve()
    files = dict(_modules(source))
    imports = [one for path in files.values() for one in _imports(path)]
    seen: set[tuple[str, str]] = set()
    for found in _run(
        {"source": str(source), "modules": [*files], "imports": imports, "absent": dict(_absent_files(pinned()))}
    ):
        if (found["file"], found["module"]) not in seen:
            seen.add((found["file"], found["module"]))
            yield _message(found)


def pinned() -> set[str]:
    """Return the distributions that requirements.txt has for the image, by their normalised names."""
    text = repository_path(REQUIREMENTS).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition(" --hash")[0].partition("#")[0].strip() for line in text.splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("-")]
    where: dict[str, Any] = {**default_environment(), **_IMAGE}
    return {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate(where)}


def _absent_files(production: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the files of modules that are installed here and not in production, with their distributions."""
    kept: set[str] = set()
    others: list[tuple[str, str]] = []
    for distribution in distributions():
        name = distribution.metadata["Name"]
        paths = _module_files(distribution)
        if canonicalize_name(name) in production:
            kept.update(paths)
        else:
            others += [(path, name) for path in paths]
    yield from ((path, name) for path, name in others if path not in kept)


def _module_files(distribution: Distribution) -> list[str]:
    root = os.path.realpath(str(distribution.locate_file("")))
    suffixes = (".py", ".so", ".pyd")
    return [os.path.normpath(Path(root, file)) for file in distribution.files or () if file.name.endswith(suffixes)]


def _modules(source: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules of the repository that production may load, with their files."""
    ejected = repository_path(FOLDER).resolve()
    for path in sorted(source.rglob("*.py")):
        top = ejected if path.is_relative_to(ejected) else source
        parts = path.relative_to(top).with_suffix("").parts
        if top == ejected and (parts[0] != "agentcore_kit" or (parts[1:2] and parts[1] not in _LAYERS)):
            continue
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name and parts[-1] != "__main__":
            yield name, path


def _imports(path: Path) -> Iterator[Import]:
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:  # the linter says so
        return
    for line, module, name in imported(tree):
        if module.partition(".")[0] not in sys.stdlib_module_names:
            yield {"file": str(path), "line": line, "module": module, "name": name}


def imported(node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and name of each import that production needs, however deep; no relative ones.

    Args:
        node: What is looked through.
    """
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from _of_all(child.orelse)
            case ast.Try() if any(map(_expects_failure, child.handlers)):
                yield from _of_all([*child.handlers, *child.orelse, *child.finalbody])
            case ast.Import():
                yield from ((child.lineno, alias.name, "") for alias in child.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield from ((child.lineno, module, alias.name) for alias in child.names)
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name), args=[ast.Constant(str(module)), *_]) if (
                name in ("import_module", "__import__") and not module.startswith(".")
            ):
                yield child.lineno, module, ""
            case _:
                yield from imported(child)


def _of_all(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str, str]]:
    yield from imported(ast.Module([*nodes], []))  # type: ignore[list-item]


def _expects_failure(handler: ast.ExceptHandler) -> bool:
    caught = {one.id for one in ast.walk(handler.type) if isinstance(one, ast.Name)} if handler.type else _EXPECTED
    return bool(caught & _EXPECTED)


def _run(work: Work) -> list[Finding]:
    """Import in a process with nothing but `src/` and the installed packages, and with the environment's variables."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", production_process.__file__],
        input=json.dumps(work), env=os.environ | {"PYTHONPATH": work["source"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"the modules in src/ could not be imported to check them:\n{done.stderr[-2000:]}")
    found: list[Finding] = json.loads(done.stdout)
    return found


def _message(found: Finding) -> str:
    where = f"{relative(Path(found['file']))}:{found['line']}" if found["line"] else found["file"]
    package = found["module"].partition(".")[0]
    if found["distribution"]:
        return (
            f"{where}: imports {found['module']}, of package {found['distribution']}, which {REQUIREMENTS} does not "
            f"have: the server would not start in the cloud, or fail there. Add {found['distribution']} to "
            "dependencies in pyproject.toml, then: make lock setup; or keep what needs it out of src/"
        )
    if repository_path(package).is_dir():
        return f"{where}: imports {found['module']}, and of this repository only src/ is in the image: move it there"
    return (
        f"{where}: imports {found['module']}, which is not installed. Add the package that has it to dependencies in "
        "pyproject.toml, then: make lock setup"
    )


def main() -> int:
    """Print what is wrong, and return the exit code: 0 when nothing is, else 2."""
    try:
        environment = read_environment("local", load_manifest())
    except ConfigError:  # the check of the manifest says what is wrong
        return 0
    if isinstance(environment, ServedEnvironment):  # code may read its variables when it is imported
        set_variables(environment.model_copy(update={"secrets": {}}))
    found = list(problems())
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
