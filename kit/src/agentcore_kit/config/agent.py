"""What is particular to an agent: the `spec:` of its manifest, and its part of an environment file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from agentcore_kit.config.agent_rules import BEDROCK_MODEL, MEMORY_ID, environment_findings
from agentcore_kit.config.delivery import Spec
from agentcore_kit.config.loader import Document, FieldPath, Finding, Model
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.served import (
    NAME_NEEDS,
    ImportString,
    Name,
    ServedAlarms,
    ServedCode,
    ServedEnvironment,
    ServedMonitoring,
    Url,
    VariableName,
)

Origin = Annotated[
    str, StringConstraints(pattern=r"^https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?$")
]
MEMORY_VARIABLE, GATEWAYS_VARIABLE = "AGENT_MEMORY_ID", "AGENT_GATEWAYS"
"""What a deployment tells a version of other components, as far as the environment file leaves it out: the memory's id,
and the URLs of gateways as JSON by name."""
CONNECT_VARIABLE = "AGENT_CONNECT_SECONDS"
"""How many seconds gateways are waited for; set where the kit serves recorded ones on a machine that may be busy."""

_VARIABLES: dict[str, FieldPath] = {
    "AGENT_MODEL_PROVIDER": ("model", "provider"),
    "AGENT_MODEL_ID": ("model", "id"),
    "AGENT_MODEL_BASE_URL": ("model", "baseUrl"),
    "AGENT_TODAY": ("today",),
}


class Tools(Model):
    """Tools that come from elsewhere; the agent's own are in src/agent/tools.py."""

    gateways: list[Name] = Field(
        default=[],
        description=f"names of AgentCore gateways, {NAME_NEEDS}; the platform or environment files say where they are",
        examples=["[market-data]"],
    )


class Skill(Model):
    """One thing that the agent can do, as others find it in the registry."""

    id: Name = Field(description=f"a short name, {NAME_NEEDS}", examples=["quarterly-revenue"])
    name: str = Field(min_length=1, description="the name that people see", examples=["Quarterly revenue"])
    description: str = Field(
        min_length=1, description="what it does and when to use it", examples=["Revenue by region."]
    )
    tags: list[str] = Field(default=[], description="words to find it by", examples=["[finance]"])


class Registry(Model):
    """How the agent appears in AWS Agent Registry."""

    descriptor: Literal["custom", "agent-card"] = Field(
        default="custom",
        description="custom (its contract as JSON), or agent-card (A2A; needs url, where an A2A server speaks for it)",
        examples=["custom"],
    )
    url: Url | None = Field(
        default=None,
        description="only for agent-card: where A2A clients reach it",
        examples=["https://agents.example.com"],
    )
    skills: list[Skill] = Field(default=[], description="what it can do, for those who search")


class Code(ServedCode):
    """Which of the team's own code is loaded, each named as `module:name`."""

    app: ImportString = Field(
        default="agent.app:app", description="the application that serves it, module:name", examples=["agent.app:app"]
    )


class AgentSpec(Spec):
    """`spec:` of an agent's manifest."""

    code: Code = Field(default=Code(), description="which of the team's own code is loaded")

    protocol: Literal["HTTP"] = Field(description="the AgentCore protocol that the agent serves", examples=["HTTP"])
    tools: Tools = Field(default=Tools(), description="tools that come from elsewhere")
    memory: Name | None = Field(
        default=None,
        description=f"the name of a memory component ({NAME_NEEDS}), or null to keep conversations in files",
        examples=["customer-memory"],
    )
    guardrail: Name | None = Field(
        default=None,
        description=f"the name of a guardrail that the platform publishes ({NAME_NEEDS}), or null",
        examples=["company-default"],
    )
    canary_gateway: Name | None = Field(
        default=None,
        description=f"the gateway through which callers reach this agent ({NAME_NEEDS}); needed for kit canary only",
        examples=["assistants"],
    )
    rollback_on_drift: bool = Field(
        default=False,
        description="whether monitor puts the version before back when live sessions score too low",
        examples=["false"],
    )
    registry: Registry = Field(default=Registry(), description="how it appears in AWS Agent Registry")


class AgentManifest(Manifest):
    """`manifest.yaml` of an agent."""

    kind: Literal["Agent"] = Field(description="the kind of component", examples=["Agent"])
    spec: AgentSpec = Field(description="what is particular to an agent")


