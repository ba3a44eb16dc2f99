"""`kit doctor`: an empty account, a complete one, and one that lacks each name in turn."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from agentcore_kit.delivery import doctor_looks, names
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.contract import CONTRACT, PARAMETER, declared
from agentcore_kit.delivery.doctor import doctor, examined
from agentcore_kit.delivery.doctor_states import TRACES
from agentcore_kit.local.aws_emulator.cloud import Cloud, access_key
from agentcore_kit.local.aws_emulator.server import Server
from agentcore_kit.local.aws_emulator.world import pipeline_roles
from tests.delivery.memory_world import World as MemoryWorld
from tests.delivery.runtime_world import World

pytestmark = pytest.mark.usefixtures("_without_github")


@pytest.fixture
def _without_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_kit.delivery.doctor.connect", lambda: "no token here")


@pytest.fixture
def complete(world: World | MemoryWorld, cloud: Cloud) -> World | MemoryWorld:
    """Return the world with the pipeline's roles and the secret of the test client."""
    pipeline_roles(cloud)
    context = open_context("prod")
    place = world.at("prod")
    place.secrets.make(names.test_client(context.component, "prod"))
    for text in [*context.kind.needed(context), *context.kind.needed_later(context)]:
        if text not in place.parameters.values:
            place.parameters.values[text] = _of_the_right_form(text)
    return world


def signed_in(world: World | MemoryWorld) -> None:
    """Sign in to the account of production, as a person with all rights."""
    world.monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key(str(world.environments["prod"].account)))


def _of_the_right_form(text: str) -> str:
    """Return a value for a parameter that the prepared accounts do not have: a key, or of a guardrail."""
    examples = ("1", "arn:aws:kms:eu-central-1:123456789012:key/1")
    found = declared(text)
    assert found, text
    return next(one for one in examples if re.fullmatch(found.form, one))


def test_a_complete_account_has_all_that_is_needed(complete: World, capsys: pytest.CaptureFixture[str]) -> None:
    signed_in(complete)
    doctor("prod")

    assert "are there" in capsys.readouterr().out


def test_every_name_that_is_missing_is_named_alone(complete: World, cloud: Cloud) -> None:
    signed_in(complete)
    context, place = open_context("prod"), complete.at("prod")
    rows = list(examined(context))
    assert {one.state for one in rows} <= {"there", "not checked"}
    own, shared = cloud.iam.account(place.account), cloud.at(str(context.environment.shared_account), place.region)
    holders: dict[str, tuple[Any, str]] = {
        "SSM parameter": (place.parameters.values, ""),
        "secret": (place.secrets.values, ""),
        "role": (own.roles, f"arn:aws:iam::{place.account}:role/"),
        "OIDC provider": (own.providers, f"arn:aws:iam::{place.account}:oidc-provider/"),
        "ECR repository": (shared.images.repositories, ""),
    }
    looked_for = [one for one in rows if one.state == "there" and one.what in doctor_looks.LOOKED_FOR]
    assert len(looked_for) >= 3
    for row in looked_for:
        holder, before = holders[row.what]
        kept = holder.copy()
        holder.difference_update({before + row.name}) if isinstance(holder, set) else holder.pop(before + row.name)
        absent = [one for one in examined(open_context("prod")) if one.state == "missing"]
        holder.update(kept)
        assert [one.name for one in absent] == [row.name]
        assert absent[0].made_by, f"no command makes {row.name}"


def test_an_empty_account_lacks_everything_and_each_has_its_command(
    world: World, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = Cloud()
    server.cloud = empty
    signed_in(world)

    with pytest.raises(SystemExit) as ended:
        doctor("prod")

    rows = [one for one in examined(open_context("prod")) if one.required]
    assert ended.value.code == 1
    assert {one.state for one in rows} <= {"missing", "there"}
    assert all(one.made_by for one in rows if one.state == "missing")
    said = capsys.readouterr()
    assert all(one.name in said.out for one in rows)


def test_a_value_of_the_wrong_form_is_wrong(complete: World) -> None:
    signed_in(complete)
    context = open_context("prod")
    for name in [*context.kind.needed(context), names.REGISTRY]:
        if declared(name).form != ".+":  # type: ignore[union-attr]
            complete.at("prod").parameters.values[name] = "web client, other"
            wrong = [one for one in examined(context) if one.state == "wrong"]
            assert [one.name for one in wrong] == [name]
            return
    pytest.fail("the kind needs no parameter that has a form")


def test_what_is_published_and_does_not_work_is_found(complete: World) -> None:
    signed_in(complete)
    context, place = open_context("prod"), complete.at("prod")
    expected = [(TRACES, "wrong")] if context.manifest.kind != "Memory" else []
    place.service("xray").searched = False
    if context.manifest.kind == "Agent":
        spec = context.manifest.spec.model_copy(update={"guardrail": "default"})
        context = replace(context, manifest=context.manifest.model_copy(update={"spec": spec}))
        place.parameters.values |= dict(zip(names.guardrail("default"), ("gr1d2", "1"), strict=True))
        place.service("bedrock").absent = {"gr1d2"}
        expected = [("default", "missing"), *expected]

    found = [(one.name, one.state) for one in examined(context) if one.state in ("missing", "wrong")]

    assert found == expected


def test_what_may_not_be_seen_is_said_and_ends_with_3(
    complete: World, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    signed_in(complete)
    cloud.plan_fault("GetRole", "AccessDenied", times=2)

    with pytest.raises(SystemExit) as ended:
        doctor("prod")

    assert ended.value.code == 3
    assert "iam:GetRole" in capsys.readouterr().err


@pytest.mark.parametrize("change", [("/{}:", "/{}-fork:"), ('"Allow"', '"Deny"')], ids=["of a fork", "denied"])
def test_a_role_that_does_not_trust_the_repository_is_wrong(
    complete: World, cloud: Cloud, change: tuple[str, str]
) -> None:
    signed_in(complete)
    context = open_context("prod")
    role = cloud.iam.role(f"arn:aws:iam::{context.account}:role/{names.delivery_role(context.component)}")
    assert role is not None
    before, after = (one.format(context.component) for one in change)
    role.trust = json.loads(json.dumps(role.trust).replace(before, after))

    wrong = [one for one in examined(context) if one.state == "wrong"]

    assert [one.what for one in wrong][:1] == ["role"]


def test_every_parameter_that_a_deployment_asks_for_is_declared(complete: World, cloud: Cloud) -> None:
    signed_in(complete)
    context = open_context("prod")
    list(examined(context))
    asked = {name for call in cloud.made("GetParameters") for name in call.parameters["Names"]}

    assert asked
    assert [name for name in asked if declared(name) is None and "/components/" not in name] == []
    kind = context.manifest.kind
    assert [name for name in asked if (one := declared(name)) and kind not in one.needed_by] == []


def test_a_planted_name_is_not_declared() -> None:
    assert all(declared(one.name) for one in CONTRACT if one.type == PARAMETER)
    assert declared("/agentops/planted/name") is None
