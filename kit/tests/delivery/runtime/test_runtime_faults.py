"""What goes wrong on the way: a clear message, an exit code other than 0, production as it was, the next step named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agentcore_kit.delivery import images, names, polling
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.kinds.base import RuntimeKind
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.rehearsal.component import fakes
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World, kind_path
from tests.delivery.shell import refused
from tests.delivery.template_world import git


@pytest.fixture
def live(world: World) -> World:
    """Return the world with version 1 live in production."""
    world.compares_nothing()
    world.release(COMMIT)
    return world


@pytest.mark.parametrize("name", [names.DISCOVERY_URL, names.BOUNDARY, names.LOG_KEY])
def test_a_missing_parameter_of_the_platform(world: World, name: str) -> None:
    world.ready()
    del world.at("prod").parameters.values[name]
    refused(world.type("deploy", "prod"), f"has no SSM parameter {name}", "platform repository")
    assert not world.at("prod").stacks.stacks


def test_all_missing_parameters_are_named_at_once(world: World) -> None:
    world.commit(COMMIT)
    world.at("dev").parameters.values.clear()
    refused(world.type("deploy", "dev"), names.DISCOVERY_URL, names.CLIENTS)


def test_a_deployment_that_cloudformation_rolls_back(live: World) -> None:
    live.ready(SECOND)
    live.cloud.plan_fault("AWS::BedrockAgentCore::Runtime", "ServiceQuotaExceededException", "too many versions")
    refused(live.type("deploy", "prod"), "UPDATE_ROLLBACK_COMPLETE: Runtime: too many versions", code=3)
    assert live.live("prod") == "1"
    (runtime,) = live.at("prod").runtimes.runtimes.values()
    assert runtime.versions == [runtime.versions[0]] * 2, "going back is an update too, and makes a version"
    assert "version 3 deployed" in live.must("deploy", "prod").last


def test_passing_throttling_is_waited_out(live: World) -> None:
    live.cloud.plan_fault("GetAgentRuntimeEndpoint", "ThrottlingException", times=2)
    assert "live: version 1" in live.must("status", "prod").last


def test_an_endpoint_that_is_stuck(live: World) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    live.at("prod").runtimes.stuck = True
    live.monkeypatch.setattr(polling, "PATIENCE_SECONDS", 0.2)
    refused(live.type("promote", "prod"), "stuck on its way to version 2", "live still serves 1")
    assert live.live("prod") == "1"


def test_a_digest_that_does_not_exist(live: World) -> None:
    unknown = f"sha256:{'0' * 64}"
    refused(live.type("deploy", "prod", "--digest", unknown), f"of digest {unknown}")
    assert live.type("deploy", "prod", "--digest", "latest").code == 2
    assert live.live("prod") == "1"


def test_a_commit_that_was_not_built(live: World) -> None:
    live.check_out(SECOND)
    refused(live.type("deploy", "dev"), "no image", "of commit bbbbbbbbbbbb", "kit build")


def test_a_smoke_test_that_fails_puts_the_version_before_back(live: World) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    live.cloud.broken_images.add(digest_of(SECOND))
    refused(live.type("promote", "prod"), "version 2", "HTTP 500", "live is back on version 1", code=1)
    assert live.live("prod") == "1"
    live.must("smoke", "prod")


def test_a_first_release_that_fails_leaves_nobody_on_it(world: World) -> None:
    world.compares_nothing()
    world.commit(COMMIT)
    world.cloud.broken_images.add(digest_of(COMMIT))
    world.must("deploy", "dev")
    refused(world.type("promote", "dev"), "nothing is live")
    assert world.live("dev") is None


def test_an_evaluation_below_threshold(live: World) -> None:
    live.commit(SECOND)
    live.must("deploy", "preprod")
    for code, what in ((1, "did not pass"), (2, "was given bad input"), (3, "could not run")):
        live.monkeypatch.setattr(RuntimeKind, "evaluate", lambda *_, code=code: code)
        typed = live.type("gate", "preprod")
        refused(typed, what, "correct it")
        assert typed.code == code
    refused(live.type("deploy", "prod"), "has not passed pre-production", code=1)
    assert live.live("prod") == "1"


def test_an_evaluation_that_passes_opens_production(live: World) -> None:
    live.commit(SECOND)
    live.must("deploy", "preprod")
    live.monkeypatch.setattr(RuntimeKind, "evaluate", lambda *_: 0)
    for _ in range(2):
        live.must("gate", "preprod")
    live.must("deploy", "prod")
    live.must("promote", "prod")
    assert live.live("prod") == "2"


def test_another_dataset_needs_another_pass(live: World) -> None:
    live.ready(SECOND)
    live.monkeypatch.setattr(images, "dataset_version", lambda: "f" * 64)
    refused(live.type("deploy", "prod"), "with this dataset")


def test_a_job_cancelled_between_deploy_and_promote(live: World) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    assert live.live("prod") == "1", "production is untouched"
    shown = live.must("status", "prod")
    assert "live: version 1" in shown.last
    assert "next: kit promote --env prod" in shown.last
    live.must("deploy", "prod")
    live.must("promote", "prod")
    assert live.live("prod") == "2"


def test_a_job_cancelled_while_the_endpoint_moves(live: World) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    (runtime,) = live.at("prod").runtimes.runtimes.values()
    runtime.endpoints[names.LIVE].move("2")
    assert "version 2 is live" in live.must("promote", "prod").last
    assert "version 1 is live" in live.must("rollback", "prod").last, "what was before is not forgotten"


def test_nothing_to_go_back_to(live: World) -> None:
    refused(live.type("rollback", "prod"), "no earlier good version", "--version")
    refused(live.type("rollback", "prod", "--version", "7"), "there is no version 7")
    assert live.live("prod") == "1"


def test_no_token_to_test_with(live: World) -> None:
    live.monkeypatch.delenv("EVAL_TOKEN")
    live.ready(SECOND)
    live.must("deploy", "prod")
    refused(live.type("promote", "prod"), "EVAL_TOKEN", "test-client")
    assert live.live("prod") == "1", "nobody is moved when it cannot be tested"


def test_files_that_are_not_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "README.md").touch()
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "One")
    (tmp_path / "README.md").write_text("changed", encoding="utf-8")
    monkeypatch.setattr(images, "repository_root", lambda: tmp_path)
    with pytest.raises(CommandError, match=r"not committed \(README.md\)"):
        images.commit()


def test_a_signature_that_failed_is_made_by_the_next_build(world: World, tmp_path: Path) -> None:
    world.monkeypatch.setattr(images, "record_path", lambda: tmp_path / "build.json")
    cosign, signed = tmp_path / "bin" / "cosign", tmp_path / "signed"
    cosign.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    cosign.chmod(0o755)
    refused(world.type("build", "preprod"), "cosign sign --yes", "its output is above")
    cosign.write_text(f'#!/bin/sh\necho "$@" >> "{signed}"\n', encoding="utf-8")
    for _ in range(2):
        world.must("build", "preprod")
    (said,) = signed.read_text(encoding="utf-8").splitlines()
    assert said.endswith(f"@{digest_of(COMMIT)}")


def test_interrupted_by_hand(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("agentcore_kit.delivery.promotion.promote", interrupt)
    typed = live.type("promote", "prod")
    refused(typed, "interrupted", "goes on where it was")
    assert typed.code == 130


def test_promoting_what_is_live_again_moves_nobody_when_it_fails(live: World) -> None:
    live.cloud.broken_images.add(digest_of(COMMIT))
    refused(live.type("promote", "prod"), "HTTP 500", "it stays live, as nothing was moved", "kit rollback")
    assert live.live("prod") == "1"


@pytest.mark.parametrize(
    ("operation", "what", "live_is"),
    [
        ("UpdateAgentRuntimeEndpoint", "may not do that", "live is still on version 1, its smoke test passed"),
        ("InvokeAgentRuntime", "the smoke test of live failed", "live is back on version 1, which does not pass"),
    ],
)
def test_whatever_fails_while_the_endpoint_moves_puts_the_version_before_back(
    live: World, operation: str, what: str, live_is: str
) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    if operation == "InvokeAgentRuntime":
        live.cloud.agent = lambda *_: (200, "text/html", b"<html>a proxy</html>", {})
    else:
        live.cloud.plan_fault(operation, "AccessDeniedException")
    refused(live.type("promote", "prod"), "version 2", what, live_is)
    assert live.live("prod") == "1"


def test_a_promotion_cancelled_before_its_test_is_tested_when_it_is_typed_again(live: World) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    cancelled(live, "promote")
    assert live.live("prod") == "2"
    assert "the test of version 2, begun" in live.must("status", "prod").last
    live.cloud.broken_images.add(digest_of(SECOND))
    refused(live.type("promote", "prod"), "HTTP 500", "live is back on version 1")
    assert live.live("prod") == "1", "version 2 never passed: it is no version to stay on"


def test_a_rollback_cancelled_before_its_end_goes_on_where_it_was(live: World) -> None:
    for revision in (SECOND, THIRD):
        live.release(revision)
    cancelled(live, "rollback")
    assert live.live("prod") == "2"
    assert "version 2 is live again" in live.must("rollback", "prod").last, "neither forward to 3 nor on to 1"
    assert "version 1 is live again" in live.must("rollback", "prod").last


def test_a_rollback_never_takes_away_what_is_live(live: World) -> None:
    live.cloud.broken_images.add(digest_of(COMMIT))
    refused(live.type("rollback", "prod", "--version", "1"), "HTTP 500", "it stays live, as nothing was moved")
    assert live.live("prod") == "1"
    live.cloud.broken_images.clear()
    live.release(SECOND)
    cancelled(live, "rollback")
    live.cloud.broken_images.add(digest_of(COMMIT))
    refused(live.type("rollback", "prod"), "HTTP 500", "it stays live")
    assert live.live("prod") == "1"


def test_a_rollback_from_a_cancelled_promotion_goes_to_the_last_good_version(live: World) -> None:
    live.release(SECOND)
    live.ready(THIRD)
    live.must("deploy", "prod")
    cancelled(live, "promote", "agentcore_kit.delivery.endpoints.move")
    assert live.live("prod") == "2"
    assert "version 2 is live again" in live.must("rollback", "prod").last
    assert "a rollback left version 3" in live.must("status", "prod").last
    assert "version 1 is live again" in live.must("rollback", "prod").last


def test_a_first_promotion_that_was_cancelled_and_fails_leaves_nobody_on_it(world: World) -> None:
    world.compares_nothing()
    world.ready()
    world.must("deploy", "prod")
    cancelled(world, "promote")
    world.cloud.broken_images.add(digest_of(COMMIT))
    refused(world.type("promote", "prod"), "HTTP 500", "nothing is live")
    assert world.live("prod") is None


def test_a_rollback_whose_test_fails_leaves_what_was_live_and_forgets_nothing(live: World) -> None:
    for revision in (SECOND, THIRD):
        live.release(revision)
    live.cloud.broken_images.add(digest_of(COMMIT))
    passes = "live is back on version 3, its smoke test passed"
    refused(live.type("rollback", "prod", "--version", "1"), "HTTP 500", passes)
    assert live.live("prod") == "3"
    assert "version 2 is live again" in live.must("rollback", "prod").last


def test_what_a_rollback_left_is_promoted_only_by_name(live: World) -> None:
    live.release(SECOND)
    live.must("rollback", "prod")
    assert "a rollback left version 2" in live.must("status", "prod").last
    refused(live.type("promote", "prod"), "a rollback took callers away from version 2", "--version 2")
    assert live.live("prod") == "1"
    live.must("promote", "prod", "--version", "2")
    assert live.live("prod") == "2"


def test_a_rollback_without_a_token_goes_and_says_that_it_is_not_tested(live: World) -> None:
    live.release(SECOND)
    live.monkeypatch.delenv("EVAL_TOKEN")
    assert "version 1 is live again; it was 2; not tested, as there is no token" in live.must("rollback", "prod").last


def test_somebody_moves_live_during_a_promotion(live: World) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    (runtime,) = live.at("prod").runtimes.runtimes.values()

    def moved_meanwhile(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        runtime.endpoints[names.LIVE].live = runtime.endpoints[names.LIVE].target = "1"
        return fakes().answer(image, headers, body)

    live.cloud.agent = moved_meanwhile
    refused(live.type("promote", "prod"), "its smoke test passed; but somebody else is changing prod", "version 1 now")


def cancelled(world: World, command: str, at: str = "") -> None:
    """Type a command that is killed as a step begins: its smoke test, or a function by its path."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with world.monkeypatch.context() as planned:
        planned.setattr(at or f"{kind_path()}.smoke", killed)
        assert world.type(command, "prod").code == 130
