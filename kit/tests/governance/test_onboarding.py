"""`kit onboard`: an entry of components.yaml on a branch, nothing else touched, and nothing lost when a step fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.components import load_components
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.governance.components_file import with_entry
from agentcore_kit.governance.onboarding import onboard
from tests.governance.conftest import component, declare, git, use_case

BRANCH = "onboard-claims-agent"

GH = """#!/bin/sh
echo "$@" >> "$GH_CALLS"
case "$1 $2" in
  "pr list") cat "$GH_OPEN" ;;
  "pr create") [ -f "$GH_FAILS" ] && { echo "not logged in" >&2; exit 4; }
    echo '[{"url": "https://github.example/pull/7"}]' > "$GH_OPEN"; echo https://github.example/pull/7 ;;
esac
"""

COMMENTED = """\
# Who is let in.
components:
  # The first of all.
  - name: first-tool # keep
    kind: Tool
    owner: "team"
    costCenter: CC-1
    useCaseId: UC-0042
    monthlyBudgetUsd: 10
    environments: [dev,   prod] # two only
# The end.
"""

ENTRY = component("new-agent", "Agent", gateways=["company-tools"])


@pytest.fixture
def platform(clones: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a platform repository in git, with a commit and no remote."""
    folder = clones / "example-platform"
    (folder / "components.yaml").write_text(COMMENTED, encoding="utf-8")
    for name, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com")):
        for who in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{who}_{name}", value)
    monkeypatch.setenv(
        "PATH", os.pathsep.join(path for path in os.environ["PATH"].split(os.pathsep) if "gh" not in path)
    )
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "begin")
    return folder


@pytest.fixture
def remote(platform: Path, tmp_path: Path) -> Path:
    """Return the remote of the repository."""
    bare = tmp_path / "remote.git"
    git(platform, "init", "--quiet", "--bare", str(bare))
    git(platform, "remote", "add", "origin", str(bare))
    git(platform, "push", "--quiet", "-u", "origin", "main")
    return bare


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with GitHub's command line, which opens pull requests; `calls` is what it was asked."""
    folder = tmp_path / "gh-here"
    folder.mkdir()
    (folder / "gh").write_text(GH, encoding="utf-8")
    (folder / "gh").chmod(0o755)
    (folder / "open").write_text("[]", encoding="utf-8")
    for name in ("calls", "open", "fails"):
        monkeypatch.setenv(f"GH_{name.upper()}", str(folder / name))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def typed(name: str = "claims-agent", **options: Any) -> None:
    """Type the command."""
    given = {"kind": "agent", "owner": "claims-team", "cost_center": "CC-7", "use_case": "UC-0042", **options}
    onboard(name, **given)


def refused(capsys: pytest.CaptureFixture[str], name: str = "claims-agent", **options: Any) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        typed(name, **options)
    return int(str(end.value.code)), capsys.readouterr().err


def names_at(platform: Path, branch: str = BRANCH) -> list[str]:
    """Return the components of a branch, as the kit reads them."""
    path = platform / ".local" / "shown.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(git(platform, "show", f"{branch}:components.yaml"), encoding="utf-8")
    return [one.name for one in load_components(path).components]


