"""What the kit must know of a kind of component. Each kind is a class; the manifest's `kind` says which one it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar

from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.manifest import Manifest, load_manifest, repository_kind
from agentcore_kit.config.repository import repository_root

if TYPE_CHECKING:
    from agentcore_kit.delivery.context import DeploymentContext
    from agentcore_kit.delivery.endpoint_history import Canary
    from agentcore_kit.delivery.endpoint_state import EndpointState
    from agentcore_kit.delivery.registry import Descriptor
    from agentcore_kit.delivery.stacks import Stack
    from agentcore_kit.evaluation.target import Target

C = TypeVar("C", bound="DeploymentContext[Any, Any]")
"""The deployment context of a kind: an environment with that kind's manifest and environment file."""

_KINDS = {
    "Agent": "agentcore_kit.kinds.agent:AgentKind",
    "Tool": "agentcore_kit.kinds.tool:ToolKind",
    "Memory": "agentcore_kit.kinds.memory:MemoryKind",
    "Platform": "agentcore_kit.kinds.platform:PlatformKind",
}


@cache
def kind_of(name: str) -> Kind[Any]:
    """Return a kind by its name in the manifest: Agent, Tool, Memory or Platform."""
    made: Kind[Any] = import_string(_KINDS[name])()
    return made


def kind_of_repository() -> Any:
    """Return the kind of the repository that the process works for.

    Raises:
        ConfigError: When there is no manifest, or its kind is not known.
    """
    return kind_of(repository_kind())


class CanaryData(TypedDict):
    """What `kit status --json` says of a canary."""

    version: str
    """What a share of the callers gets."""
    control: str
    """What was live when it began."""
    percent: int
    """The share of the sessions that it gets."""
    since: str
    """When it began, as an ISO time in UTC."""


class ReleaseData(TypedDict, total=False):
    """What `kit status --json` says of releases; a kind leaves out what it does not know."""

    live: str | None
    """What callers get: a version of the runtime, an image, a configuration; None for nothing."""
    newest: str | None
    """What was deployed last."""
    good: list[str]
    """What has passed its smoke test while it was live, the last one last."""
    left: list[str]
    """What a rollback or a canary took callers away from, the last one last."""
    failed: list[str]
    """Whose last smoke test failed, the last one last."""
    newer: list[str]
    """What was deployed after what is live."""
    untested: str | None
    """What live was sent to, when that has not ended."""
    since: str | None
    """When live was moved last, as an ISO time in UTC."""
    why: str | None
    """Why it was moved last."""
    commit: str | None
    """The commit of what is live; None where its image does not tell."""
    canary: CanaryData | None
    """The canary that is running."""


How = Literal["live", "begun", "left", "failed"]
"""What became of a commit that was delivered: it is live, live was sent to it and that has not ended, a rollback or a
canary left it, or its smoke test failed."""


@dataclass(frozen=True)
class Delivered:
    """A commit that was delivered to an environment before."""

    commit: str
    how: How
    version: str = ""
    """What it was deployed as, where that has a name of its own."""


