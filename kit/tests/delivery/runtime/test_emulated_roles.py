"""The emulated AWS lets the version that serves a request do what its execution role allows, and no more."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import access_key
from agentcore_kit.local.aws_emulator.iam import Role
from agentcore_kit.local.aws_emulator.world import sign_in, subject
from tests.delivery.pipeline_job import ENV, Job, trusting


@pytest.fixture
def job(world: Any) -> Job:
    return Job(world)


@pytest.fixture
def deployed(job: Job) -> Job:
    """Deploy with the rights of the pipeline."""
    done = job.deploy()
    assert done.code == 0, done.err + done.out
    return job


def execution_role(job: Job) -> Role:
    """Return the role of the newest version."""
    (runtime,) = job.account.runtimes.runtimes.values()
    found = job.world.cloud.iam.role(runtime.versions[-1]["RoleArn"])
    assert isinstance(found, Role)
    return found


def ask(job: Job) -> tuple[int, str]:
    """Ask the newest version; return the status and what it says."""
    (runtime,) = job.account.runtimes.runtimes.values()
    path = f"/runtimes/{quote(runtime.arn, safe='')}/invocations?qualifier=DEFAULT"
    body = b'{"prompt": "hello", "method": "tools/list", "id": 1, "jsonrpc": "2.0"}'
    scheme = job.account.runtimes.scheme_of(runtime.arn)
    status, _, said, _ = job.world.cloud.invoke(path, {"Authorization": f"{scheme} x"}, body)
    return status, said.decode()


def test_a_signed_invocation_needs_the_right_to_invoke(deployed: Job) -> None:
    (runtime,) = deployed.account.runtimes.runtimes.values()
    for version in runtime.versions:
        version.pop("AuthorizerConfiguration", None)  # so AWS credentials open it
    path = f"/runtimes/{quote(runtime.arn, safe='')}/invocations?qualifier=DEFAULT"
    body = b'{"prompt": "hello", "method": "tools/list", "id": 1, "jsonrpc": "2.0"}'

    def ask_as(key: str) -> tuple[int, str]:
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20200101/eu-central-1/bedrock-agentcore/aws4"}
        status, _, said, _ = deployed.world.cloud.invoke(path, signed, body)
        return status, said.decode()

    assert ask_as(access_key(deployed.account.account))[0] == 200
    status, said = ask_as(deployed.variables["AWS_ACCESS_KEY_ID"])
    assert (status, "bedrock-agentcore:InvokeAgentRuntime on resource: " in said) == (403, True)


def test_an_image_is_pushed_only_by_who_may_push_it(job: Job) -> None:
    shared = job.world.cloud.at(str(job.world.environments[ENV].shared_account), job.account.region)
    builder = f"arn:aws:iam::{shared.account}:role/{names.delivery_role(job.component)}"
    body = json.dumps([shared.account, shared.region, job.component, "tag", f"sha256:{'1' * 64}", []]).encode()

    def pushed_by(key: str) -> int:
        asked = Request(f"{os.environ['AWS_ENDPOINT_URL']}/docker/push", body, {"X-Access-Key": key})  # noqa: S310
        try:
            with urlopen(asked) as reply:  # noqa: S310
                return int(reply.status)
        except HTTPError as error:
            return error.code

    assert pushed_by(job.variables["AWS_ACCESS_KEY_ID"]) == 403
    assert pushed_by(sign_in(job.world.cloud, builder, subject())["AWS_ACCESS_KEY_ID"]) == 200
    assert shared.images.repositories[job.component]


def test_a_version_whose_role_does_not_trust_the_service_does_not_run(deployed: Job) -> None:
    assert ask(deployed)[0] == 200
    execution_role(deployed).trust = trusting("another.amazonaws.com")
    status, said = ask(deployed)
    assert (status, "AccessDeniedException" in said, "sts:AssumeRole" in said) == (500, True, True)


def test_the_shared_account_has_a_say_in_what_is_its_own(job: Job) -> None:
    shared = str(job.world.environments[ENV].shared_account)
    found = {"registryId": shared, "repositoryName": load_manifest().metadata.name}
    image = {**found, "imageIds": [{"imageDigest": f"sha256:{'0' * 64}"}]}
    with pytest.raises(ClientError, match="does not exist"):  # it was allowed to look
        job.client("ecr").describe_images(**image)
    job.world.cloud.iam.shared.clear()
    with pytest.raises(ClientError, match="because no resource-based policy allows the ecr:DescribeImages action"):
        job.client("ecr").describe_images(**image)


def test_a_role_is_given_to_a_service_only_by_who_may_pass_it(job: Job) -> None:
    properties = {
        "AgentRuntimeName": names.snake(job.component, ENV),
        "AgentRuntimeArtifact": {"ContainerConfiguration": {"ContainerUri": "none"}},
        "RoleArn": f"arn:aws:iam::{job.account.account}:role/administrator",
        "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
    }
    runtime = {"Type": "AWS::BedrockAgentCore::Runtime", "Properties": properties}
    said = job.stack({"Runtime": runtime})
    assert "is not authorized to perform: iam:PassRole on resource: " in said
    assert "role/administrator" in said
