"""Policies: only logged at first, enforced by a step of its own, and never changed unseen."""

from __future__ import annotations

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.local.aws_emulator.gateways import Target
from agentcore_kit.local.rehearsal.scene import PLATFORM, scene
from agentcore_kit.local.rehearsal.scenes.common import component
from agentcore_kit.local.rehearsal.scenes.platform import before_production, deliver_to
from agentcore_kit.local.rehearsal.stage import Stage
from agentcore_kit.policies.engine import load
from agentcore_kit.policies.table import policies_folder


def register_tools(it: Stage, env: str, *targets: str) -> None:
    """Let the account's gateway have targets, as `kit register` in the repositories of their tools leaves them."""
    (gateway,) = it.at(env).gateways.gateways.values()
    for name in targets:
        gateway.targets[name] = Target(f"TARGET{len(gateway.targets):04d}", {"name": name}, "READY")


def modes(it: Stage, env: str) -> list[str]:
    """Return the mode of each policy that is deployed, sorted."""
    found = it.at(env).stacks.stacks.get(f"{component()}-{env}-policies")
    resources = found.resources.values() if found else ()
    return sorted(str(one.properties["EnforcementMode"]) for one in resources)


@scene("policy", "A policy is only logged at first, then enforced; a change of it is never enforced unseen", PLATFORM)
def policy(it: Stage) -> None:
    """Register tools, deliver and activate policies, change one, and activate that."""
    env, files = before_production(), load(policies_folder()).files
    statements = [one for one in files.statements if one.tools]
    if not statements or it.environments[env].gateway is None:  # type: ignore[attr-defined]
        print(f"{'':8}{env} has no gateway, or no policy names a tool: nothing to rehearse here")
        return
    assert modes(it, env) == ["LOG_ONLY"] * (len(files.statements) - len(statements)), "no policy before its tools"
    register_tools(it, env, *sorted({tool.partition(SEPARATOR)[0] for one in statements for tool in one.tools}))
    assert deliver_to(it, env)
    assert modes(it, env) == ["LOG_ONLY"] * len(files.statements), "a policy that is new is only logged"
    it.must("policies", "--activate", env=env)
    assert modes(it, env) == ["ACTIVE"] * len(files.statements)

    changed = it.home / "policies" / statements[0].file.name
    changed.write_text(f"// Reviewed.\n{changed.read_text(encoding='utf-8')}", encoding="utf-8")
    it.commit("Change a policy")
    it.refused("policies", "--activate", env=env, because="nobody has seen what they decide")
    assert deliver_to(it, env)
    assert modes(it, env) == [*["ACTIVE"] * len(files.statements), "LOG_ONLY"], "what is enforced stays enforced"
    it.must("policies", "--activate", env=env)
    assert modes(it, env) == ["ACTIVE"] * len(files.statements), "the former text goes with the activation"
