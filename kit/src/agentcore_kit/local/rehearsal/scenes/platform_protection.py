"""What the pipeline cannot give itself, and an account that is removed only when nothing stands on it."""

from __future__ import annotations

from copy import deepcopy

from agentcore_kit.config.components import load_components
from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery import names
from agentcore_kit.delivery.delivery_roles import template_text
from agentcore_kit.local.aws_emulator import world
from agentcore_kit.local.aws_emulator.iam_policies import Request
from agentcore_kit.local.aws_protocol.wire import ApiError
from agentcore_kit.local.rehearsal.scene import PLATFORM, scene
from agentcore_kit.local.rehearsal.scenes.common import component
from agentcore_kit.local.rehearsal.scenes.platform import before_production, deliver_to, deployed, in_production
from agentcore_kit.local.rehearsal.stage import Stage

_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@scene("pipeline-itself", "A commit that gives the pipeline more rights is stopped, whoever has approved it", PLATFORM)
def pipeline_itself(it: Stage) -> None:
    """Merge a template that gives the pipeline's own role every right, and call IAM with that role."""
    env = before_production()
    role = names.delivery_role(component())
    account = f"arn:aws:iam::{it.environments[env].account}"
    before = deepcopy(it.cloud.iam.role(f"{account}:role/{role}").policies)  # type: ignore[union-attr]
    file = it.home / "infra" / "workload" / "alarms.yaml"
    template = read_template(file.read_text(encoding="utf-8"))
    properties = {"ManagedPolicyName": f"{component()}-more", "Roles": [role], "PolicyDocument": _ALL}
    more = {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    changed = {**template, "Resources": {**template["Resources"], "MoreRights": more}}
    file.write_text(template_text(changed), encoding="utf-8")
    it.commit("More rights for the pipeline")
    it.refusal_expected = True
    assert not deliver_to(it, env), "the pipeline gives itself every right"
    assert "is not authorized to perform: iam:" in it.said["deploy"], it.said["deploy"]
    assert it.cloud.iam.role(f"{account}:role/{role}").policies == before  # type: ignore[union-attr]

    key = world.sign_in(it.cloud, f"{account}:role/{role}", world.subject(env))["AWS_ACCESS_KEY_ID"]
    for action, resource in (
        ("iam:UpdateAssumeRolePolicy", f"{account}:role/{role}"),
        ("iam:DeleteRolePermissionsBoundary", f"{account}:role/{role}"),
        ("iam:CreatePolicyVersion", f"{account}:policy/agentops-delivery-boundary"),
        ("iam:SetDefaultPolicyVersion", f"{account}:policy/agentops-delivery-boundary"),
        ("iam:DetachRolePolicy", f"{account}:role/{role}"),
    ):
        try:
            it.cloud.iam.check(it.cloud.iam.caller(key), [Request(action, resource)])
        except ApiError:
            continue
        raise AssertionError(f"the pipeline may call {action} on {resource}")


@scene("destroy", "An account is removed by its name, when nothing stands on it; no other is touched", PLATFORM)
def destroy(it: Stage) -> None:
    """Try to remove accounts that are in use, then remove one that is not."""
    env, shared = next(iter(it.environments)), in_production(it, "shared")
    others = {name: set(it.at(name).stacks.stacks) for name in it.environments if name != env}
    it.answer = "yes"
    it.refused("destroy", env=env, because="not confirmed")
    it.answer = ""
    beside = [name for name, one in it.environments.items() if one.account == it.environments[shared].account]
    if beside[-1] != shared:
        it.refused("destroy", env=shared, because=f"kit destroy --env {beside[-1]}")
    for entry in load_components().components[:1]:
        with deployed(it, entry.name, env):
            it.refused("destroy", env=env, because=f"{entry.name} is deployed here")
    it.errors_expected = (f"{env} is removed", "")
    it.must("destroy", env=env)
    assert not it.at(env).stacks.stacks, f"left are {', '.join(it.at(env).stacks.stacks)}"
    assert others == {name: set(it.at(name).stacks.stacks) for name in others}, "another account is touched"
    it.must("status", env=env)
