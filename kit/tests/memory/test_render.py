"""The template is made when it is deployed: of this commit, and of an earlier one exactly as it was."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

import agentcore_kit
from agentcore_kit.checks.commands import steps
from agentcore_kit.cli import main
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.memory import template
from agentcore_kit.delivery.memory.revision import template_at

CUSTOM = """    - type: custom
      name: mine
      description: Mine.
      namespaceTemplate: /mine/{actorId}/
      base: semantic
      model: m
      prompts: {extraction: prompts/mine.md}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with a commit, in which the tests are."""
    folder = tmp_path / "repository"
    ignored = shutil.ignore_patterns(".venv", ".local", ".git", "results", "__pycache__", ".*_cache")
    shutil.copytree(repository_root(), folder, ignore=ignored)
    monkeypatch.chdir(folder)
    git("init", "--quiet")
    committed("First")
    return folder


def git(*arguments: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *arguments], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607


def committed(text: str) -> str:
    """Make a commit of everything and return its id."""
    git("add", "--all")
    git("commit", "--quiet", "--message", text)
    return git("rev-parse", "HEAD")


def another_kit(folder: Path, description: str) -> None:
    """Let a repository pin another kit, whose templates have another description."""
    package, wheel = Path(agentcore_kit.__file__).parent, next((folder / "vendor").glob("*.whl"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in package.rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if path.name == "template.py":
                text = text.replace(
                    "An AgentCore Memory, who may do what with it, and where others find it", description
                )
            archive.writestr(path.relative_to(package.parent).as_posix(), text)
    pinned = f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
    path = folder / "requirements.txt"
    text = path.read_text(encoding="utf-8")
    head, name, rest = text.partition("agentcore-kit==")
    version, _, after = rest.partition(" \\\n")
    path.write_text(f"{head}{name}{version} \\\n    {pinned}\n{after.partition(chr(10))[2]}", encoding="utf-8")


def test_render_shows_what_is_deployed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["render"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines() == [
        ".local/infra/memory.yaml: written",
        ".local/configuration.md: written",
    ]
    rendered = (repository / ".local" / "infra" / "memory.yaml").read_text(encoding="utf-8")
    assert rendered == template.text(load_manifest().spec)
    assert "| assistant |" in (repository / ".local" / "configuration.md").read_text(encoding="utf-8")
    assert git("status", "--porcelain") == ""


def test_check_looks_at_the_template_too(repository: Path) -> None:
    commands = {step.name: step.command for step in steps()}
    rendered = str(repository / ".local" / "infra" / "memory.yaml")
    assert Path(rendered).is_file()
    assert rendered in commands["security"]
    assert rendered in commands["infrastructure"]


def test_an_earlier_commit_is_rendered_with_its_own_manifest_and_prompts(repository: Path) -> None:
    path, prompts = repository / "manifest.yaml", repository / "prompts"
    text = path.read_text(encoding="utf-8")
    prompts.mkdir()
    (prompts / "mine.md").write_text("Keep what is mine.\n", encoding="utf-8")
    path.write_text(text.replace("  strategies:\n", f"  strategies:\n{CUSTOM}"), encoding="utf-8")
    first = committed("A strategy of its own")
    deployed = template.text(load_manifest().spec)
    assert "Keep what is mine." in deployed
    (prompts / "mine.md").write_text("Keep what is yours.\n", encoding="utf-8")
    second = committed("Other instructions")
    path.write_text(text, encoding="utf-8")
    shutil.rmtree(prompts)
    committed("No more")
    assert template_at(first) == deployed
    assert template_at(second) == deployed.replace("mine.\n", "yours.\n").replace("is mine.", "is yours.")


def test_an_earlier_commit_is_rendered_by_the_kit_that_it_pins(repository: Path) -> None:
    before = git("rev-parse", "HEAD")
    another_kit(repository, "Made by another kit")
    other = committed("Another kit")
    manifest = repository / "manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("eventExpiryDays: 90", "eventExpiryDays: 60"), "utf-8")
    another_kit(repository, "Made by a third kit")
    committed("A third kit")
    found = yaml.safe_load(template_at(other))
    assert found["Description"] == "Made by another kit"
    assert found["Resources"]["Memory"]["Properties"]["EventExpiryDuration"] == 90
    git("checkout", "--quiet", before)
    shutil.rmtree(repository / "vendor")  # as where an index has the kit
    committed("The kit comes from an index")
    assert yaml.safe_load(template_at("HEAD"))["Description"].startswith("An AgentCore Memory")


def test_a_kit_that_is_not_there_is_no_guess(repository: Path) -> None:
    shutil.rmtree(repository / "vendor")
    first = committed("The kit comes from an index")
    path = repository / "requirements.txt"
    path.write_text(path.read_text("utf-8").replace("agentcore-kit==", "agentcore-kit==9."), "utf-8")
    committed("A newer kit")
    with pytest.raises(CommandError, match="pins another agentcore-kit") as refused:
        template_at(first)
    assert f"git checkout {first[:12]}, make setup, kit deploy" in refused.value.next_step


def test_a_template_that_was_committed_is_what_was_deployed(repository: Path) -> None:
    path = repository / "infra" / "memory.yaml"
    path.write_text("Resources: {}\n", encoding="utf-8")
    first = committed("As it was before the kit")
    path.unlink()
    committed("With the kit")
    assert template_at(first) == "Resources: {}\n"


def test_a_manifest_that_is_wrong_cannot_be_rendered(repository: Path) -> None:
    path = repository / "manifest.yaml"
    path.write_text(path.read_text("utf-8").replace("eventExpiryDays: 90", "eventExpiryDays: 1"), "utf-8")
    first = committed("Wrong")
    with pytest.raises(CommandError, match=r"cannot be rendered.*eventExpiryDays"):
        template_at(first)
