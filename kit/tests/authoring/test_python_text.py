"""A change of a Python file: an import and an item of a list, every other character as it was, or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.authoring.changes import Changes
from agentcore_kit.authoring.python_text import add_to_list
from agentcore_kit.delivery.errors import CommandError

HEAD = '"""Tools."""\n\nfrom agent.a import one\n'
LISTS = {
    "a line": ("TOOLS: list[object] = [one]  # why\n", "TOOLS: list[object] = [one, new]  # why\n"),
    "empty": ("TOOLS = []\n", "TOOLS = [new]\n"),
    "empty but for words": ("TOOLS = [\n    # yours\n]\n", "TOOLS = [\n    # yours\n    new,\n]\n"),
    "over lines": ("TOOLS = [\n    one,  # why, so\n]\n", "TOOLS = [\n    one,  # why, so\n    new,\n]\n"),
    "no comma": ("TOOLS = [\n    one  # why\n]\n", "TOOLS = [\n    one,  # why\n    new,\n]\n"),
    "calls": ("TOOLS = [*one(a=['x', 2])]\n", "TOOLS = [*one(a=['x', 2]), new]\n"),
    "other scripts": ("TOOLS = ['ŻÓŁĆ 🙂', one]  # ö\n", "TOOLS = ['ŻÓŁĆ 🙂', one, new]  # ö\n"),
    "a long line": (f"TOOLS = [one, {'x' * 101}]\n", f"TOOLS = [\n    one,\n    {'x' * 101},\n    new,\n]\n"),
}


def add(folder: Path, text: str) -> str:
    """Add `new` of `agent.b` to TOOLS; return the text."""
    (folder / "tools.py").write_bytes(text.encode())
    changes = Changes(folder)
    add_to_list(changes, "tools.py", "TOOLS", "agent.b", "new")
    return changes.text("tools.py")


@pytest.mark.parametrize(("before", "after"), LISTS.values(), ids=LISTS)
def test_an_item_is_put_at_the_end_and_imported(tmp_path: Path, before: str, after: str) -> None:
    found = add(tmp_path, f"{HEAD}\n{before}")
    assert found == f"{HEAD}from agent.b import new\n\n{after}"
    assert add(tmp_path, found) == found, "again: nothing"


def test_line_ends_stay(tmp_path: Path) -> None:
    found = add(tmp_path, f"{HEAD}\nTOOLS = [\n    one,\n]\n".replace("\n", "\r\n"))
    assert found == f"{HEAD}from agent.b import new\n\nTOOLS = [\n    one,\n    new,\n]\n".replace("\n", "\r\n")


NO_PLACE = {
    "no list": (f"{HEAD}\nx = 1\n", "tools.py:1: no place for new from agent.b, as there is no list TOOLS"),
    "made elsewhere": (f"{HEAD}\nTOOLS = one()\n", "tools.py:5: no place for new from agent.b, as TOOLS is no list"),
    "no Python": ("x = 1\nx y\n", "tools.py:2: is no Python"),
    "name taken": (f"{HEAD}from other import new\n\nTOOLS = [one]\n", "tools.py:4: new means something else here"),
}


@pytest.mark.parametrize(("text", "why"), NO_PLACE.values(), ids=NO_PLACE)
def test_what_cannot_be_placed_is_refused_with_its_line(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        add(tmp_path, text)
    assert refused.value.message.startswith(why)
    assert refused.value.code == 2
