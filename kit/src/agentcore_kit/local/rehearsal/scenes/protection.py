"""Production without protection: GitHub's approval that nobody has made, and a role for more than its component."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator import world
from agentcore_kit.local.rehearsal.scene import AGENT, MEMORY, PLATFORM, TOOL, scene
from agentcore_kit.local.rehearsal.scenes.common import component, production
from agentcore_kit.local.rehearsal.stage import Stage

_REPOSITORY = "example-org/rehearsal"


class _WithoutEnvironments(BaseHTTPRequestHandler):
    """GitHub's API for a repository of which nobody has made an environment or protected a branch."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].removeprefix(f"/repos/{_REPOSITORY}")
        known: dict[str, object] = {
            "": {"full_name": _REPOSITORY, "private": True, "permissions": {"admin": False}},
            "/branches/main": {"name": "main", "protected": False},
            "/branches": [],
            "/rules/branches/main": [],
        }
        body = json.dumps(known.get(path, {"message": "Not Found"})).encode()
        self.send_response(200 if path in known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def github() -> Iterator[dict[str, str]]:
    """Serve GitHub's API on this machine; yield the variables of a job that asks it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _WithoutEnvironments) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {
                "GITHUB_ACTIONS": "true",
                "GH_TOKEN": "token-of-a-job",
                "GITHUB_REPOSITORY": _REPOSITORY,
                "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
            }
        finally:
            server.shutdown()


@scene("no-approval", "Nobody has made the environments on GitHub: the pipeline stops", AGENT, TOOL, MEMORY, PLATFORM)
def no_approval(it: Stage) -> None:
    """Let the pipeline look for reviewers and branch rules where there are none."""
    it.commit("A change that nobody would be asked about")
    (check,) = [step for step in it.steps() if step.command == "github-check"]
    needs = [step.job for step in it.steps()]
    assert needs.index(check.job) < needs.index("approval"), "it is looked for before anybody would be asked"
    with github() as variables:
        it.variables = variables
        it.refusal_expected = True
        assert not it.run(check), "production without reviewers is delivered to"
    it.variables = {}
    assert "no required reviewers" in it.said["github-check"]


@scene("pipeline-role", "A component's pipeline may not touch another component", AGENT)
def pipeline_role(it: Stage) -> None:
    """Call AWS with the roles of the pipeline, as somebody would who has taken over the repository."""
    first = production()[0]
    environment, place, own = it.environments[first], it.at(first), names.stack(component(), first, "runtime")
    other = names.stack(f"not-{component()}", first, "runtime")
    (runtime,) = place.runtimes.runtimes.values()
    with chdir(it.home):
        world.pipeline_roles(it.cloud)  # as this kit prints them, not as they were at the first release
    arn = f"arn:aws:iam::{environment.account}:role/"
    deliver = world.sign_in(it.cloud, arn + names.delivery_role(component()), world.subject(first))
    register = world.sign_in(it.cloud, arn + names.register_role(component()), world.subject("registry"))

    def refused(variables: dict[str, str], service: str, call: str, **parameters: object) -> bool:
        client = boto3.Session(
            variables["AWS_ACCESS_KEY_ID"],
            variables["AWS_SECRET_ACCESS_KEY"],
            variables["AWS_SESSION_TOKEN"],
            environment.region,
        ).client(service, endpoint_url=it.server.address, config=Config(retries={"max_attempts": 1}))
        try:
            getattr(client, call)(**parameters)
        except ClientError as error:
            return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
        return False

    assert not refused(deliver, "cloudformation", "describe_stacks", StackName=own)
    assert refused(deliver, "cloudformation", "delete_stack", StackName=other), "it deletes another component's stack"
    remembered = {"Name": names.memory("other", first) + "versions", "Value": "{}", "Type": "String"}
    assert refused(deliver, "ssm", "put_parameter", **remembered), "it changes what is remembered of another component"
    moves = {"agentRuntimeId": runtime.id, "endpointName": names.LIVE, "agentRuntimeVersion": "1"}
    assert refused(register, "bedrock-agentcore-control", "update_agent_runtime_endpoint", **moves), "it moves callers"
    assert refused(register, "cloudformation", "delete_stack", StackName=own), "the registry's job deletes production"