class TurnLimits(Model):
    """What one turn of a conversation may take."""

    seconds: float = Field(
        default=300,
        gt=0,
        le=3600,
        description="seconds, after which it ends, answered or not; the Runtime waits 900, for a stream 3600",
        examples=[300],
    )
    max_body_bytes: int = Field(
        default=1_000_000,
        ge=1000,
        le=100_000_000,
        description="bytes of a request's body, above which it is refused; the longest prompt has 384,000 at most",
        examples=[1000000],
    )
    max_model_calls: int = Field(
        default=12, ge=1, description="calls of the model, after which an unanswered turn ends", examples=[12]
    )
    max_retries: int = Field(
        default=4,
        ge=0,
        description="how often the model is asked again when it is throttled, down, or breaks off",
        examples=[4],
    )
    max_tool_calls: int = Field(
        default=100, ge=1, description="calls of tools; the model must answer with what they gave", examples=[100]
    )
    max_tool_result_characters: int = Field(
        default=100_000, ge=1000, description="how much of one tool's result the model gets at once", examples=[100000]
    )


class SessionLimits(Model):
    """How long the process keeps a session open, and how many."""

    idle_seconds: float = Field(
        default=900, gt=0, description="seconds without a request, after which it is closed", examples=[900]
    )
    max_open: int = Field(default=1000, ge=1, description="open sessions; the longest idle is closed", examples=[1000])


class GatewayLimits(Model):
    """How long a gateway may take, and how many of its tools the model is shown."""

    connect_seconds: float = Field(default=5, gt=0, description="seconds until it must have answered", examples=[5])
    call_seconds: float = Field(
        default=30, gt=0, description="seconds that a call of a tool may take; then the model is told", examples=[30]
    )
    retry_seconds: float = Field(
        default=30,
        gt=0,
        description="seconds until a gateway that was down is tried again, and the tools of any other are listed anew",
        examples=[30],
    )
    search_above: int = Field(
        default=20,
        ge=1,
        description="with more tools than this, the gateway's search picks those that fit the request",
        examples=[20],
    )


class Limits(Model):
    """How long and how much: of turns, sessions and gateways."""

    turn: TurnLimits = Field(default=TurnLimits(), description="what one turn may take")
    sessions: SessionLimits = Field(default=SessionLimits(), description="how long and how many sessions stay open")
    gateways: GatewayLimits = Field(default=GatewayLimits(), description="how long gateways may take")


class Canary(Model):
    """How many callers a new version gets at first, and when it is decided on."""

    weight_percent: int = Field(default=10, ge=1, le=99, description="percent of the sessions", examples=[10])
    min_sessions: int = Field(
        default=30, ge=1, description="evaluated sessions that each side needs before a decision", examples=[30]
    )
    max_latency_ratio: float = Field(
        default=1.2, gt=0, description="how many times live's P95 latency the new version's may be", examples=[1.2]
    )
    max_cost_ratio: float = Field(
        default=1.3,
        gt=0,
        description="how many times live's cost of a session the new version's may be",
        examples=[1.3],
    )
    margin: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="of a score from 0 to 1, by how much less the new version is still not worse",
        examples=[0.1],
    )


class Smoke(Model):
    """How often the smoke test asks: a model may answer oddly once, which says nothing of a version."""

    tries: int = Field(
        default=3, ge=1, le=9, description="how often a row that was answered wrongly is asked, in all", examples=[3]
    )
    needed: int = Field(
        default=2, ge=1, le=9, description="how many of the answers to such a row must be right", examples=[2]
    )


class Monitoring(ServedMonitoring):
    """When scores of live sessions are too low."""

    recent_hours: float = Field(default=24, gt=0, description="hours that are judged", examples=[24])
    baseline_days: float = Field(
        default=14, gt=0, description="days before, that they are compared with", examples=[14]
    )
    settling_minutes: float = Field(
        default=30,
        ge=0,
        description="minutes after callers moved, in which sessions of the version before may still be judged",
        examples=[30],
    )
    max_drop: float = Field(
        default=0.1, ge=0, le=1, description="how far a score may fall below its baseline", examples=[0.1]
    )
    min_sample: int = Field(
        default=10,
        ge=2,
        description="judged sessions, before their scores count; so many that should have been and were not, are a "
        "fault of the monitoring",
        examples=[10],
    )


