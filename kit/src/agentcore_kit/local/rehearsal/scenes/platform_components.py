"""Components: one more that is let in and out again, and a published name that components read and a change drops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.use_cases import USE_CASES
from agentcore_kit.delivery import names
from agentcore_kit.delivery.contract import COMPONENTS, PARAMETER, declared
from agentcore_kit.delivery.delivery_roles import template_text
from agentcore_kit.local.aws_emulator.world import sign_in
from agentcore_kit.local.aws_protocol.wire import ApiError
from agentcore_kit.local.rehearsal.scene import PLATFORM, scene
from agentcore_kit.local.rehearsal.scenes.common import edit
from agentcore_kit.local.rehearsal.scenes.platform import before_production, deliver_to, deployed, in_production
from agentcore_kit.local.rehearsal.stage import Stage

NEW = "rehearsal-agent"
"""The name of the component that is let in."""


def is_let_in(it: Stage, env: str) -> bool:
    """Return whether the new component's pipeline can sign in to an account, with the token that GitHub gives it."""
    role = f"arn:aws:iam::{it.environments[env].account}:role/{names.delivery_role(NEW)}"
    try:
        sign_in(it.cloud, role, f"repo:{load_manifest().metadata.github_org}/{NEW}:environment:{env}")
    except ApiError:
        return False
    return True


@scene("let-in", "A component is let in; its entry cannot go while it is deployed, and then it goes", PLATFORM)
def let_in(it: Stage) -> None:
    """Onboard a component, deliver, remove its entry while it is deployed, and again when it is not."""
    env, shared = before_production(), in_production(it, "shared")
    like = load_manifest().metadata
    about = ("--owner", like.owner, "--cost-center", like.cost_center, "--use-case", _approved_use_case(it, like.owner))
    it.must("onboard", NEW, "--kind", "agent", *about)
    assert not is_let_in(it, env), "a proposal lets a component in that nobody has approved"
    it.git("merge", "--quiet", f"onboard-{NEW}")
    assert deliver_to(it, env)
    assert deliver_to(it, shared)
    assert is_let_in(it, env), "the component's pipeline is not let in"
    assert NEW in it.at(shared).images.repositories, "it has no repository of images"

    it.git("revert", "--no-edit", "HEAD")
    with deployed(it, NEW, env):
        it.refusal_expected = True
        assert not deliver_to(it, env), "the ground is taken from a component that is deployed"
    assert f"kit destroy --env {env}" in it.said["deploy"]
    assert is_let_in(it, env), "it was refused, and yet its role is gone"
    assert deliver_to(it, env)
    assert not is_let_in(it, env), "a component is let in that has no entry"


@scene("lost-name", "A name that components read is to go: refused, until somebody means it", PLATFORM)
def lost_name(it: Stage) -> None:
    """Take a published name out of the templates of workload accounts."""
    env = before_production()
    file, logical, name = _read_by_components(it)
    template = read_template(file.read_text(encoding="utf-8"))
    resources = {key: one for key, one in template["Resources"].items() if key != logical}
    file.write_text(template_text({**template, "Resources": resources}), encoding="utf-8")
    it.commit(f"Publish no {name}")
    it.refusal_expected = True
    assert not deliver_to(it, env), "a name that components read is dropped without a word"
    assert name in it.at(env).parameters.values
    it.errors_expected = (f"a person has said that {name} is to go", "")
    it.must("deploy", "--allow-loss", env=env)
    assert name not in it.at(env).parameters.values
    it.git("revert", "--no-edit", "HEAD")
    assert deliver_to(it, env), "the name does not come back"
    assert name in it.at(env).parameters.values


def _approved_use_case(it: Stage, owner: str) -> str:
    """Add a use case to the register that is approved today, commit it, and return its id."""
    today, path = datetime.now(UTC).date(), it.home / USE_CASES
    case: dict[str, Any] = {
        "id": "UC-REHEARSAL",
        "name": "A rehearsal",
        "owner": owner,
        "risk": "minimal",
        "monthlyBudgetUsd": 1,
    }
    case |= {"approvedBy": "rehearsal", "approvedOn": today, "expires": today + timedelta(days=30)}
    edit(path, {"useCases": [*yaml.safe_load(path.read_text(encoding="utf-8"))["useCases"], case]})
    it.commit("A use case is approved")
    return "UC-REHEARSAL"


def _read_by_components(it: Stage) -> tuple[Path, str, str]:
    """Return a template of workload accounts, the resource in it that publishes a name, and that name."""
    for file in sorted((it.home / "infra" / "workload").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        for logical, one in read_template(text)["Resources"].items():
            name = one.get("Properties", {}).get("Name") if one["Type"] == "AWS::SSM::Parameter" else None
            known = declared(name, PARAMETER) if isinstance(name, str) and "Condition" not in one else None
            if known and {*known.needed_by} & {*COMPONENTS} and text.count(logical) == 1:
                return file, str(logical), str(name)
    raise AssertionError("no template of infra/workload publishes a name that components read")
