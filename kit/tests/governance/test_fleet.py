"""`kit fleet`: a row for each repository, whatever state it is in."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.governance.fleet import fleet
from tests.governance.conftest import declare, git, use_case

HOSTILE = "<script>alert(1)</script>\"'>&"


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def rows(capsys: pytest.CaptureFixture[str], *places: Path, **options: Any) -> dict[str, dict[str, Any]]:
    """Return what `kit fleet --json` says, by the names of the folders."""
    fleet([*places] or None, as_json=True, **options)
    return {Path(one["path"]).name: one for one in json.loads(capsys.readouterr().out)["repositories"]}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a template with three releases."""
    folder = tmp_path / "template"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for tag in ("0.9.0", "0.10.0", "0.11.0"):
        git(folder, "commit", "--quiet", "--allow-empty", "--message", tag)
        git(folder, "tag", tag)
    git(folder, "tag", "nightly")
    return folder


def made_from(repository: Path, template: str, release: str | None) -> None:
    """Let a repository say which template and release it was made from."""
    state: dict[str, object] = {"template": template, "checkout": release, "commit": "c" * 40, "context": {}}
    (repository / ".cruft.json").write_text(json.dumps(state), encoding="utf-8")


def evaluated(repository: Path, passed: bool, started: str) -> None:
    """Let a repository have a finished evaluation."""
    folder = repository / "evals" / "results" / started[:10]
    folder.mkdir(parents=True)
    report = {
        "run": {"started": started, "environment": "local"},
        "finished": True,
        "verdict": "passed" if passed else "failed",
        "headline": "9 of 10 right",
        "total": {"cases": 10, "passed": 9},
    }
    (folder / "results.json").write_text(json.dumps(report), encoding="utf-8")


