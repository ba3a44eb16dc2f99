"""A job of the pipeline, signed in to the emulated AWS as the role that `kit identity` prints."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.platform_roles import policy
from agentcore_kit.local.aws_emulator.world import sign_in, subject

ENV = "preprod"


class Job:
    """A job that has signed in to an environment's account."""

    def __init__(self, world: Any, env: str = ENV) -> None:
        self.world, self.env, self.account = world, env, world.at(env)
        self.component = load_manifest().metadata.name
        self.role = f"arn:aws:iam::{self.account.account}:role/{names.delivery_role(self.component)}"
        self.variables = sign_in(world.cloud, self.role, subject(env))
        self._session = boto3.Session(
            self.variables["AWS_ACCESS_KEY_ID"], "testing", "testing", region_name=self.account.region
        )

    def client(self, service: str) -> Any:
        """Return a client with the job's credentials."""
        return self._session.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])

    def type(self, *arguments: str) -> Any:
        """Type a command as the job does."""
        with self.world.monkeypatch.context() as typed:
            for name, value in self.variables.items():
                typed.setenv(name, value)
            return self.world.run(*arguments, "--env", self.env)

    def deploy(self) -> Any:
        """Deploy what is checked out; an image of it is there."""
        if repository_kind() != "Memory":
            self.world.ready()
        return self.type("deploy")

    def without(self, *actions: str) -> None:
        """Take actions away from the role."""
        self.world.cloud.iam.role(self.role).policies["less"] = policy(actions, effect="Deny")

    def denied(self) -> list[str]:
        """Return what was denied so far."""
        return [one.text for one in self.world.cloud.iam.denied]

    def stack(self, resources: dict[str, Any], name: str = "own") -> str:
        """Make or change a stack with the job's rights; return how it ends, or why its first resource failed."""
        formation, stack = self.client("cloudformation"), f"{self.component}-{self.env}-{name}"
        known = self.account.stacks.stacks.get(stack)
        formation.create_change_set(
            StackName=stack,
            ChangeSetName="it",
            ChangeSetType="UPDATE" if known else "CREATE",
            TemplateBody=json.dumps({"Resources": resources}),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": "component", "Value": self.component}],
        )
        formation.execute_change_set(StackName=stack, ChangeSetName="it")
        events = formation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [one for one in events if one["ResourceStatus"].endswith("_FAILED")]
        return str(failed[-1]["ResourceStatusReason"] if failed else events[0]["ResourceStatus"])


def trusting(service: str) -> dict[str, Any]:
    """Return a trust policy."""
    return {"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}}