def test_nothing_is_begun_where_git_does_not_know_who_commits(
    platform: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(platform, "config", "user.useConfigOnly", "true")
    _, error = refused(capsys)
    assert "git config --global user.email" in error
    assert git(platform, "branch", "--format", "%(refname:short)") == "main"


def test_an_approval_that_is_not_committed_is_told(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "look first: UC-9 is approved in use-cases.yaml here, but not in what is committed"
    declare(platform, "use-cases.yaml", "useCases", [use_case("UC-0042"), use_case("UC-9")])
    typed(use_case="UC-9")
    assert said in capsys.readouterr().out
    git(platform, "commit", "--quiet", "--all", "--message", "approve")
    git(platform, "branch", "--quiet", "-D", BRANCH)
    typed(use_case="UC-9")
    assert said not in capsys.readouterr().out


def test_the_entry_is_on_a_branch_and_what_is_checked_out_stays(
    platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (platform / "use-cases.yaml").open("a", encoding="utf-8").write("# half-written\n")
    before = git(platform, "status", "--porcelain")
    typed(gateway=["company-tools"], budget=300)
    assert names_at(platform) == ["first-tool", "claims-agent"]
    assert git(platform, "status", "--porcelain", "--untracked-files=no") == before == "M use-cases.yaml"
    assert git(platform, "branch", "--show-current") == "main"
    assert git(platform, "worktree", "list").count("\n") == 0
    changed = git(platform, "show", "--stat", "--format=%an", BRANCH)
    assert "components.yaml" in changed
    assert "1 file changed" in changed
    text = capsys.readouterr().out
    assert "budget of 300 USD" in text
    assert "ECR repository claims-agent" in text
    assert f"git push -u origin {BRANCH}" in text


def test_names_of_the_platform_are_refused(platform: Path) -> None:
    with pytest.raises(ConfigError, match="agentops-claims begins with agentops-"):
        typed("agentops-claims")
    assert not git(platform, "branch", "--list", "onboard-*")


def test_comments_order_and_writing_of_the_others_stay(platform: Path) -> None:
    typed()
    added = [line for line in git(platform, "diff", "main", BRANCH).splitlines() if line.startswith(("+ ", "- "))]
    assert added[0] == "+  - name: claims-agent"
    assert not [line for line in added if line.startswith("-")]
    assert git(platform, "show", f"{BRANCH}:components.yaml").endswith("# The end.")


def test_it_is_pushed_and_a_pull_request_is_opened(
    platform: Path, remote: Path, gh: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(gateway=["company-tools"])
    assert git(remote, "rev-parse", BRANCH) == git(platform, "rev-parse", BRANCH)
    assert "https://github.example/pull/7" in capsys.readouterr().out
    assert "gateway company-tools: it uses its tools" in (gh / "calls").read_text(encoding="utf-8")


def test_typed_again_it_goes_on_where_it_stopped(
    platform: Path, remote: Path, gh: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = remote.rename(remote.with_name("gone.git"))
    code, text = refused(capsys)
    assert code == 3
    assert "cannot be pushed" in text
    assert BRANCH in text
    moved.rename(remote)
    (gh / "fails").touch()
    code, text = refused(capsys)
    assert code == 3
    assert "not logged in" in text
    assert f"gh pr create --head {BRANCH}" in text
    (gh / "fails").unlink()
    typed()
    typed()
    assert (gh / "calls").read_text(encoding="utf-8").count("pr create") == 2, "one failed, one opened it"
    assert names_at(platform) == ["first-tool", "claims-agent"]


def test_typed_again_with_other_options_it_does_not_propose_what_the_branch_has_not(
    platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(budget=100)
    capsys.readouterr()
    code, text = refused(capsys, budget=500)
    assert code == 2
    assert f"branch {BRANCH} is here from before, and has another entry of claims-agent" in text
    assert f"git branch -D {BRANCH}" in text
    typed(budget=100)


def test_it_begins_at_what_others_have_merged(platform: Path, remote: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", "--branch", "main", str(remote), str(other))
    path = other / "components.yaml"
    path.write_text(with_entry(path.read_text(encoding="utf-8"), component("merged-tool")), encoding="utf-8")
    git(other, "commit", "--quiet", "--all", "--message", "another")
    git(other, "push", "--quiet", "origin", "main")
    typed()
    assert names_at(platform) == ["first-tool", "merged-tool", "claims-agent"]


def test_a_commit_that_is_refused_leaves_no_branch_behind(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook = platform / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho checks fail >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    code, text = refused(capsys)
    assert code == 3
    assert "checks fail" in text
    assert BRANCH not in git(platform, "branch", "--list")
    assert git(platform, "worktree", "list").count("\n") == 0


def test_without_git_the_file_is_changed_and_the_next_step_said(
    clones: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(clones))
    path = clones / "example-platform" / "components.yaml"
    path.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    typed()
    assert [one.name for one in load_components(path).components] == ["first-tool", "claims-agent"]
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert "commit it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("first-tool", {}, "first-tool is in components.yaml already: Tool of team"),
        ("Claims Agent", {}, "components[1].name"),
        ("claims-agent", {"owner": "two words"}, "components[1].owner"),
        ("claims-agent", {"use_case": "UC-7"}, "use case UC-7 is not in use-cases.yaml"),
        ("claims-agent", {"use_case": "UC-OLD"}, "ended on 2026-01-31"),
        ("claims-agent", {"gateway": ["company-tool"]}, "did you mean company-tools?"),
        ("claims-agent", {"memory": "none-such"}, "--memory"),
        ("claims-agent", {"environment": ["shared"]}, "--environment shared"),
        ("claims-memory", {"kind": "memory", "gateway": ["company-tools"]}, "gateways"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_made(
    platform: Path, capsys: pytest.CaptureFixture[str], name: str, options: dict[str, Any], said: str
) -> None:
    register = [use_case("UC-0042"), use_case("UC-OLD", expires="2026-01-31")]
    declare(platform, "use-cases.yaml", "useCases", register)
    try:
        code, text = refused(capsys, name, **options)
    except ConfigError as error:
        code, text = 2, str(error)
    assert code == 2
    assert said in text
    assert git(platform, "branch", "--list") == "* main"


def test_what_is_nearly_the_same_is_shown_first(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed("first-tools", kind="tool")
    assert "look first: first-tool has nearly the same name" in capsys.readouterr().out
    typed(
        "industry", kind="tool", description="Returns market data: the latest market indicator of a region's industry."
    )
    assert "look first: example-tool says nearly the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "components: []\n",
        "components: [] # none yet\n# more\n",
        "# nothing\ncomponents: []",
        COMMENTED,
        COMMENTED.removesuffix("# The end.\n").rstrip("\n"),
        COMMENTED.replace("\n  ", "\n"),
        COMMENTED.replace("[dev,   prod] # two only", "\n      - dev\n      - prod # two only"),
    ],
)
def test_the_list_may_be_written_in_many_ways(text: str, tmp_path: Path) -> None:
    path = tmp_path / "components.yaml"
    path.write_text(text, encoding="utf-8")
    before = [one.name for one in load_components(path).components]
    made = with_entry(with_entry(text, ENTRY), component("second"))
    path.write_text(made, encoding="utf-8")
    assert [one.name for one in load_components(path).components] == [*before, "new-agent", "second"]
    assert [line.partition("#")[2] for line in made.splitlines() if "#" in line] == [
        line.partition("#")[2] for line in text.splitlines() if "#" in line
    ]


def test_a_list_in_brackets_is_not_rewritten() -> None:
    with pytest.raises(ConfigError, match="one entry a line"):
        with_entry("components: [{name: first-tool, kind: Tool, owner: team, costCenter: C, useCaseId: U, "
                   "monthlyBudgetUsd: 1, environments: [dev]}]\n", ENTRY)  # fmt: skip