class Kind(ABC, Generic[C]):
    """What delivery and evaluation ask of a component. Every method may raise CommandError, which ends the command."""

    @abstractmethod
    def release(self, context: C, digest: str) -> str:
        """Return what a deployment brings: an image by digest, or the commit for a kind that has none.

        Args:
            context: The environment.
            digest: `sha256:…` of an image; empty for that of the commit that is checked out.
        """

    @abstractmethod
    def allow(self, context: C, release: str) -> None:
        """Do nothing when this release may come to this environment; raise CommandError when it may not."""

    def needed(self, context: C) -> list[str]:
        """Return the SSM parameters that a deployment cannot do without; a kind that reads any overrides this."""
        return []

    def needed_later(self, context: C) -> list[str]:
        """Return the SSM parameters that a later command cannot do without, such as register or canary."""
        return []

    @abstractmethod
    def stack_names(self, context: C) -> list[str]:
        """Return the names of all stacks that the component may have, in the order in which they are made."""

    @abstractmethod
    def stacks(self, context: C, release: str) -> list[Stack]:
        """Return the stacks that a deployment brings, in order; UNKNOWN for what an earlier one will give."""

    @abstractmethod
    def deployed(self, context: C, release: str) -> str:
        """Return what a deployment has brought, and the next step, for its last line."""

    @abstractmethod
    def live(self, context: C) -> str:
        """Return what is live, read from the service; also when nothing is."""

    @abstractmethod
    def status(self, context: C) -> list[str]:
        """Return what `status` shows besides the stacks; the last line says what is live, and the next step."""

    def release_data(self, context: C) -> ReleaseData:
        """Return what `status --json` says of releases; a kind that knows of any overrides this."""
        return {}

    def extras(self, context: C) -> list[tuple[str, Callable[[], object]]]:
        """Return what is there besides the stacks and has to go before them: what to say of it, and how it goes."""
        return []

    def left_behind(self, context: C) -> str:
        """Return what stays in the account when all stacks are deleted, for the last line of `destroy`."""
        return "log groups stay until their retention ends"

    def delivered(self, context: C) -> list[Delivered]:
        """Return the commits that were delivered before, which `kit newer` compares with; a kind overrides this."""
        return []

    @abstractmethod
    def descriptor(self, manifest: Manifest) -> Descriptor:
        """Return what the organisation's registry is told of the component."""


Output = Callable[[str, str], str]
"""Returns an output of another of the component's stacks, by the template's name and the output's; UNKNOWN for now."""

Parameters = dict[str, dict[str, str]]
"""Values of the parameters of templates, by the template's name: `role` for `infra/role.yaml`."""


class _Unread(dict[str, str]):
    """Stands for what the platform publishes, where only the names of parameters are asked for."""

    def __missing__(self, _: str) -> str:
        return ""