class ModelSettings(Model):
    """Which model answers, and how."""

    provider: Literal["offline", "bedrock", "openai-compatible"] = Field(
        description="offline (no LLM), bedrock, or openai-compatible (LiteLLM, Ollama, vLLM, llama.cpp)",
        examples=["bedrock"],
    )
    id: str = Field(
        default="offline",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,2047}$",
        description="the model's or inference profile's id as the provider knows it",
        examples=[BEDROCK_MODEL],
    )
    base_url: Url | None = Field(
        default=None,
        description="the address of an openai-compatible endpoint",
        examples=["http://127.0.0.1:11434/v1"],
    )
    api_key: VariableName | None = Field(
        default=None,
        description="which of `secrets` is an openai-compatible endpoint's key; null: OPENAI_API_KEY, if it is one",
        examples=["OPENAI_API_KEY"],
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="0 (most repeatable) to 2; null for the model's own", examples=[0.2]
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="the longest answer in tokens; null for the model's own", examples=[2048]
    )
    parameters: dict[str, Any] = Field(
        default={},
        description="openai-compatible: further fields of a request, as the endpoint names them; null leaves one out",
        examples=["{max_completion_tokens: 2048, stream_options: null}"],
    )
    system_role: Literal["system", "user"] = Field(
        default="system",
        description="openai-compatible: user for a model without a system role, which gets the prompt from the user",
        examples=["user"],
    )
    parallel_tool_calls: bool = Field(
        default=True,
        description="openai-compatible: false for a model that makes one tool call at a time",
        examples=["false"],
    )
    reasoning_field: Literal["reasoning_content", "reasoning"] | None = Field(
        default=None,
        description="openai-compatible: the field in which the model wants its reasoning before tool calls back",
        examples=["reasoning_content"],
    )


class Memory(Model):
    """The AgentCore Memory of this environment."""

    id: str | None = Field(
        default=None,
        pattern=r"^[a-zA-Z][a-zA-Z0-9_-]{0,99}-[a-zA-Z0-9]{10}$",
        description="the id of an AgentCore Memory; null: in AWS, the one that the memory component publishes, which a "
        "deployment reads",
        examples=[MEMORY_ID],
    )
    endpoint: Url | None = Field(
        default=None,
        description="local only: where a memory repository serves its memory (make dev); null: the service",
        examples=["http://127.0.0.1:8090"],
    )
    recall: list[str] = Field(
        default=["/facts/{actorId}/", "/preferences/{actorId}/"],
        description="namespaces whose records the model is told, with {actorId} for the user; [] for none",
        examples=["['/preferences/{actorId}/']"],
    )


class Alarms(ServedAlarms):
    """Above which figures, measured on live, an alarm goes off."""

    tokens_an_hour: int = Field(
        default=2_000_000, ge=1, description="tokens in and out of the model", examples=[2000000]
    )
    usd_an_hour: float = Field(default=20.0, gt=0, description="cost of these tokens in USD", examples=[20.0])
    score: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="the mean score of online evaluation, below which it goes off",
        examples=[0.7],
    )


class OnlineEvaluation(Model):
    """Which share of live sessions AgentCore judges, and how."""

    sampling_percent: float = Field(default=10.0, ge=0.01, le=100, description="percent of sessions", examples=[10.0])
    evaluators: list[str] = Field(
        default=["Builtin.GoalSuccessRate", "Builtin.Faithfulness", "Builtin.Helpfulness"],
        min_length=1,
        max_length=3,
        description="ids of one to three evaluators, built-in or your own, of which more is better",
        examples=["[Builtin.GoalSuccessRate]"],
    )


