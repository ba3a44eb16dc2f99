"""Faults that were once in the kit, planted again one by one: the rehearsal of their kind must fail with each."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.config.manifest import repository_kind
from tests.delivery.planted_faults import Fault, check_noticed, check_sound

OF_KIND = {
    "Agent": [
        Fault(
            "a deployment takes the rights of what is live away",
            "delivery/rights.py",
            "used = [*endpoint_state.versions_in_use(state), "
            "*([canary.live, canary.target] if canary else []), *versions]",
            "used = []",
            "new-model",
            "callers of prod (live)",
        ),
        Fault(
            "a repeated alarm goes back again and again",
            "delivery/alarm_rollback.py",
            "    if done := state.automatic:\n",
            "    if False and (done := state.automatic):\n",
            "alarms",
            "a repeated alarm walks production back",
        ),
        Fault(
            "a promotion does not know of a canary",
            "delivery/promotion.py",
            "    canary = context.kind.running_canary(context, state)\n",
            "    canary = None\n",
            "canary",
            "kit promote --env prod should have been refused",
        ),
        Fault(
            "a version that failed its test is forgotten",
            "delivery/runtime_commands.py",
            "                endpoint_state.remember_test(context, version, passed=False)\n",
            "",
            "fails-in-production",
            "re-run failed jobs serves a version that has failed",
        ),
        Fault(
            "an older commit counts as newer",
            "delivery/newer.py",
            'if one.how != "failed" and is_older(head, commit_named(one.commit)):',
            "if False:",
            "older-run",
            "an older commit replaces a newer one",
        ),
        Fault(
            "a pipeline may change the stacks of other components",
            "delivery/delivery_roles.yaml",
            "        - cloudformation:UpdateTerminationProtection\n"
            "      Resource: 'arn:{partition}:cloudformation:{region}:{account}:stack/{component}-{environment}-*'\n",
            "        - cloudformation:UpdateTerminationProtection\n"
            "      Resource: 'arn:{partition}:cloudformation:{region}:{account}:stack/*'\n",
            "pipeline-role",
            "it deletes another component's stack",
        ),
        Fault(
            "the registry is asked in the environment's region",
            "delivery/registry.py",
            'context.client("agent-registry-control", match["region"])',
            'context.client("agent-registry-control")',
            "registry",
            "kit register of prod failed",
        ),
    ],
    "Tool": [
        Fault(
            "a breaking change is not refused",
            "delivery/tool_compatibility.py",
            "    if _major(version) <= _major(known.version):\n",
            "    if False:\n",
            "breaking-change",
            "a breaking change is given to agents",
        ),
        Fault(
            "the tools keep their data where a function can only read",
            "runtime/settings.py",
            '    return Path(tempfile.gettempdir()) / "agentcore-state"\n',
            "    return LOCAL_STATE\n",
            "lambda",
            "cannot read where only the temporary folder takes files",
        ),
    ],
    "Memory": [
        Fault(
            "a first creation that fails leaves a memory",
            "delivery/stacks.py",
            "ClientRequestToken=token, RetainExceptOnCreate=True",
            "ClientRequestToken=token",
            "first-creation",
            "a memory is left of which no stack knows",
        ),
    ],
}
FAULTS = OF_KIND[repository_kind()]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state after the first release, of a kit without a fault; with that all scenes pass."""
    folder = tmp_path_factory.mktemp("rehearsal") / "state"
    check_sound(folder, FAULTS)
    return folder


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_noticed_by_its_scene(fault: Fault, state: Path, tmp_path: Path) -> None:
    check_noticed(state, fault, tmp_path)
