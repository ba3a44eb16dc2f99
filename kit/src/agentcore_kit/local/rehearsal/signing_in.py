"""How a job of the workflow signs in: by the token of GitHub that says which environment it is in, to its role."""

from __future__ import annotations

import re

from agentcore_kit.local.aws_emulator import world
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.rehearsal.workflow import Step


def signed_in(cloud: Cloud, printed: str, step: Step) -> dict[str, str]:
    """Return the variables of a shell after a job has signed in.

    Args:
        cloud: The emulated AWS.
        printed: What `kit identity` has printed in the job, with the role.
        step: That step, with the job's environment of GitHub.

    Raises:
        AssertionError: When it names no role.
        ApiError: When the role's trust does not hold what GitHub says of the job.
    """
    role = re.search(r"^role=(.+)$", printed, re.MULTILINE)
    assert role, f"kit identity names no role: {printed}"
    return world.sign_in(cloud, role[1], world.subject(step.environment))
