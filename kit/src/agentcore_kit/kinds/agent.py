"""What delivery must know of an agent: its stacks and their parameters, its smoke test, what the registry is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx

from agentcore_kit.config.agent import AgentEnvironment, AgentManifest
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.regions import WITHOUT_ONLINE_EVALUATION
from agentcore_kit.delivery import canary, consumed, names, output, published, ssm
from agentcore_kit.delivery import stacks as formation
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError
from agentcore_kit.delivery.invoke import invoke
from agentcore_kit.delivery.regions import partition
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.delivery.rights import Rights, model_rights
from agentcore_kit.delivery.secret_check import secret_parameter
from agentcore_kit.delivery.user_tokens import user_tokens
from agentcore_kit.kinds.base import Output, Parameters, RuntimeKind

if TYPE_CHECKING:
    from agentcore_kit.delivery.endpoint_history import Canary
    from agentcore_kit.delivery.endpoint_state import EndpointState
    from agentcore_kit.evaluation.target import Target

AgentContext = DeploymentContext[AgentManifest, AgentEnvironment]


class AgentKind(RuntimeKind[AgentContext]):
    """An agent: answers requests with a model and tools."""

    port = 8080

    def stack_names(self, context: AgentContext) -> list[str]:
        """Return the names of the agent's stacks, in the order in which they are made."""
        concerns = ["role", "runtime", "observability", "evaluation", "endpoint", published.CONCERN]
        return [names.stack(context.component, context.name, concern) for concern in concerns]

    def needed(self, context: AgentContext) -> list[str]:
        """Return who signs users in, keys, boundary, guardrail, gateways and memory, as far as they are asked for."""
        return [*_of_platform(context), *consumed.needed(context)]

    def needed_later(self, context: AgentContext) -> list[str]:
        """Return what a canary needs."""
        gateway = context.manifest.spec.canary_gateway
        return [names.gateway_arn(gateway), names.AB_TEST_ROLE] if gateway else []

    def published(self, context: AgentContext) -> dict[str, str]:
        """Return who signs users in, keys, boundary and guardrail, as far as this environment asks for them."""
        wanted = _of_platform(context)
        found = ssm.required(context, wanted) if wanted else {}
        return found | consumed.published(context) | ssm.optional(context, [names.ALARM_TOPIC])

    def template_parameters(
        self, context: AgentContext, release: str, published: Mapping[str, str], output: Output
    ) -> Parameters:
        """Return what follows from manifest, environment file and platform, by template."""
        role = {} if context.environment.role else {"role": _role(context, published)}
        return {
            **role,
            "runtime": _runtime(context, published, release, output),
            "observability": _observability(context, published, output),
            "evaluation": _evaluation(context, published, output),
        }

    def evaluations(self, context: AgentContext) -> dict[str, str]:
        """Return the ARNs of the online evaluations by endpoint. Raises CommandError when there are none."""
        if context.region in WITHOUT_ONLINE_EVALUATION:
            what = f"AgentCore has no online evaluation in {context.region}, so no session is judged"
            next_step = f"evaluate it before its promotion: kit eval --env {context.name} --target ARN-OF-THE-RUNTIME"
            raise CommandError(what, next_step, WRONG_INPUT)
        outputs = {names.LIVE: "LiveEvaluationArn", names.CANARY: "CanaryEvaluationArn"}
        found = {endpoint: formation.output_of(context, "evaluation", key) for endpoint, key in outputs.items()}
        if formation.UNKNOWN in found.values():
            raise CommandError(f"{context.name} has no online evaluation yet", f"kit deploy --env {context.name}")
        return found

    def extras(self, context: AgentContext) -> list[tuple[str, Callable[[], object]]]:
        """Return what a canary has made, which is in no stack."""
        return canary.extras(context)

    def running_canary(self, context: AgentContext, state: EndpointState) -> Canary | None:
        """Return the canary that is running, or whose end was interrupted; None for none."""
        return canary.of(context, state)

    def end_canary(self, context: AgentContext) -> None:
        """Give all callers what is live, if a share of them had a canary; safe to repeat."""
        evaluated = formation.output_of(context, "evaluation", "CanaryEvaluationArn")
        canary.end(context, "" if evaluated == formation.UNKNOWN else evaluated)

    def smoke(self, context: AgentContext, runtime_arn: str, endpoint: str, token: str) -> None:
        """Ask an endpoint the rows of the ground truth that are tagged `smoke`, in one conversation each.

        Rows whose users cannot be signed in are left out, with a line that says so.

        Raises:
            CommandError: With the first row that is not answered as it should be, by its id and file.
        """
        from agentcore_kit.evaluation.smoke import SmokeFailure, ask_smoke_rows
        from agentcore_kit.evaluation.users import by_given_tokens

        def ask(session_id: str, prompt: str, user_token: str) -> httpx.Response:
            return invoke(context, runtime_arn, endpoint, user_token or token, {"prompt": prompt}, session_id)

        try:
            often = context.environment.smoke
            left_out = ask_smoke_rows(ask, by_given_tokens(user_tokens(context)), often.tries, often.needed)
            for row, reason in left_out.items():
                output.step(f"left out row {row}: {reason}")
        except SmokeFailure as failure:
            next_step = f"kit status --env {context.name}"
            raise CommandError(f"the smoke test of {endpoint} failed: {failure}", next_step, GATE_NOT_PASSED) from None

    def example_request(self, port: int, token: str) -> str:
        """Return a command that asks an agent on this machine."""
        return (
            f"  curl -s http://127.0.0.1:{port}/invocations -H 'Authorization: Bearer {token}' \\\n"
            "    -H 'Content-Type: application/json' -d '{\"prompt\": \"What can you do?\"}'"
        )

    def build_target(self, where: str, day: date | None = None) -> Target:
        """Return whom an evaluation asks: the agent in this process, one behind a URL, or a deployed one."""
        from agentcore_kit.evaluation import agent_targets

        return agent_targets.build_target(where, day)

    def tool_schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the JSON schema of the parameters of each of the agent's own and of recorded tools, by name."""
        from agentcore_kit.evaluation import agent_tools

        return agent_tools.known_tools()

    def descriptor(self, manifest: Manifest) -> Descriptor:
        """Return what the registry is told: an A2A agent card, or the contract that the agent serves.

        The card's version is `0.3`: the registry refuses `0.3.0`.
        """
        about, wanted = manifest.metadata, manifest.spec.registry
        skills = [skill.model_dump(by_alias=True) for skill in wanted.skills]
        if wanted.descriptor == "agent-card":
            card = {
                "protocolVersion": "0.3.0",
                "name": about.name,
                "description": about.description,
                "version": about.version,
                "url": wanted.url,
                "capabilities": {"streaming": True},
                "defaultInputModes": ["text/plain"],
                "defaultOutputModes": ["text/plain"],
                "skills": skills,
            }
            return Descriptor("AGENT", "a2aAgentCard", json.dumps(card, ensure_ascii=False), "0.3")
        contract = {
            "name": about.name,
            "description": about.description,
            "version": about.version,
            "owner": about.owner,
            "useCaseId": about.use_case_id,
            "protocol": manifest.spec.protocol,
            "runtime": names.snake(about.name, manifest.delivery.publisher),
            **_further({name: names.snake(about.name, name) for name in manifest.delivery.production}),
            "endpoint": names.LIVE,
            "request": {"prompt": "text", "stream": "true or false"},
            "skills": skills,
        }
        return Descriptor("AGENT", "custom", json.dumps(contract, ensure_ascii=False))


