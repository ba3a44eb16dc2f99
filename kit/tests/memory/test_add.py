"""`kit add env` in the repository of a memory, also where its files were changed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.authoring.typed import add, contents, lines_lost


def test_an_environment_like_one_that_is_there(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = repository / "manifest.yaml"
    listed = "spec:\n  # Two of them.\n  delivery: {production: [prod]} # the order\n"
    manifest.write_bytes(manifest.read_text().replace("spec:\n", listed).replace("\n", "\r\n").encode())
    before = contents(repository)
    typed = ["env", "prod-us", "--region", "us-east-1", "--account", "012345678901"]
    assert add(*typed) == 0, capsys.readouterr()
    after = contents(repository)
    assert lines_lost(before, after) == ["  delivery: {production: [prod]} # the order"]
    assert b"\r\n  delivery: {production: [prod, prod-us]} # the order\r\n" in after["manifest.yaml"]
    assert after["manifest.yaml"].count(b"\n") == after["manifest.yaml"].count(b"\r\n")
    made = yaml.safe_load(after["environments/prod-us.yaml"])
    assert (made["name"], made["region"], made["account"]) == ("prod-us", "us-east-1", "012345678901")
    assert add(*typed, yes=False) == 0
    assert contents(repository) == after


def test_a_manifest_that_was_changed_so_that_there_is_no_place(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = repository / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("spec:\n", "spec:\n  delivery: {production: &list [prod]}\n"))
    before = contents(repository)
    assert add("env", "prod-us") == 0, "an anchor is no reason"
    manifest.write_text(manifest.read_text() + "broken: [\n")
    before = contents(repository)
    assert add("env", "prod-eu", "--like", "prod") == 2
    assert "manifest.yaml:" in capsys.readouterr().err
    assert contents(repository) == before
