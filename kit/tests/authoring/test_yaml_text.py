"""A change of a YAML file: a few characters at the right place, every other one as it was, or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.authoring.changes import Changes
from agentcore_kit.authoring.yaml_text import YamlFile
from agentcore_kit.delivery.errors import CommandError

LISTS = {
    "empty": ("a: []  # why\n", "a: [new]  # why\n"),
    "flow": ("a: [b, 'c'] # why\nz: 1\n", "a: [b, 'c', new] # why\nz: 1\n"),
    "flow over lines": ("a: [\n  b, # why\n  c # too\n]\n", "a: [\n  b, # why\n  c, new # too\n]\n"),
    "block": ("a:\n  - b # why\n\n# of z\nz: 1\n", "a:\n  - b # why\n  - new\n\n# of z\nz: 1\n"),
    "block, not indented": ("a:\n- b\nz: 1\n", "a:\n- b\n- new\nz: 1\n"),
    "null": ("a: null # why\n", "a: [new] # why\n"),
    "nothing": ("a: # why\nz: 1\n", "a: [new] # why\nz: 1\n"),
    "missing": ("z: 1 # why\n# the end\n", "z: 1 # why\n\na: [new]\n# the end\n"),
    "no line end": ("a:\n  - b", "a:\n  - b\n  - new\n"),
    "carriage returns": ("a:\r\n  - b\r\nz: 1\r\n", "a:\r\n  - b\r\n  - new\r\nz: 1\r\n"),
    "byte order mark": ("\ufeffa: [b]\n", "\ufeffa: [b, new]\n"),
    "other scripts": ("# ŻÓŁĆ 🙂\na: [ä] # ö\n", "# ŻÓŁĆ 🙂\na: [ä, new] # ö\n"),
}


def yaml_file(folder: Path, text: str) -> YamlFile:
    """Return a file of a repository that has nothing else."""
    (folder / "one.yaml").write_bytes(text.encode())
    return YamlFile(Changes(folder), "one.yaml")


@pytest.mark.parametrize(("before", "after"), LISTS.values(), ids=LISTS)
def test_a_text_is_put_at_the_end_of_a_list_and_nothing_else_changes(tmp_path: Path, before: str, after: str) -> None:
    file = yaml_file(tmp_path, before)
    file.append(("a",), "new")
    assert file.text == after
    file.append(("a",), "new")
    assert file.text == after, "again: nothing"


def test_a_field_is_put_where_its_group_ends(tmp_path: Path) -> None:
    before = "spec:\n  x: |\n    - text\n\n  # of y\n  y: {a: 1} # why\n\n# of z\nz: 1\n"
    file = yaml_file(tmp_path, before)
    file.put(("spec", "y", "b"), "two")
    file.put(("spec", "new", "deep"), "3")
    wanted = "spec:\n  x: |\n    - text\n\n  # of y\n  y: {a: 1, b: two} # why\n  new:\n    deep: '3'\n\n# of z\nz: 1\n"
    assert file.text == wanted


def test_a_field_with_another_value_is_not_changed(tmp_path: Path) -> None:
    file = yaml_file(tmp_path, "a: 1\nb:\n  c: old\n")
    with pytest.raises(CommandError, match=r"^one\.yaml:3: b\.c is 'old' already") as refused:
        file.put(("b", "c"), "new")
    assert (refused.value.code, file.text) == (2, "a: 1\nb:\n  c: old\n")


NO_PLACE = {
    "text in place of a list": ("a: 1\nb: text\n", 2, "is no list"),
    "no yaml": ("a: 1\nb: [\n", 3, "is no YAML"),
    "no fields": ("- a\n", 1, "has no fields"),
    "stands twice": ("b: [x]\nb: [y]\n", 2, "cannot be added to safely"),
    "an alias": ("a: &name [x]\nb: *name\n", 1, "cannot be added to safely"),
}


@pytest.mark.parametrize(("text", "line", "why"), NO_PLACE.values(), ids=NO_PLACE)
def test_what_cannot_be_placed_is_refused_with_its_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        yaml_file(tmp_path, text).append(("b",), "new")
    assert why in refused.value.message
    assert refused.value.message.startswith("one.yaml:")
    assert (tmp_path / "one.yaml").read_text() == text