def _of_platform(context: AgentContext) -> list[str]:
    """Return the SSM parameters of the platform that this environment asks for."""
    environment, guardrail = context.environment, context.manifest.spec.guardrail
    wanted: list[str] = []
    if environment.identity.discovery_url is None:
        wanted.append(names.DISCOVERY_URL)
    if not environment.identity.clients and not environment.identity.audience:
        wanted.append(names.CLIENTS)
    if environment.logs.encrypted:
        wanted.append(names.LOG_KEY)
    if environment.permissions_boundary:
        wanted.append(names.BOUNDARY)
    return [*wanted, *names.guardrail(guardrail)] if guardrail else wanted


def _further(runtimes: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the runtimes of all production environments, where there are several; the first is told in any case."""
    return {"runtimes": runtimes} if len(runtimes) > 1 else {}


def _base(context: AgentContext) -> dict[str, str]:
    return {"RuntimeName": names.snake(context.component, context.name), **names.tag_parameters(context.manifest)}


def _role(context: AgentContext, found: Mapping[str, str]) -> dict[str, str]:
    arn = f"arn:{partition(context.region)}"
    shared = f"{context.region}:{context.environment.shared_account}"
    rights = _rights(context, found)
    model = context.environment.model
    return {
        **_base(context),
        "RepositoryArn": f"{arn}:ecr:{shared}:repository/{context.component}",
        **rights.parameters(),
        "PermissionsBoundary": found.get(names.BOUNDARY, ""),
        # What an infra/role.yaml of an earlier release asks for, which has one of each.
        "ModelId": model.id if model.provider == "bedrock" else "",
        "MemoryArn": "".join(rights.memories),
        "GuardrailArn": "".join(rights.guardrails),
    }


def _rights(context: AgentContext, found: Mapping[str, str]) -> Rights:
    """Return what the version needs that is to be deployed."""
    environment, spec = context.environment, context.manifest.spec
    arn, own = f"arn:{partition(context.region)}", f"{context.region}:{context.account}"
    guardrail = found[names.guardrail(spec.guardrail)[0]] if spec.guardrail else ""
    needed = Rights(
        guardrails=(f"{arn}:bedrock:{own}:guardrail/{guardrail}",) if guardrail else (),
        secrets=tuple(secret_parameter(context).split(",")) if environment.secrets else (),
    )
    model = environment.model.id if environment.model.provider == "bedrock" else ""
    return needed | model_rights(context, model) | consumed.memory_rights(context, found)


def _runtime(context: AgentContext, found: Mapping[str, str], image: str, output: Output) -> dict[str, str]:
    environment, spec = context.environment, context.manifest.spec
    identity, network = environment.identity, environment.network
    guardrail = names.guardrail(spec.guardrail) if spec.guardrail else ("", "")
    clients = ",".join(identity.clients)
    if not clients and not identity.audience:
        clients = found[names.CLIENTS]
    return {
        **_base(context),
        "EnvironmentName": context.name,
        "ImageUri": image,
        "RoleArn": environment.role or output("role", "RoleArn"),
        "DiscoveryUrl": identity.discovery_url or found[names.DISCOVERY_URL],
        "AllowedClients": clients,
        "AllowedAudience": ",".join(identity.audience),
        "Subnets": ",".join(network.subnets),
        "SecurityGroups": ",".join(network.security_groups),
        "LogRetentionDays": str(environment.logs.retention_days),
        "LogKeyArn": found.get(names.LOG_KEY, ""),
        "GuardrailId": found.get(guardrail[0], ""),
        "GuardrailVersion": found.get(guardrail[1], ""),
        "GatewayUrls": consumed.gateway_urls(context, found),
        "MemoryId": consumed.memory_id(context, found),
        "Rights": _rights(context, found).text(),
    }


def _observability(context: AgentContext, found: Mapping[str, str], output: Output) -> dict[str, str]:
    limits, model = context.environment.alarms, context.environment.model
    metrics_id = model.id.rpartition("/")[2] if model.provider == "bedrock" else ""  # they know a profile by its id
    price = context.environment.price(model.id)  # the templates of former releases ask for it
    prices = {"UsdAMillionInputTokens": str(price.input), "UsdAMillionOutputTokens": str(price.output)} if price else {}
    return {
        **_base(context),
        "RuntimeArn": output("runtime", "RuntimeArn"),
        "RuntimeId": output("runtime", "RuntimeId"),
        "FirstEvaluator": context.environment.online_evaluation.evaluators[0],
        "ModelId": metrics_id,
        "AlarmTopicArn": found.get(names.ALARM_TOPIC, ""),
        "MaxErrors": str(limits.errors),
        "MaxLatencyMs": str(limits.latency_p95_ms),
        "MaxThrottles": str(limits.throttles),
        "MaxTokensAnHour": str(limits.tokens_an_hour),
        "MaxUsdAnHour": str(limits.usd_an_hour),
        **prices,
        "MinScore": str(limits.score),
    }


def _evaluation(context: AgentContext, found: Mapping[str, str], output: Output) -> dict[str, str]:
    settings = context.environment.online_evaluation
    return {
        **_base(context),
        "EvaluationName": names.evaluation(context.component, context.name),
        "RuntimeId": output("runtime", "RuntimeId"),
        "SamplingPercentage": str(settings.sampling_percent),
        "FirstEvaluator": settings.evaluators[0],
        "SecondEvaluator": settings.evaluators[1] if len(settings.evaluators) > 1 else "",
        "ThirdEvaluator": settings.evaluators[2] if len(settings.evaluators) > 2 else "",
        "LogRetentionDays": str(context.environment.logs.retention_days),
        "LogKeyArn": found.get(names.LOG_KEY, ""),
        "PermissionsBoundary": found.get(names.BOUNDARY, ""),
    }
