"""Signatures and docstrings of names in the kit, read from its source without importing the modules."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import agentcore_kit


@dataclass(frozen=True)
class Definition:
    """What the source says of one name.

    Attributes:
        signature: How it is called: `create_app(build_agent: str) -> AgentApp`, `Failure(code: int)`, `STATE`.
        documentation: Its docstring, or the text that stands below an assignment.
        methods: Of a class, the public methods and properties that it defines itself.
    """

    signature: str
    documentation: str
    methods: tuple[Definition, ...] = ()


def definitions(module: str, names: Sequence[str] = ()) -> dict[str, Definition]:
    """Return what the source says of public names of a module, by name.

    Args:
        module: The module's full name; a name that it only imports is followed to where it is defined.
        names: The names; none for all that the module itself defines, without an underscore and with documentation.

    Raises:
        LookupError: When a name is not there, or has no documentation.
    """
    here = {name: found for name, found in _defined(module) if not name.startswith("_")}
    wanted = names or [name for name, found in here.items() if found.documentation]
    result = {name: here.get(name) or _imported(module, name) for name in wanted}
    if undocumented := [name for name, found in result.items() if not found.documentation]:
        raise LookupError(f"{module}: {', '.join(undocumented)} has no documentation")
    return result


def _imported(module: str, name: str) -> Definition:
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and node.module and name in [each.name for each in node.names]:
            return definitions(node.module, [name])[name]
    raise LookupError(f"{module} has no {name}")


@cache
def _tree(module: str) -> ast.Module:
    path = Path(agentcore_kit.__file__).parent.joinpath(*module.split(".")[1:])
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return ast.parse(file.read_text(encoding="utf-8"))
    raise LookupError(f"there is no module {module}")


def _defined(module: str) -> Iterator[tuple[str, Definition]]:
    body = _tree(module).body
    for number, node in enumerate(body):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, _function(node, node.name)
            case ast.ClassDef():
                yield node.name, _class(node)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, Definition(name, _text_below(body[number + 1 : number + 2]))


def _text_below(following: list[ast.stmt]) -> str:
    match following:
        case [ast.Expr(value=ast.Constant(value=str(text)))]:
            return inspect.cleandoc(text)
    return ""


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, shown: str) -> Definition:
    """Return a function, or a method without its `self`."""
    arguments = _without_self(ast.unparse(node.args))
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    before = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    return Definition(f"{before}{shown}({arguments}){returns}", ast.get_docstring(node) or "")


def _class(node: ast.ClassDef) -> Definition:
    functions = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    public = [each for each in functions if not each.name.startswith("_") and ast.get_docstring(each)]
    methods = []
    for each in public:
        found = _function(each, f"{node.name}.{each.name}")
        if any(ast.unparse(one) in ("property", "cached_property") for one in each.decorator_list):
            found = Definition(f"{node.name}.{each.name}", found.documentation)
        methods.append(found)
    made_with = _construction(node, functions)
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    signature = f"class {node.name}({bases})" if made_with is None else f"{node.name}({made_with})"
    return Definition(signature, ast.get_docstring(node) or "", tuple(methods))


def _construction(node: ast.ClassDef, functions: list[ast.FunctionDef | ast.AsyncFunctionDef]) -> str | None:
    """Return what a class is made with: the arguments of its constructor, or its fields; None where a base says it."""
    for each in functions:
        if each.name == "__init__":
            return _without_self(ast.unparse(each.args))
    if any("dataclass" in ast.unparse(one) for one in node.decorator_list) or "TypedDict" in map(
        ast.unparse, node.bases
    ):
        fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
        return ", ".join(ast.unparse(each) for each in fields if "ClassVar" not in ast.unparse(each.annotation))
    return None


def _without_self(arguments: str) -> str:
    first, _, others = arguments.partition(", ")
    return others if first in ("self", "cls") else arguments