class RuntimeKind(Kind[C]):
    """A kind that AgentCore Runtime serves: its releases are images, its versions are moved to by endpoints."""

    port: int
    """Where the Runtime calls it."""

    @abstractmethod
    def published(self, context: C) -> dict[str, str]:
        """Return what the platform publishes and this component needs, by the names of SSM parameters.

        Raises:
            CommandError: With all that is missing.
        """

    @abstractmethod
    def template_parameters(self, context: C, release: str, published: Mapping[str, str], output: Output) -> Parameters:
        """Return what the kit has values for, of the templates that a deployment brings, in the order of the stacks.

        Args:
            context: The environment.
            release: The image, by digest.
            published: What the platform publishes.
            output: Gives the outputs of the stacks before.
        """

    def stacks(self, context: C, release: str) -> list[Stack]:
        """Return the stacks that a deployment brings, in order; not that of `live`, which promotion makes and moves."""
        from agentcore_kit.delivery.rights import widened, widened_function
        from agentcore_kit.delivery.stacks import output_of, stack_of

        given = self.template_parameters(context, release, self.published(context), partial(output_of, context))
        if "role" in given:
            given["role"] = widened(context, given["role"])
        if "lambda" in given:
            given["lambda"] = widened_function(context, given["lambda"])
        return [stack_of(context, concern, values) for concern, values in given.items()]

    def known_parameters(self, context: C) -> dict[str, set[str]]:
        """Return the names of the parameters that the kit has values for, by template; asks no service."""
        from agentcore_kit.delivery.endpoints import stack_parameters

        given = self.template_parameters(context, "", _Unread(), lambda *_: "")
        return {name: {*values} for name, values in given.items()} | {"endpoint": {*stack_parameters(context, "", "")}}

    @abstractmethod
    def example_request(self, port: int, token: str) -> str:
        """Return a command that tries a server on this machine."""

    @abstractmethod
    def smoke(self, context: C, runtime_arn: str, endpoint: str, token: str) -> None:
        """Ask an endpoint what every version must be able to answer.

        Raises:
            CommandError: With the first wrong answer.
        """

    def before_promotion(self, context: C, version: str) -> None:
        """Do nothing when callers may get a version, before anything moves; a kind that compares more overrides this.

        Raises:
            CommandError: When they may not.
        """

    def after_move(self, context: C, version: str) -> None:
        """Bring what depends on the version that callers have into line with it, after each move; safe to repeat.

        Raises:
            CommandError: When that is not possible; the version stays live.
        """

    def running_canary(self, context: C, state: EndpointState) -> Canary | None:
        """Return the canary that is running, or whose end was interrupted; None for none."""
        return state.canary

    def end_canary(self, context: C) -> None:
        """Give all callers what is live, if a share of them had a canary; safe to repeat."""

    @abstractmethod
    def build_target(self, where: str, day: date | None = None) -> Target:
        """Return whom an evaluation asks.

        Args:
            where: `local`, a URL, or the ARN of a runtime or of one of its endpoints.
            day: The date that a target elsewhere is asked on; None for today.
        """

    @abstractmethod
    def tool_schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the JSON schema of the parameters of each of the component's own tools, by name."""

    def evaluators(self) -> Sequence[type[Any]]:
        """Return what the team measures: the list that `spec.code.evaluators` of the manifest names."""
        found: Sequence[type[Any]] = import_string(load_manifest().spec.code.evaluators)
        return found

    def evaluation_variables(self, context: C) -> dict[str, str]:
        """Return variables that `kit eval` needs besides, to reach a deployed component."""
        return {}

    def evaluate(self, context: C, url: str, token: str, date: str) -> int:
        """Run `kit eval` against the deployed component, in a process of its own.

        Args:
            context: The environment, whose thresholds hold.
            url: Where the component answers.
            token: The token of a user; empty where AWS credentials open it.
            date: The date that the component is told, as YYYY-MM-DD; empty for today.

        Returns:
            The exit code: 0 passed, 1 below threshold, 2 wrong input, 3 could not run.
        """
        command = [sys.executable, "-m", "agentcore_kit", "eval", "--target", url, *(["--date", date] if date else [])]
        from agentcore_kit.delivery.user_tokens import user_tokens
        from agentcore_kit.evaluation.users import TOKENS

        variables = {"AGENT_ENV": context.name, "EVAL_TOKEN": token, TOKENS: json.dumps(user_tokens(context))}
        variables |= self.evaluation_variables(context)
        done = subprocess.run(command, cwd=repository_root(), env=os.environ | variables, check=False)  # noqa: S603
        return done.returncode

    def release(self, context: C, digest: str) -> str:
        """Return the image of a digest, or of the commit that is checked out, by digest."""
        from agentcore_kit.delivery import images

        return images.find(context, digest).uri

    def allow(self, context: C, release: str) -> None:
        """Raise CommandError unless the image has passed pre-production, where it must have."""
        from agentcore_kit.delivery import runtime_releases

        runtime_releases.allow(context, release)

    def deployed(self, context: C, release: str) -> str:
        """Return which version a deployment has made. Callers stay on what is live."""
        from agentcore_kit.delivery import runtime_releases

        return runtime_releases.deployed(context, release)

    def live(self, context: C) -> str:
        """Return which version callers get, as the service has it."""
        from agentcore_kit.delivery import runtime_releases

        return runtime_releases.live(context)

    def status(self, context: C) -> list[str]:
        """Return the newest version, those one could go back to, and what is live."""
        from agentcore_kit.delivery import runtime_releases

        return runtime_releases.status(context)

    def delivered(self, context: C) -> list[Delivered]:
        """Return the commits of the versions that are live, were left, or failed, as their images are tagged."""
        from agentcore_kit.delivery import runtime_releases

        return runtime_releases.delivered(context)

    def release_data(self, context: C) -> ReleaseData:
        """Return the versions of the runtime: live, newest, good, left, failed; and the canary."""
        from agentcore_kit.delivery import runtime_releases

        return runtime_releases.data(context)
