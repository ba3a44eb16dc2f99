"""The rules between fields of an agent's environment file, and between it and the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agentcore_kit.config.delivery import Delivery
from agentcore_kit.config.loader import Document, Finding
from agentcore_kit.config.regions import global_profiles
from agentcore_kit.config.served import served_findings

if TYPE_CHECKING:
    from agentcore_kit.config.agent import AgentSpec

BEDROCK_MODEL = "global.anthropic.claude-sonnet-4-6"
MEMORY_ID = "customer_memory-a1B2c3D4e5"
"""Examples, for who reads that one is missing."""

# An inference profile's first word says between which regions it routes; one can only be called from among these.
_PROFILE_REGIONS: dict[str, tuple[str, ...]] = {
    "us": ("us-east-", "us-west-", "ca-", "mx-", "sa-"),
    "eu": ("eu-", "il-"),
    "apac": ("ap-", "me-"),
    "jp": ("ap-northeast-",),
    "au": ("ap-southeast-",),
    "us-gov": ("us-gov-",),
}

GEOGRAPHIES = frozenset({*_PROFILE_REGIONS, "global"})
"""The first words that ids of inference profiles have, and ids of models have not."""


def environment_findings(document: Document, name: str, spec: AgentSpec | None) -> Iterator[Finding]:
    """Yield the rules that an agent's environment file breaks.

    Args:
        document: The parsed file.
        name: The environment's name.
        spec: The manifest's `spec`, when that is right.
    """
    yield from _model_findings(document, name)
    yield from served_findings(document, name == "local")
    yield from _evaluator_findings(document)
    yield from _price_findings(document)
    yield from _local_findings(document, name == "local")
    stage = (spec.delivery if spec else Delivery()).stage(name)
    if stage == "production" and document.data.get("today") is not None:
        yield ("today",), "is not for production: an agent that users ask must know the real date; remove it"
    if spec:
        yield from _manifest_findings(document, spec, name == "local")


def _model_findings(document: Document, name: str) -> Iterator[Finding]:
    model = document.section("model")
    provider, model_id, url = model.get("provider"), model.get("id"), model.get("baseUrl")
    chosen_by = document.variables.get(("model", "provider"))
    if provider == "offline" and name != "local":
        yield ("model", "provider"), "offline is no LLM and for local only; choose bedrock or openai-compatible"
    if provider in ("bedrock", "openai-compatible") and model_id is None:
        example = BEDROCK_MODEL if provider == "bedrock" else "llama3.1"
        place = f"AGENT_MODEL_ID={example}" if chosen_by else f"id: {example}"
        yield ("model", "id"), f"missing; {provider} needs a model id; for example {place}"
    if provider == "bedrock" and isinstance(model_id, str):
        yield from _profile_findings(model_id, str(document.data.get("region")))
    if provider == "openai-compatible" and url is None:
        place = "AGENT_MODEL_BASE_URL=" if chosen_by else "baseUrl: "
        example = "http://127.0.0.1:11434/v1" if name == "local" else "https://models.example.com/v1"
        yield ("model", "baseUrl"), f"missing; {provider} needs it; for example {place}{example}"
    if provider == "offline" and model_id not in (None, "offline"):
        yield ("model", "id"), "has no effect with provider offline, which has one model; choose another provider too"
    if provider in ("offline", "bedrock") and url is not None:
        yield ("model", "baseUrl"), f"{provider} has no address; remove it"
    for field in ("parameters", "systemRole", "parallelToolCalls", "reasoningField"):
        if provider in ("offline", "bedrock") and field in model:
            yield ("model", field), f"is for openai-compatible only; {provider} does not need it; remove it"
    if name != "local" and isinstance(url, str) and url.startswith("http:"):
        yield ("model", "baseUrl"), "must begin with https: outside local"
    key = model.get("apiKey")
    if provider in ("offline", "bedrock") and key is not None:
        yield ("model", "apiKey"), f"{provider} has no key; remove it"
    elif isinstance(key, str) and key not in document.section("secrets"):
        example = f"secrets: {{{key}: {key.lower().replace('_', '-')}}}"
        yield ("model", "apiKey"), f"is not under secrets; add it there, by its name in Secrets Manager: {example}"


def _evaluator_findings(document: Document) -> Iterator[Finding]:
    chosen = document.section("onlineEvaluation").get("evaluators")
    for index, name in enumerate(chosen if isinstance(chosen, list) else []):
        if name in ("Builtin.Harmfulness", "Builtin.Refusal", "Builtin.Stereotyping"):
            why = "counts what is bad, and alarms and monitor watch for scores that fall; choose another one"
            yield ("onlineEvaluation", "evaluators", index), f"{name} {why}"


def _price_findings(document: Document) -> Iterator[Finding]:
    model = document.section("model").get("id", "<model>")
    for name in ("usdAMillionInputTokens", "usdAMillionOutputTokens"):
        if name in document.section("alarms"):
            text = "is not set here: the kit has dated prices of models; remove it, or for a price of your own write "
            yield ("alarms", name), f"{text}prices: {{'{model}': {{input: 3.0, output: 15.0}}}}"


def _profile_findings(model_id: str, region: str) -> Iterator[Finding]:
    area = model_id.partition(".")[0]
    can = global_profiles(region) if area == "global" else region.startswith(_PROFILE_REGIONS.get(area, ""))
    if not can:
        look = f"aws bedrock list-inference-profiles --region {region}"
        yield ("model", "id"), f"a profile for {area} cannot be called from {region}; see those that can with: {look}"


def _local_findings(document: Document, is_local: bool) -> Iterator[Finding]:
    origins = document.section("cors").get("origins")
    for number, origin in enumerate(origins if isinstance(origins, list) else ()):
        if not is_local and isinstance(origin, str) and origin.startswith("http:"):
            yield ("cors", "origins", number), "must begin with https: outside local, as that page has users' tokens"
    smoke = document.section("smoke")
    tries, needed = smoke.get("tries", 3), smoke.get("needed", 2)
    if isinstance(tries, int) and isinstance(needed, int) and needed > tries:
        yield ("smoke", "needed"), f"must be at most tries, which is {tries}: no row could pass after a wrong answer"
    memory = document.section("memory")
    if not is_local and memory.get("endpoint") is not None:
        yield ("memory", "endpoint"), "is for local only: in AWS boto3 knows where the service is; remove it"
    for number, place in enumerate(memory["recall"] if isinstance(memory.get("recall"), list) else ()):
        if isinstance(place, str) and "{actorId}" not in place:
            yield ("memory", "recall", number), "has no {actorId}, so it is of everybody; for example /facts/{actorId}/"
    for gateway, url in document.section("gateways").items():
        if not is_local and isinstance(url, str) and url.startswith("http:"):
            yield ("gateways", gateway), "must begin with https: outside local, as the caller's token is sent to it"


def _manifest_findings(document: Document, spec: AgentSpec, is_local: bool) -> Iterator[Finding]:
    """Yield where the file and the manifest disagree. In AWS a deployment reads what the file leaves out."""
    urls = document.section("gateways")
    for gateway in spec.tools.gateways:
        if urls.get(gateway) is None and (is_local or gateway in urls):
            example = f"{gateway}: https://{gateway}-x1y2z3.gateway.bedrock-agentcore.eu-central-1.amazonaws.com/mcp"
            yield ("gateways", gateway), f"missing, but manifest.yaml names this gateway; for example {example}"
    for gateway in [name for name in urls if name not in spec.tools.gateways]:
        yield ("gateways", gateway), "is not among spec.tools.gateways of manifest.yaml; add it there or remove it here"
    if spec.memory and is_local and document.section("memory").get("id") is None:
        yield ("memory", "id"), f"missing, but manifest.yaml names {spec.memory}; for example id: {MEMORY_ID}"
    if not spec.memory and document.data.get("memory") is not None:
        yield ("memory",), "is not in spec.memory of manifest.yaml; name it there or remove it here"
