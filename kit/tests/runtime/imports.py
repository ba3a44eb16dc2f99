"""What the kit's modules import, read from their source: at their top, within functions, and by import string."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import agentcore_kit

KIT = Path(agentcore_kit.__file__).parent
ROOTS = {
    "Agent": ("agentcore_kit.serving.app", "agentcore_kit.config.agent"),
    "Tool": ("agentcore_kit.mcp_server.app", "agentcore_kit.mcp_server.aws_lambda", "agentcore_kit.config.tool"),
}
"""What an image of each kind loads of the kit."""


@cache
def modules() -> dict[str, Path]:
    """Return all modules of the kit with their files."""
    found = {}
    for path in KIT.rglob("*.py"):
        parts = path.relative_to(KIT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(path: Path, *, at_import_only: bool = False) -> frozenset[str]:
    """Return what a module imports, by full names; what is for type checkers alone is left out.

    Args:
        path: Its file.
        at_import_only: Whether imports within functions are left out too.
    """
    return frozenset(_imports(ast.parse(path.read_text(encoding="utf-8")), at_import_only))


def _imports(node: ast.AST, at_import_only: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if at_import_only and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "absolute imports only"
            for alias in child.names:
                inner = f"{child.module}.{alias.name}"
                yield inner if inner in modules() else str(child.module)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            if string := re.fullmatch(r"(agentcore_kit[\w.]+):\w+", child.value):
                yield string[1]
        else:
            yield from _imports(child, at_import_only)


def loaded(root: str) -> set[str]:
    """Return all modules of the kit that a module may load, itself included."""
    known, found, waiting = modules(), set(), [root]
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found.add(name)
            waiting += [name.rpartition(".")[0], *imports(known[name])]
    return found


def loaded_by_production(kind: str) -> set[str]:
    """Return all modules of the kit that the image of a kind may load."""
    return set[str]().union(*map(loaded, ROOTS[kind]))


def imported_by_production(kind: str) -> set[str]:
    """Return the top-level modules of other packages that the kit may import in the image of a kind."""
    names = set[str]().union(*(imports(modules()[name]) for name in loaded_by_production(kind)))
    tops = {name.partition(".")[0] for name in names} - {"agentcore_kit", *sys.stdlib_module_names}
    # `opentelemetry` is a folder that many distributions share.
    return {name for name in tops if (spec := find_spec(name)) and spec.origin}