def _as_date(value: object) -> object:
    """Read a date that is written as text: in quotes, or in a variable."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


class Cors(Model):
    """Which web pages may call the agent from a browser."""

    origins: list[Origin] = Field(
        default=[],
        description="origins of pages that may: scheme and host in lower case, a port if there is one, nothing else",
        examples=["[https://app.example.com]"],
    )


class AgentEnvironment(ServedEnvironment):
    """An agent's part of an environment file."""

    model: ModelSettings = Field(description="which model answers")
    gateways: dict[Name, Url] = Field(
        default={},
        description="the URL of each gateway that the manifest names; in AWS, for one that is left out, a deployment "
        "reads what the platform publishes",
        examples=["{market-data: https://market-data-x1y2z3.gateway.bedrock-agentcore.eu-central-1.amazonaws.com/mcp}"],
    )
    memory: Memory | None = Field(
        default=None, description="only with a memory in the manifest; null: as that component publishes it"
    )
    alarms: Alarms = Field(default=Alarms(), description="when an alarm goes off")
    online_evaluation: OnlineEvaluation = Field(
        default=OnlineEvaluation(), description="which share of live sessions is judged"
    )
    cors: Cors = Field(default=Cors(), description="which web pages may call it from a browser; none: no page")
    limits: Limits = Field(default=Limits(), description="how long and how much: of turns, sessions and gateways")
    canary: Canary = Field(default=Canary(), description="how a new version is tried on a share of the callers")
    smoke: Smoke = Field(default=Smoke(), description="how often the smoke test asks a row that was answered wrongly")
    monitoring: Monitoring = Field(default=Monitoring(), description="when scores of live sessions are too low")
    today: Annotated[date, BeforeValidator(_as_date)] | None = Field(
        default=None,
        description="a day as YYYY-MM-DD that the agent is told, for the sample data's sake; not in production",
        examples=["2026-11-16"],
    )

    def day(self) -> date:
        """Return the date that the agent is told: `today` where the environment states it, else today in UTC."""
        return self.today or datetime.now(UTC).date()

    @classmethod
    def apply_variables(cls, document: Document, variables: Mapping[str, str]) -> None:
        """Let variables override the file: `AGENT_MODEL_PROVIDER`, `AGENT_MODEL_ID`, `AGENT_GATEWAY_…` and so on."""
        _apply_variables(document, variables)

    @classmethod
    def rule_findings(cls, document: Document, name: str, spec: Model | None) -> Iterator[Finding]:
        """Yield the rules between fields that an agent's environment file breaks."""
        yield from environment_findings(document, name, spec if isinstance(spec, AgentSpec) else None)


def _apply_variables(document: Document, variables: Mapping[str, str]) -> None:
    """Let `AGENT_MODEL_PROVIDER`, `AGENT_MODEL_ID`, `AGENT_MODEL_BASE_URL` and `AGENT_TODAY` override the file.

    Another provider starts from nothing but the variables, because the file's id and address belong to the file's.
    `AGENT_MEMORY_ENDPOINT` and `AGENT_GATEWAY_<NAME>` say where a memory or gateway is that the file has;
    `AGENT_MEMORY_ID` and `AGENT_GATEWAYS`, of a deployment, where those are that the file leaves out;
    `AGENT_CONNECT_SECONDS` how long gateways are waited for.
    """
    provider = variables.get("AGENT_MODEL_PROVIDER")
    if provider and provider != document.section("model").get("provider"):
        document.override(("model",), {}, "AGENT_MODEL_PROVIDER")
    for variable, path in _VARIABLES.items():
        if value := variables.get(variable):
            document.override(path, value, variable)
    _apply_published(document, variables)
    if document.section("memory") and (value := variables.get("AGENT_MEMORY_ENDPOINT")):
        document.override(("memory", "endpoint"), value, "AGENT_MEMORY_ENDPOINT")
    for name in document.section("gateways"):
        if value := variables.get(gateway_variable(name)):
            document.override(("gateways", name), value, gateway_variable(name))
    if value := variables.get(CONNECT_VARIABLE):
        seconds = float(value) if value.replace(".", "", 1).isdecimal() else value
        document.override(("limits", "gateways", "connectSeconds"), seconds, CONNECT_VARIABLE)


def _apply_published(document: Document, variables: Mapping[str, str]) -> None:
    """Take from a deployment what it has read of other components; what the file says itself stays."""
    if (value := variables.get(MEMORY_VARIABLE)) and not document.section("memory").get("id"):
        document.override(("memory", "id"), value, MEMORY_VARIABLE)
    text = variables.get(GATEWAYS_VARIABLE)
    try:
        urls = json.loads(text) if text else {}
        missing = {name: url for name, url in urls.items() if not document.section("gateways").get(name)}
    except (ValueError, AttributeError):
        document.variables[("gateways",)] = GATEWAYS_VARIABLE
        document.report(("gateways",), f"is no JSON with a URL by name: {text!r}; kit deploy sets it")
        return
    for name, url in missing.items():
        document.override(("gateways", name), url, GATEWAYS_VARIABLE)


def gateway_variable(name: str) -> str:
    """Return the variable that says where a gateway is: `AGENT_GATEWAY_MARKET_DATA` for market-data."""
    return f"AGENT_GATEWAY_{name.upper().replace('-', '_')}"
