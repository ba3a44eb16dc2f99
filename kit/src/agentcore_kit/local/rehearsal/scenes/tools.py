"""A tool's contract: a change that breaks agents, a compatible one and its way back; and the tools as a function."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from contextlib import chdir
from typing import Any

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.aws_emulator.gateways import Target
from agentcore_kit.local.aws_emulator.world import pipeline_roles
from agentcore_kit.local.rehearsal.component import fakes
from agentcore_kit.local.rehearsal.scene import TOOL, scene
from agentcore_kit.local.rehearsal.scenes.common import component, edit, production
from agentcore_kit.local.rehearsal.scenes.release import deliver_without_tests
from agentcore_kit.local.rehearsal.stage import Stage
from agentcore_kit.tool_contract.definitions import Definition, offered


def serve(it: Stage, digest: str, tools: list[Definition]) -> None:
    """Let the image of a commit list other tools than this repository's."""
    from agentcore_kit.local.rehearsal.tool_fakes import SERVERS, Server

    SERVERS[digest] = Server(load_manifest().metadata.version, tools)
    it.serve(fakes().answer)


def with_new_parameter() -> list[Definition]:
    """Return the tools; the first has one parameter more, which callers may leave out."""
    tools = copy.deepcopy(offered())
    schema: dict[str, Any] = tools[0]["inputSchema"]
    schema["properties"] = {**schema.get("properties", {}), "rehearsed": {"type": "string", "description": "New."}}
    return tools


def with_a_value_less() -> list[Definition]:
    """Return the tools; one takes fewer values of a parameter than before."""
    tools = copy.deepcopy(offered())
    for tool in tools:
        for schema in tool["inputSchema"].get("properties", {}).values():
            if len(schema.get("enum", ())) > 1:
                schema["enum"] = schema["enum"][:-1]
                return tools
            if schema.get("type") == "string" and "maxLength" not in schema:
                schema["maxLength"] = 400
                return tools
    raise AssertionError("no tool has a parameter that could take less")


def targets(it: Stage, env: str) -> list[Target]:
    """Return the targets of the tools of an environment on its gateways."""
    shared = it.cloud.at(str(it.environments[env].shared_account), it.environments[env].region)
    about = f"{component()} {env} "
    return [
        target
        for gateway in shared.gateways.gateways.values()
        for target in gateway.targets.values()
        if str(target.given.get("description", "")).startswith(about)
    ]


def shown(it: Stage, env: str) -> str:
    """Return what agents see of the tools of an environment through its gateway, as text."""
    return json.dumps([target.tools for target in targets(it, env)])


@scene("breaking-change", "A change that would break agents is refused before anybody gets it", TOOL)
def breaking_change(it: Stage) -> None:
    """Deploy tools of which one takes a value less, and try to give them to callers."""
    first, tested = production()[0], load_manifest().delivery.preproduction
    before = shown(it, first)
    digest = it.ready("A value less")
    serve(it, digest, with_a_value_less())
    for env in (tested, first):
        it.must("deploy", env=env)
        it.must("smoke", "--endpoint", "DEFAULT", env=env)
        it.refusal_expected = True
        assert not it.kit("promote", env=env), "a breaking change is given to agents"
        assert "would break agents" in it.said["promote"], it.said["promote"]
        assert it.live(env) == "1", "a breaking change is live"
    assert shown(it, first) == before, "agents are shown a breaking change"


@scene("contract-rollback", "A rollback brings back what the gateway shows of the tools", TOOL)
def contract_rollback(it: Stage) -> None:
    """Promote and register tools with one parameter more, and go back."""
    first = production()[0]
    digest = it.ready("A parameter that callers may give")
    serve(it, digest, with_new_parameter())
    it.must("deploy", env=first)
    it.must("smoke", "--endpoint", "DEFAULT", env=first)
    it.must("promote", env=first)
    assert "rehearsed" in shown(it, first), "the gateway does not show what the live version serves"
    it.must("rollback", env=first)
    assert it.live(first) == "1"
    assert "rehearsed" not in shown(it, first), "the gateway still shows the newer schemas after a rollback"
    it.must("monitor", env=first, job="monitor")
    (target,) = targets(it, first)
    target.tools = with_new_parameter()  # somebody has changed it by hand
    it.refused("monitor", env=first, job="monitor", because="gateway")


@scene("lambda", "The tools as a Lambda function, where nothing but the temporary folder takes files", TOOL)
def as_lambda(it: Stage) -> None:
    """Deliver the tools as a function from the first release on, and call it where its code can only be read."""
    first = production()[0]
    it.begin_anew()
    auth = {"inbound": "iam", "outbound": "gateway-iam-role"}
    edit(it.home / "manifest.yaml", {"spec": {"target": "lambda", "auth": auth}})
    with chdir(it.home):
        pipeline_roles(it.cloud)  # the platform deploys what `kit delivery-roles` prints for a function
    deliver_without_tests(it)
    it.must("smoke", env=first)
    variables = {**os.environ, "AGENT_ENV": "local", "PYTHONPATH": os.pathsep.join([str(it.home / "src"), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "agentcore_kit.local.rehearsal.read_only"],
        cwd=it.home, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"the function cannot read where only the temporary folder takes files: {done.stderr}"
