"""Changes a Python file as a person does: an import and an item of a list, placed by the parser's positions."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Mapping

from agentcore_kit.authoring.changes import Changes, not_placed

LONGEST_LINE = 120
_LINE = re.compile(r"\r\n|\r|\n")


def add_to_list(changes: Changes, name: str, variable: str, module: str, item: str) -> None:
    """Import a name and put it at the end of a list that stands at a module's top level; do nothing where it is on it.

    Args:
        changes: The repository's files.
        name: The file, for example `src/agent/tools.py`.
        variable: The list, for example `TOOLS`.
        module: Where the item comes from, for example `agent.exchange_rate`.
        item: Its name there.

    Raises:
        CommandError: When the file is no Python, has no such list, or the name means something else in it.
    """
    text = changes.text(name)
    tree = _parsed(name, text)
    found = _list(name, tree, variable, f"{item} from {module}")
    if any(isinstance(one, ast.Name) and one.id == item for one in found.elts):
        return
    if taken := _binding(tree, item):
        step = f"rename it there, or add {item} of {module} to {variable} yourself"
        raise not_placed(name, taken, f"{item} means something else here", step)
    text = _with_item(text, found, item)
    text = _with_import(text, f"from {module} import {item}")
    wanted = [ast.dump(one) for one in found.elts]
    if [ast.dump(one) for one in _list(name, _parsed(name, text), variable, item).elts[:-1]] != wanted:
        what = f"{variable} is written in a way that {item} cannot be added to safely"
        raise not_placed(name, found.lineno, what, f"import {item} of {module} and add it to {variable} yourself")
    changes.set(name, _sorted(changes, name, text))


def add_code(changes: Changes, name: str, symbol: str, code: str, imports: Mapping[str, str]) -> None:
    """Put code at the end of a module with what it imports; do nothing where the module has its function already.

    Args:
        changes: The repository's files.
        name: The file, for example `src/tool/tools.py`.
        symbol: The function in the code.
        code: What is added.
        imports: The names that the code imports, each with the module that it is from.

    Raises:
        CommandError: When the file is no Python, or a name means something else in it.
    """
    text = changes.text(name)
    tree = _parsed(name, text)
    new = [getattr(node, "name", "") for node in ast.parse(code).body]
    if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == symbol for node in tree.body):
        return
    for item, module in [*((one, "") for one in new), *imports.items()]:
        line = _binding(tree, item)
        if line and _imported(tree, item) != module:
            raise not_placed(
                name, line, f"{item} means something else here", f"rename it there, or write {symbol} yourself"
            )
        if module and not line:
            text = _with_import(text, f"from {module} import {item}")
    text = f"{text.rstrip()}\n\n\n{code}"
    changes.set(name, _sorted(changes, name, text))


def _imported(tree: ast.Module, item: str) -> str:
    """Return the module that a name is imported from; `-` when it has another meaning or none."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any((one.asname or one.name) == item for one in node.names):
            return node.module or "-"
    return "-"


def _parsed(name: str, text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        step = "correct that line, then type the same again"
        raise not_placed(name, error.lineno or 1, f"is no Python: {error.msg}", step) from None


def _list(name: str, tree: ast.Module, variable: str, item: str) -> ast.List:
    step = f"write {variable} = […] at the top level again, or add {item} where your tools are listed"
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
            value = getattr(statement, "value", None)
            if isinstance(value, ast.List):
                return value
            raise not_placed(
                name, statement.lineno, f"no place for {item}, as {variable} is no list that is written out", step
            )
    raise not_placed(name, 1, f"no place for {item}, as there is no list {variable} at the top level", step)


def _binding(tree: ast.Module, item: str) -> int:
    """Return the line in which a module gives a name a meaning; 0 when it has none."""
    for node in tree.body:
        names = [getattr(node, "name", "")]
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign):
            names = [one.id for one in node.targets if isinstance(one, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        if item in names:
            return node.lineno
    return 0


def _with_item(text: str, found: ast.List, item: str) -> str:
    opening = _offset(text, found.lineno, found.col_offset) + 1
    closing = _offset(text, found.end_lineno or 0, found.end_col_offset or 0) - 1
    if not found.elts:
        inner = text[opening:closing].rstrip()
        added = f"{inner}\n    {item},\n" if inner else item  # what is said in an empty list stays
        return text[:opening] + added + text[closing:]
    last = found.elts[-1]
    end = _offset(text, last.end_lineno or 0, last.end_col_offset or 0)
    if "\n" in text[end:closing]:  # over several lines: a line more, indented as the last item
        start = _offset(text, last.lineno, 0)
        indent = re.match(r"[ \t]*", text[start:])
        comma = text.find(",", end, closing) if "," in re.sub(r"#.*", "", text[end:closing]) else -1
        after = comma + 1 if comma >= 0 else end
        mark = text[:end] + ("" if comma >= 0 else ",") + text[end:after]
        rest = text[after:].partition("\n")  # what is said behind the last item stays behind it
        return f"{mark}{rest[0]}\n{indent[0] if indent else ''}{item},\n{rest[2]}"
    line = text[_offset(text, found.end_lineno or 0, 0) : closing]
    if len(line) + len(f", {item}]") <= LONGEST_LINE:
        return f"{text[:end]}, {item}{text[end:]}"
    if found.lineno != found.end_lineno:
        return f"{text[:end]},\n    {item}{text[end:]}"
    items = [ast.get_source_segment(text, one) or "" for one in found.elts]
    return text[:opening] + "".join(f"\n    {one}," for one in [*items, item]) + "\n" + text[closing:]


def _with_import(text: str, line: str) -> str:
    """Return the text with an import after its last one at the top level, or after what comes before any code."""
    body = ast.parse(text).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    docstring = [node for node in body[:1] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    after = (imports or docstring)[-1:]
    if not after:
        return f"{line}\n{text}"
    end = _offset(text, (after[0].end_lineno or 0) + 1, 0)
    return text[:end] + ("" if imports else "\n") + line + "\n" + text[end:]


def formatted(changes: Changes, name: str, text: str) -> str:
    """Return the text of a Python file as the repository's formatter has it.

    Args:
        changes: The repository's files.
        name: The file, which need not be there.
        text: Its text.
    """
    return _ruff(changes, text, "format", "--stdin-filename", name)


def _sorted(changes: Changes, name: str, text: str) -> str:
    """Return the text with its imports in the repository's order, if that was kept before; ruff knows it."""
    before, sort = changes.text(name), ("check", "--select", "I", "--fix", "--stdin-filename", name)
    return _ruff(changes, text, *sort) if _ruff(changes, before, *sort) == before else text


def _ruff(changes: Changes, text: str, *words: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "ruff", *words, "--quiet", "-"],
        cwd=changes.root, input=text.encode(), capture_output=True, check=False,
    )  # fmt: skip
    return done.stdout.decode() or text


def _offset(text: str, line: int, column: int) -> int:
    """Return where a position of the parser is: lines are counted from 1, columns in bytes of UTF-8."""
    starts = [0, *(found.end() for found in _LINE.finditer(text))]
    if line > len(starts):
        return len(text)
    start = starts[line - 1]
    row = text[start : starts[line] if line < len(starts) else len(text)]
    return start + len(row.encode()[:column].decode())
