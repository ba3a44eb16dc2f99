"""A version of an agent needs its model: without it, its callers get an error."""

from __future__ import annotations

from tests.delivery.pipeline_job import Job
from tests.delivery.runtime.test_emulated_roles import ask, deployed, execution_role, job

__all__ = ["deployed", "job"]


def test_a_version_whose_role_lost_its_model_answers_with_an_error(deployed: Job) -> None:
    assert ask(deployed)[0] == 200
    role = execution_role(deployed)
    role.policies = {name: one for name, one in role.policies.items() if "bedrock:InvokeModel" not in str(one)}
    status, said = ask(deployed)
    assert (status, "AccessDeniedException" in said) == (500, True)
    assert "is not authorized to perform: bedrock:InvokeModel on resource" in said


def test_a_boundary_takes_the_model_away_too(deployed: Job) -> None:
    role, account = execution_role(deployed), deployed.account.account
    boundary = deployed.world.cloud.iam.account(account).policies[role.boundary]
    boundary["Statement"]["Action"] = [one for one in boundary["Statement"]["Action"] if one != "bedrock:*"]
    status, said = ask(deployed)
    assert (status, "because no permissions boundary allows the bedrock:InvokeModel action" in said) == (500, True)