def test_every_kind_has_a_row_with_what_it_is_made_of(
    clones: Path, template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_from(clones / "example-agent", str(template), "0.9.0")
    made_from(clones / "example-tool", str(template), "0.11.0")
    made_from(clones / "example-memory", "../../template", "0.10.0")
    evaluated(clones / "example-agent", False, "2026-03-01T08:00:00+00:00")
    evaluated(clones / "example-agent", True, "2026-05-01T08:00:00+00:00")
    found = rows(capsys)  # the folder above, as nothing is named
    assert {name: one["kind"] for name, one in found.items()} == {
        "example-agent": "Agent",
        "example-memory": "Memory",
        "example-platform": "Platform",
        "example-tool": "Tool",
    }
    assert {name: (one["template"], one["behind"]) for name, one in found.items()} == {
        "example-agent": ("0.9.0", 2),
        "example-memory": ("0.10.0", 1),
        "example-platform": ("unknown", None),
        "example-tool": ("0.11.0", 0),
    }
    agent = found["example-agent"]
    assert agent["model"].startswith("global.anthropic.")
    assert agent["gate"] == "passed 2026-05-01 (local)"
    assert all(one["kit"] not in ("", "unknown") and not one["problem"] for one in found.values())


def test_what_ends_soon_or_has_ended_is_due(clones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    end = datetime.now(UTC).date() + timedelta(days=30)
    tool = clones / "example-tool" / "manifest.yaml"
    ending = f"deprecation: {{removal: {end}, useInstead: other-tool}} #"
    tool.write_text(tool.read_text(encoding="utf-8").replace("deprecation: null #", ending), encoding="utf-8")
    declare(clones / "example-platform", "use-cases.yaml", "useCases", [use_case("UC-0042", expires="2026-01-31")])
    found = rows(capsys, clones)
    assert f"tools end {end}; use other-tool" in found["example-tool"]["due"]
    assert any("ended on 2026-01-31" in text for text in found["example-agent"]["due"])
    assert found["example-platform"]["due"] == []


def test_recorded_drift_is_shown(clones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = clones / "example-memory" / ".local" / "delivery" / "drift.md"
    record.parent.mkdir(parents=True)
    record.write_text("Memory m-1 in prod is not as this repository says:\n\n- x\n", encoding="utf-8")
    found = rows(capsys, clones)
    assert found["example-memory"]["drift"].startswith("Memory m-1 in prod is not as")
    assert found["example-agent"]["drift"] == "unknown"


def test_a_wrong_repository_is_a_row_that_says_so(clones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = {
        "no-yaml": "kind: [",
        "no-text": None,
        "a-list": "- kind: Agent",
        "odd-types": "kind: Agent\nmetadata: 5\nspec: {delivery: {production: 7}, deprecation: {removal: x}}",
        "of-the-future": "apiVersion: agentops/v9\nkind: Agent\nmetadata: {name: later, tags: 1}\nspec: {new: 1}",
        "another-kind": "kind: Spaceship\nmetadata: {name: ship}",
    }
    for name, text in broken.items():
        (clones / name).mkdir()
        manifest = clones / name / "manifest.yaml"
        manifest.write_bytes(b"\xff\xfe\x00" if text is None else text.encode())
    for name in ("not-ours", "half-written"):
        (clones / name).mkdir()
        git(clones / name, "init", "--quiet")
    (clones / "half-written" / ".cruft.json").write_text("[1", encoding="utf-8")
    (clones / "a-folder").mkdir()
    (clones / "example-tool" / ".cruft.json").write_text('["list"]', encoding="utf-8")
    (clones / "example-agent" / "environments" / "prod.yaml").write_text("model: 5", encoding="utf-8")
    (clones / "example-memory" / "requirements.txt").write_bytes(b"\xff\xfe")
    for number, report in enumerate(("5", '{"finished": true, "run": {"started": 1}, "total": 5, "verdict": []}')):
        folder = clones / "example-agent" / "evals" / "results" / str(number)
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(report, encoding="utf-8")
    found = rows(capsys, clones, clones / "nowhere")
    assert "a-folder" not in found
    assert not found["example-tool"]["problem"]
    assert found["example-agent"]["gate"] == "unknown"
    wrong = {*broken, "not-ours", "half-written", "nowhere", "example-memory"}
    assert {name for name, one in found.items() if one["problem"]} == wrong
    assert (found["of-the-future"]["kind"], found["of-the-future"]["name"]) == ("Agent", "later")
    assert found["example-agent"]["model"] == "unknown"
    assert all("\n" not in one["problem"] for one in found.values())


def test_a_folder_that_may_not_be_read_is_a_row(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    locked, read_text = clones / "example-agent", Path.read_text

    def refused(path: Path, *args: Any, **options: Any) -> str:
        if path.is_relative_to(locked):
            raise PermissionError(13, "Permission denied", str(path))
        return read_text(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", refused)
    found = rows(capsys, clones)
    assert "Permission denied" in found["example-agent"]["problem"]
    assert not found["example-tool"]["problem"]


def test_a_template_that_cannot_be_reached_or_would_start_a_program_leaves_the_distance_unknown(
    clones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trap = tmp_path / "started"
    for kind, address in (
        ("agent", f"ext::touch {trap}"),
        ("tool", f"--upload-pack=touch {trap}"),
        ("memory", "/none"),
    ):
        made_from(clones / f"example-{kind}", address, "0.9.0")
    found = rows(capsys, clones)
    assert {one["behind"] for one in found.values()} == {None}
    assert found["example-agent"]["template"] == "0.9.0"
    assert not trap.exists()


def test_a_template_that_is_unknown_is_told_why(clones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleet([clones])
    out = capsys.readouterr().out
    assert "template unknown, as there is no .cruft.json: " in out
    assert "cruft link" in out


def test_one_template_can_be_named_for_all(clones: Path, template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_from(clones / "example-agent", "https://unreachable.invalid/template", "0.10.0")
    assert rows(capsys, clones, template=str(template))["example-agent"]["behind"] == 1


def test_the_page_has_no_address_and_shows_hostile_texts_as_text(
    clones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = clones / "odd"
    odd.mkdir()
    (odd / "manifest.yaml").write_text(f"kind: Agent\nmetadata: {{owner: {json.dumps(HOSTILE)}}}", encoding="utf-8")
    page = tmp_path / "deep" / "fleet.html"
    fleet([clones], page=page)
    text = page.read_text(encoding="utf-8")
    read = Tags()
    read.feed(text)
    assert "script" not in {tag for tag, _ in read.tags}
    assert HOSTILE in "".join(read.said)
    assert "http:" not in text
    assert "https:" not in text
    assert "example-memory" in text
    assert "5 repositories" in capsys.readouterr().out


def test_a_page_that_cannot_be_written_is_told(clones: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("none", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"fleet\.html: cannot be written"):
        fleet([clones], page=tmp_path / "file" / "fleet.html")


def test_a_folder_without_repositories_is_named(tmp_path: Path, clones: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match="no repository is in this folder"):
        fleet([tmp_path / "empty"])


def test_github_is_asked_only_when_that_is_said(
    clones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    run = '[{"conclusion": "failure", "status": "completed", "createdAt": "2026-06-01T09:00:00Z"}]'
    gh.write_text(f"#!/bin/sh\ncase $PWD in */example-agent) echo '{run}';; *) exit 1;; esac\n", encoding="utf-8")
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{gh.parent}{os.pathsep}{os.environ['PATH']}")
    assert rows(capsys, clones)["example-agent"]["gate"] == "unknown"
    found = rows(capsys, clones, github=True)
    assert found["example-agent"]["gate"] == "failure 2026-06-01 (delivery)"
    assert found["example-tool"]["gate"] == "unknown"
