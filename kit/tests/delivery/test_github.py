"""Is production protected on GitHub? The pipeline looks before each delivery, and a person can make what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.delivery import github_check, github_setup
from agentcore_kit.delivery.github_protection import pipeline_environments
from tests.delivery.github_server import ADMIN, NO_RIGHTS, REPOSITORY, WORKFLOW, State, serving
from tests.delivery.shell import Typed, refused, typed

Kit = Callable[..., Typed]


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """Return GitHub, in whose workflow commands are typed."""
    state = State()
    with serving(state) as address:
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": address,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GH_TOKEN": WORKFLOW,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("GITHUB_TOKEN", raising=False)
        yield state


@pytest.fixture
def kit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Return a shell."""

    def run(*arguments: str, **variables: str) -> Typed:
        with monkeypatch.context() as shell:
            for name, value in variables.items():
                shell.setenv(name, value)
            return Typed(*typed(capsys, *arguments))

    return run


@pytest.fixture
def accepting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return how a manifest comes to accept what a plan does not have."""

    def accept(*kinds: str) -> None:
        known = load_manifest()
        raw = known.model_dump(by_alias=True)
        raw["spec"]["delivery"]["withoutProtection"] = [*kinds]
        manifest = type(known).model_validate(raw)
        for module in (github_check, github_setup):
            monkeypatch.setattr(module, "load_manifest", lambda: manifest)

    return accept


def protected(state: State) -> None:
    """Protect everything as the documentation says."""
    for name in pipeline_environments(load_manifest()):
        state.protect(name, reviewers=name == "approval")
    state.protected.add("main")


def test_what_is_protected_passes(github: State, kit: Kit) -> None:
    protected(github)
    checked = kit("github-check")
    assert checked.code == 0, checked.err
    assert "approval asks reviewers" in checked.last
    assert not github.changed
    asked = {path.rpartition("/environments/")[2] for _, path in github.calls if path.count("/") == 5}
    assert ("registry" in asked) == (repository_kind() != "Tool")


def test_environments_that_nobody_made_stop_the_delivery(github: State, kit: Kit) -> None:
    """GitHub makes them with the first job that names them, without any protection."""
    stopped = kit("github-check")
    refused(stopped, "nobody is asked before production", "kit github-setup --reviewers", code=1)
    for name in pipeline_environments(load_manifest()):
        assert f"environment {name} is not there" in stopped.out
        github.protect(name, patterns=())
        github.environments[name]["policy"] = None
    stopped = kit("github-check")
    refused(stopped, "approval has no required reviewers", "prod is reached from every branch", code=1)


@pytest.mark.parametrize(
    ("patterns", "said"),
    [(("main", "release/*"), "main, release/*"), (("*",), "*"), ((), "nowhere"), (("maintenance",), "maintenance")],
)
def test_production_is_reached_from_main_alone(github: State, kit: Kit, patterns: tuple[str, ...], said: str) -> None:
    protected(github)
    github.protect("prod", patterns=patterns)
    refused(kit("github-check"), f"prod is reached from {said}, and must be from main only", code=1)


def test_a_tag_that_is_called_main_is_no_branch(github: State, kit: Kit) -> None:
    protected(github)
    github.environments["prod"]["patterns"][7] = {"id": 7, "name": "main", "type": "tag"}
    refused(kit("github-check"), "prod is reached from main, tag main", code=1)


def test_protected_branches_are_good_where_main_is_the_only_one(github: State, kit: Kit) -> None:
    protected(github)
    github.environments["prod"]["policy"] = "protected"
    assert kit("github-check").code == 0
    github.protected.add("release/1")
    refused(kit("github-check"), "prod is reached from main, release/1", code=1)
    github.protected.clear()  # and then GitHub lets every branch in
    refused(kit("github-check"), "prod is reached from every branch", "main is not protected", code=1)


def test_a_long_list_of_branches_is_read_to_its_end(github: State, kit: Kit) -> None:
    protected(github)
    listed = github.environments["prod"]["patterns"]
    listed.update({number: {"id": number, "name": "main", "type": "branch"} for number in range(200, 350)})
    assert kit("github-check").code == 0
    listed[999] = {"id": 999, "name": "last-of-all", "type": "branch"}
    refused(kit("github-check"), "last-of-all", code=1)


def test_main_is_protected_by_a_ruleset_as_well(github: State, kit: Kit) -> None:
    protected(github)
    github.protected.clear()
    refused(kit("github-check"), "main is not protected", code=1)
    github.rulesets.append({"rules": [{"type": "deletion"}]})
    refused(kit("github-check"), "main is not protected", code=1)
    github.rulesets.append({"rules": [{"type": "pull_request", "parameters": {}}]})
    assert kit("github-check").code == 0


def test_what_a_plan_does_not_have_is_accepted_by_the_team_or_stops(
    github: State, kit: Kit, accepting: Callable[..., None]
) -> None:
    github.plan = "team"
    protected(github)
    github.environments["approval"]["reviewers"] = []
    refused(kit("github-check"), "GitHub Enterprise", "withoutProtection: [reviewers]", code=1)
    accepting("reviewers")
    checked = kit("github-check")
    assert checked.code == 0
    assert "accepted in manifest.yaml: environment approval has no required reviewers" in checked.out
    assert "delivered without reviewers" in checked.last
    github.protect("prod", patterns=("*",))
    refused(kit("github-check"), "prod is reached from *", "withoutProtection: [reviewers, branches]", code=1)


def test_a_public_repository_has_everything_so_nothing_is_accepted(
    github: State, kit: Kit, accepting: Callable[..., None]
) -> None:
    github.private = False
    accepting("reviewers", "branches")
    refused(kit("github-check"), "nobody is asked", "has no effect in a public repository", code=1)


def test_a_free_plan_of_a_private_repository(github: State, kit: Kit, accepting: Callable[..., None]) -> None:
    github.plan = "free"
    refused(kit("github-check"), "withoutProtection: [reviewers, branches]", code=1)
    accepting("reviewers", "branches")
    assert kit("github-check").code == 0


@pytest.mark.parametrize("token", ["", "a wrong one", "wrong", NO_RIGHTS])
def test_a_workflow_that_cannot_look_stops(
    github: State, kit: Kit, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected(github)
    monkeypatch.setenv("PATH", "")  # no gh
    refused(kit("github-check", GH_TOKEN=token), code=3)


def test_a_workflow_whose_job_lacks_a_permission_says_which(github: State, kit: Kit) -> None:
    refused(kit("github-check", GH_TOKEN=NO_RIGHTS), "actions: read", code=3)


def test_outside_of_a_workflow_it_says_that_it_has_not_looked(
    github: State, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # neither git nor gh
    for name in ("GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GH_TOKEN"):
        monkeypatch.delenv(name)
    checked = kit("github-check")
    assert (checked.code, checked.last.startswith("= not checked, as this is no workflow")) == (0, True)
    assert not github.calls


def test_a_token_goes_nowhere_in_the_clear(github: State, kit: Kit) -> None:
    protected(github)
    refused(kit("github-check", GITHUB_API_URL="http://github.example.com/api/v3"), "must begin with https:", code=2)


STRANGE = {
    "no JSON": (200, b"<html>sign in</html>", {}),
    "a list": (200, b"[]", {}),
    "null": (200, b"null", {}),
    "nothing": (200, b"", {}),
    "reviewers that are none": (
        200,
        json.dumps(
            {"name": "approval", "protection_rules": [{"type": "required_reviewers", "reviewers": "all"}]}
        ).encode(),
        {},
    ),
    "another environment": (
        200,
        json.dumps(
            {
                "name": "other",
                "protection_rules": [
                    {"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"id": 1, "login": "x"}}]}
                ],
            }
        ).encode(),
        {},
    ),
    "an error of GitHub's": (502, b"bad gateway", {}),
    "a redirect": (301, b"{}", {"Location": "https://elsewhere.example.com/"}),
    "too many calls": (403, b'{"message": "API rate limit exceeded"}', {"x-ratelimit-remaining": "0"}),
    "a terminal's commands": (403, b'{"message": "\\u001b[2Jok \\u0007"}', {}),
}


@pytest.mark.parametrize("name", STRANGE)
def test_an_answer_that_github_does_not_document_is_no_protection(github: State, kit: Kit, name: str) -> None:
    protected(github)
    github.raw[f"/repos/{REPOSITORY}/environments/approval"] = STRANGE[name]
    stopped = kit("github-check")
    refused(stopped)
    assert stopped.code in (1, 3)
    assert "\x1b" not in stopped.err
    assert "\x07" not in stopped.err


def test_a_list_that_never_ends_is_left(github: State, kit: Kit) -> None:
    protected(github)
    entries = [{"id": number, "name": "main"} for number in range(100)]
    body = json.dumps({"total_count": 10**9, "branch_policies": entries}).encode()
    github.raw[f"/repos/{REPOSITORY}/environments/prod/deployment-branch-policies"] = (200, body, {})
    refused(kit("github-check"), "does not end", code=3)


def test_setup_makes_what_the_check_wants(github: State, kit: Kit) -> None:
    planned = kit("github-setup", "--reviewers", "octocat,@example-org/platform", "--dry-run", GH_TOKEN=ADMIN)
    assert planned.code == 0, planned.err
    assert "make environment approval: reached from main only, asks octocat, platform" in planned.out
    assert not github.changed
    done = kit("github-setup", "--reviewers", "octocat,@example-org/platform", GH_TOKEN=ADMIN)
    assert done.code == 0, done.err
    assert "approval asks octocat, platform" in done.last
    assert kit("github-check").code == 0
    assert {*github.environments} == {*pipeline_environments(load_manifest()), *load_manifest().delivery.development}
    assert github.rulesets[0]["conditions"]["ref_name"]["include"] == ["refs/heads/main"]
    assert [one["type"] for one in github.environments["prod"]["reviewers"]] == [], "a rollback waits for nobody"
    before = len(github.changed)
    again = kit("github-setup", "--reviewers", "octocat,@example-org/platform", GH_TOKEN=ADMIN)
    assert "nothing to change" in again.out
    assert len(github.changed) == before


def test_setup_keeps_what_a_team_has_set_besides(github: State, kit: Kit) -> None:
    protected(github)
    github.protect("prod", reviewers=True, patterns=("main", "release/*"))
    github.environments["prod"]["wait_timer"] = 30
    done = kit("github-setup", "--reviewers", "octocat", GH_TOKEN=ADMIN)
    assert "environment prod: reached from main only (now: reached from main, release/*)" in done.out
    prod = github.environments["prod"]
    assert [one["name"] for one in prod["patterns"].values()] == ["main"]
    assert (prod["wait_timer"], prod["reviewers"][0]["reviewer"]["login"]) == (30, "octocat")
    assert not github.rulesets, "main is protected already"
    changed = kit("github-setup", "--reviewers", "hubot", GH_TOKEN=ADMIN)
    assert "environment approval: asks hubot (now: asks octocat)" in changed.out


def test_setup_says_what_a_plan_does_not_have(github: State, kit: Kit, accepting: Callable[..., None]) -> None:
    github.plan = "team"
    made = kit("github-setup", "--reviewers", "octocat", GH_TOKEN=ADMIN)
    refused(made, "does not have all of it: reviewers", "withoutProtection: [reviewers]", code=1)
    assert github.environments["approval"]["patterns"], "what the plan has was made all the same"
    accepting("reviewers")
    assert "without reviewers" in kit("github-setup", "--reviewers", "octocat", GH_TOKEN=ADMIN).last
    assert kit("github-check").code == 0
    github.plan, github.rulesets, github.environments = "free", [], {}
    refused(kit("github-setup", "--reviewers", "octocat", GH_TOKEN=ADMIN), "reviewers, branches", UPGRADE_SAID, code=1)


UPGRADE_SAID = "withoutProtection: [reviewers, branches]"


@pytest.mark.parametrize(
    ("reviewers", "said"),
    [
        ("", "--reviewers is missing"),
        (" , ", "--reviewers is missing"),
        ("nobody-there", "no such user"),
        ("example-org/nobody", "no such team"),
        ('"; touch x; echo "', "no name of a user or team"),
        ("a/../b", "no name of a user or team"),
        (",".join(f"user-{number}" for number in range(7)), "takes 6 at most"),
    ],
)
def test_setup_refuses_reviewers_that_there_are_not(github: State, kit: Kit, reviewers: str, said: str) -> None:
    refused(kit("github-setup", "--reviewers", reviewers, GH_TOKEN=ADMIN), said, code=2)
    assert not github.changed


def test_setup_needs_somebody_who_administers_the_repository(github: State, kit: Kit) -> None:
    refused(kit("github-setup", "--reviewers", "octocat"), "may not administer", code=3)
    assert not github.changed


def test_setup_goes_on_after_an_interruption(github: State, kit: Kit) -> None:
    path = f"/repos/{REPOSITORY}/environments/prod"
    github.raw[path] = (502, b"", {})
    refused(kit("github-setup", "--reviewers", "octocat", GH_TOKEN=ADMIN), code=3)
    del github.raw[path]
    github.raw[f"{path}/deployment-branch-policies"] = (502, b"", {})
    refused(kit("github-setup", "--reviewers", "octocat", GH_TOKEN=ADMIN), code=3)
    refused(kit("github-check"), code=3)
    github.raw.clear()
    refused(kit("github-check"), "prod is reached from nowhere", code=1)
    assert kit("github-setup", "--reviewers", "octocat", GH_TOKEN=ADMIN).code == 0
    assert kit("github-check").code == 0
