"""What did not end as a scene expects it: for people in a line, for whoever looks for the cause in a file."""

from __future__ import annotations

import ast
import traceback

from agentcore_kit.config.repository import LOCAL, repository_path


def failure(error: Exception) -> str:
    """Write the stack to a file, and return what was expected and what was.

    Args:
        error: What a scene was left by: an assertion that is not so, or any other error.
    """
    file = repository_path(LOCAL, "rehearsal.log")
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        traceback.print_exception(error, file=log)
    said = str(error)
    if not isinstance(error, AssertionError):
        said = f"{type(error).__name__}: {said}"
    return f"{said}{_condition(error)} (the stack: {LOCAL}/{file.name})"


def _condition(error: Exception) -> str:
    """Return the condition of an assertion with the values of its names; nothing where it is no comparison of names."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if not isinstance(error, AssertionError) or not frames:
        return ""
    frame, _ = frames[-1]
    line = traceback.extract_tb(error.__traceback__)[-1].line or ""
    try:
        found = ast.parse(line).body[0]
    except (SyntaxError, IndexError):
        return ""
    if not isinstance(found, ast.Assert):
        return ""
    known = {node.id for node in ast.walk(found.test) if isinstance(node, ast.Name)} & frame.f_locals.keys()
    was = ", ".join(f"{name} was {frame.f_locals[name]!r}" for name in sorted(known - {"it"}))
    return f"; expected: {ast.unparse(found.test)}{f'; {was}' if was else ''}"
