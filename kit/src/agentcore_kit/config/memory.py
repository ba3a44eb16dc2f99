"""What is particular to a memory: the `spec:` of its manifest, and its part of an environment file.

The limits are the service's: botocore's model of `bedrock-agentcore-control` and CloudFormation's schema. Where they
differ, the narrower one is kept, as a deployment goes through both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from agentcore_kit.config.delivery import Spec
from agentcore_kit.config.environment import Environment
from agentcore_kit.config.loader import Document, FieldPath, Finding, Model
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.repository import repository_root

MAX_STRATEGIES = 6
VARIABLES = ("actorId", "sessionId", "memoryStrategyId")
EVENTS = "events"
"""The short-term memory, as consumers name it: what was said, word by word."""

StrategyType = Literal["semantic", "summary", "userPreference", "episodic", "custom", "selfManaged"]
Base = Literal["semantic", "summary", "userPreference", "episodic"]

# Extraction finds, consolidation merges with what is known, reflection learns from several episodes.
_STEPS: dict[str, tuple[str, ...]] = {
    "semantic": ("extraction", "consolidation"),
    "userPreference": ("extraction", "consolidation"),
    "summary": ("consolidation",),
    "episodic": ("extraction", "consolidation", "reflection"),
}
_MAX_PROMPT = 30_000

Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z][a-zA-Z0-9_]{0,47}$")]
Component = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
Arn = Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:\S+$")]
_NAME_NEEDS = "a letter, then up to 47 letters, digits or underscores"
_TEMPLATE = re.compile(r"[a-zA-Z0-9_/-]*(\{[a-zA-Z][a-zA-Z0-9]*\}[a-zA-Z0-9_/-]*)*")
_VARIABLE = re.compile(r"\{([^{}]*)\}")


class Prompts(Model):
    """What a custom strategy adds to the service's own instructions; each is a file of this repository."""

    extraction: str | None = Field(
        default=None, description="the path of a text file: what to look for", examples=["prompts/extraction.md"]
    )
    consolidation: str | None = Field(
        default=None, description="the path of a text file: how to merge", examples=["prompts/consolidation.md"]
    )
    reflection: str | None = Field(
        default=None, description="the path of a text file; episodic only", examples=["prompts/reflection.md"]
    )


class Triggers(Model):
    """When a self-managed strategy is called: after whichever comes first."""

    messages: int | None = Field(default=None, ge=1, le=50, description="so many messages", examples=[6])
    tokens: int | None = Field(default=None, ge=100, le=500_000, description="so many tokens", examples=[1000])
    idle_seconds: int | None = Field(default=None, ge=10, le=3000, description="so long a silence", examples=[300])


class SelfManaged(Model):
    """A pipeline of your own, which reads from a bucket and writes records itself."""

    topic_arn: Arn = Field(
        description="the SNS topic that is told", examples=["arn:aws:sns:eu-central-1:123456789012:memory"]
    )
    bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="the bucket for payloads",
        examples=["memory-payloads"],
    )
    context_messages: int = Field(default=4, ge=0, le=50, description="earlier messages to send along", examples=[4])
    triggers: Triggers = Field(default=Triggers(messages=6), description="when it is called")


class Strategy(Model):
    """How one kind of record is taken from conversations, and where it is kept."""

    type: StrategyType = Field(
        description="semantic, summary, userPreference, episodic, custom or selfManaged", examples=["semantic"]
    )
    name: Name = Field(description=_NAME_NEEDS, examples=["facts"])
    description: str = Field(
        min_length=1, max_length=4096, description="what it keeps, for those who read it", examples=["Facts."]
    )
    namespace_template: str = Field(
        min_length=1, max_length=512, description="where its records are kept", examples=["/facts/{actorId}/"]
    )
    record_expiry_days: int | None = Field(
        default=None, ge=31, description="days that a record is kept, 31 or more; null: for ever", examples=[365]
    )
    shared: bool = Field(default=False, description="whether actors share its records", examples=["true"])
    reason: str | None = Field(default=None, min_length=10, description="why they may", examples=["Public glossary."])
    base: Base | None = Field(default=None, description="only for custom: what it starts from", examples=["semantic"])
    model: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,2047}$",
        description="only for custom: the Bedrock model or inference profile that works",
        examples=["global.anthropic.claude-sonnet-4-6"],
    )
    prompts: Prompts | None = Field(default=None, description="only for custom: its instructions")
    self_managed: SelfManaged | None = Field(default=None, description="only for selfManaged: your pipeline")

    @property
    def kind(self) -> str:
        """What its records are: the type, or what a custom one starts from."""
        return self.base or self.type


class IndexedKey(Model):
    """A key of records' metadata that can be filtered by."""

    key: str = Field(pattern=r"^[a-zA-Z0-9\s._:/=+@-]{1,128}$", description="the key", examples=["source"])
    type: Literal["STRING", "STRINGLIST", "NUMBER"] = Field(description="of its values", examples=["STRING"])


class Consumer(Model):
    """A component that uses this memory. It gets a policy that allows exactly this."""

    name: Component = Field(
        description="lower-case letters, digits and single hyphens, 40 at most", examples=["financial-analytics-agent"]
    )
    read: list[str] = Field(default=[], description="`events` and names of strategies", examples=["[events, facts]"])
    write: list[str] = Field(default=[], description="likewise", examples=["[events]"])


class MemorySpec(Spec):
    """`spec:` of a memory's manifest."""

    event_expiry_days: int = Field(
        ge=7, le=365, description="days that conversations are kept, 7 to 365", examples=[90]
    )
    strategies: list[Strategy] = Field(
        default=[], max_length=MAX_STRATEGIES, description=f"what is learned, at most {MAX_STRATEGIES} strategies"
    )
    indexed_keys: list[IndexedKey] = Field(
        default=[],
        max_length=10,
        description="metadata to filter by, at most 10",
        examples=["[{key: source, type: STRING}]"],
    )
    encryption: Literal["aws", "platform"] = Field(
        default="aws",
        description="aws (its own key) or platform (the KMS key that the platform publishes)",
        examples=["aws"],
    )
    consumers: list[Consumer] = Field(default=[], description="who may do what")

    def strategy(self, name: str) -> Strategy:
        """Return a strategy by name."""
        return next(each for each in self.strategies if each.name == name)


class MemoryManifest(Manifest):
    """`manifest.yaml` of a memory."""

    kind: Literal["Memory"] = Field(description="the kind of component", examples=["Memory"])
    spec: MemorySpec = Field(description="what is particular to a memory")

    @classmethod
    def spec_findings(cls, document: Document) -> Iterator[Finding]:
        """Yield the rules between fields that a memory's manifest breaks."""
        return _manifest_findings(document)


class Extractor(Model):
    """What takes records from conversations in the local memory. AWS uses its own models."""

    provider: Literal["rules", "openai-compatible"] = Field(
        default="rules", description="rules (no LLM) or openai-compatible (Ollama, vLLM, LiteLLM …)", examples=["rules"]
    )
    id: str | None = Field(default=None, description="the model's id", examples=["llama3.1"])
    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/@?#]+(/[^\s?#]*)?$",
        description="the address of an openai-compatible endpoint",
        examples=["http://127.0.0.1:11434/v1"],
    )


class Alarms(Model):
    """Above which figures an alarm goes off, in five minutes."""

    errors: int = Field(default=5, ge=1, description="failed requests", examples=[5])
    latency_p95_ms: int = Field(default=2000, ge=1, description="P95 of a retrieval in ms", examples=[2000])
    throttles: int = Field(default=1, ge=1, description="refused requests", examples=[1])


class MemoryEnvironment(Environment):
    """A memory's part of an environment file."""

    extractor: Extractor = Field(default=Extractor(), description="local only: what takes records from conversations")
    permissions_boundary: bool = Field(
        default=False, description="whether roles get the platform's permissions boundary", examples=["true"]
    )
    extraction_seconds: int = Field(
        default=120,
        ge=0,
        le=3600,
        description="in AWS only: how long evaluation and tests wait until what was said has been extracted",
        examples=[120],
    )
    alarms: Alarms = Field(default=Alarms(), description="when an alarm goes off")

    @classmethod
    def apply_variables(cls, document: Document, variables: Mapping[str, str]) -> None:
        """Let `MEMORY_EXTRACTOR`, `MEMORY_MODEL_ID` and `MEMORY_MODEL_BASE_URL` override the file."""
        fields: dict[str, FieldPath] = {
            "MEMORY_EXTRACTOR": ("extractor", "provider"),
            "MEMORY_MODEL_ID": ("extractor", "id"),
            "MEMORY_MODEL_BASE_URL": ("extractor", "baseUrl"),
        }
        for variable, path in fields.items():
            if value := variables.get(variable):
                document.override(path, value, variable)

    @classmethod
    def rule_findings(cls, document: Document, name: str, spec: Model | None) -> Iterator[Finding]:
        """Yield the rules that a memory's environment file breaks."""
        extractor = document.section("extractor")
        if name != "local" and extractor:
            yield ("extractor",), "is for local only: in AWS the service extracts with its own models; remove it"
        for field, example in (("id", "llama3.1"), ("baseUrl", "http://127.0.0.1:11434/v1")):
            if extractor.get("provider") == "openai-compatible" and extractor.get(field) is None:
                yield ("extractor", field), f"missing; openai-compatible needs it; for example {field}: {example}"
            if extractor.get("provider") != "openai-compatible" and extractor.get(field) is not None:
                yield ("extractor", field), "has no effect with provider rules; remove it"


def _manifest_findings(document: Document) -> Iterator[Finding]:
    spec = document.section("spec")
    strategies = _groups(spec.get("strategies"))
    if len(strategies) > MAX_STRATEGIES:
        yield ("spec", "strategies"), f"{len(strategies)} strategies; the service takes at most {MAX_STRATEGIES}"
    names: list[object] = []
    templates: dict[str, object] = {}
    for index, strategy in strategies:
        path = ("spec", "strategies", index)
        name, template = strategy.get("name"), strategy.get("namespaceTemplate")
        if name in names:
            yield (*path, "name"), f"{name!r} is another strategy's name; choose another"
        if name == EVENTS:
            yield (*path, "name"), f"{EVENTS!r} is what consumers call the conversation itself; choose another"
        names.append(name)
        yield from _template_findings(path, strategy)
        if isinstance(template, str):
            own = template.replace("{memoryStrategyId}", str(name))
            if other := next((other for known, other in templates.items() if _meet(known, own)), None):
                yield (*path, "namespaceTemplate"), f"can reach records of strategy {other}; choose another first part"
            templates[own] = name
        yield from _type_findings(path, strategy)
    yield from _key_findings(spec)
    yield from _consumer_findings(spec, [str(name) for name in names])


def _template_findings(path: FieldPath, strategy: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with where records are kept. No template may let one actor's records reach another."""
    where = (*path, "namespaceTemplate")
    if "namespaceTemplates" in strategy or isinstance(strategy.get("namespaceTemplate"), list):
        yield where, "a strategy has exactly one template, as text; for example namespaceTemplate: /facts/{actorId}/"
        return
    template = strategy.get("namespaceTemplate")
    if not isinstance(template, str):
        return
    used = _VARIABLE.findall(template)
    if unknown := [name for name in used if name not in VARIABLES]:
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        yield where, f"{{{unknown[0]}}} is no variable of the service; there are {known}"
    elif not _TEMPLATE.fullmatch(template):
        yield where, "may have letters, digits, hyphens, underscores, slashes and {variables} only"
    elif not template.startswith("/") or not template.endswith("/"):
        yield (
            where,
            f"must begin and end with a slash, or /actor1 would reach /actor10 too; for example {_slashed(template)}",
        )
    elif template.startswith("/{"):
        yield where, f"must begin with a word of its own, or it meets other strategies'; for example /facts{template}"
    elif "//" in template:
        yield where, f"has an empty part; for example {_slashed(template)}"
    elif any(part.count("{") and not re.fullmatch(r"\{\w+\}", part) for part in template.split("/")):
        yield where, "a variable must be a part of its own between slashes, or two ids could make one name"
    elif "actorId" not in used and not strategy.get("shared"):
        yield (
            where,
            "has no {actorId}, so actors would reach each other's records; add it, or say shared: true and reason",
        )
    if "actorId" in used and "sessionId" in used[: used.index("actorId")]:
        yield (
            where,
            "has {sessionId} before {actorId}, so no path reaches one person's records, to forget them; swap them",
        )
    if strategy.get("shared") and "actorId" in used:
        yield (*path, "shared"), "has no effect with {actorId} in the template; remove one"
    if strategy.get("shared") and not strategy.get("reason"):
        yield (
            (*path, "reason"),
            "missing; say why actors may share these records; for example reason: A public glossary.",
        )
    if strategy.get("type") == "summary" and "sessionId" not in used:
        yield (
            where,
            "has no {sessionId}, but a summary is of one session; for example /summaries/{actorId}/{sessionId}/",
        )


def _meet(one: str, other: str) -> bool:
    """Return whether a name made from one template can be, or lie under, a name made from the other."""
    parts = zip(one.strip("/").split("/"), other.strip("/").split("/"), strict=False)
    return all(a == b or a.startswith("{") or b.startswith("{") for a, b in parts)


def _slashed(template: str) -> str:
    return "/" + "/".join(part for part in template.split("/") if part) + "/"


def _type_findings(path: FieldPath, strategy: Mapping[str, Any]) -> Iterator[Finding]:
    kind, prompts = strategy.get("type"), strategy.get("prompts")
    for field in ("base", "model", "prompts"):
        if kind == "custom" and not strategy.get(field):
            yield (*path, field), "missing; a custom strategy needs base, model and prompts"
        if kind != "custom" and strategy.get(field):
            yield (*path, field), "is for type custom only; remove it, or make the type custom"
    if kind == "selfManaged" and not strategy.get("selfManaged"):
        yield (*path, "selfManaged"), "missing; say topicArn and bucket"
    if kind != "selfManaged" and strategy.get("selfManaged"):
        yield (*path, "selfManaged"), "is for type selfManaged only; remove it"
    own = strategy.get("selfManaged")
    triggers = own.get("triggers") if isinstance(own, dict) else None
    if isinstance(triggers, dict) and not any(triggers.values()):
        yield (*path, "selfManaged", "triggers"), "name none, so it would never be called; for example {messages: 6}"
    steps = _STEPS.get(str(strategy.get("base")), ())
    for step, file in prompts.items() if isinstance(prompts, dict) else ():
        where = (*path, "prompts", step)
        if steps and step in ("extraction", "consolidation", "reflection") and step not in steps:
            yield where, f"base {strategy.get('base')} has no such step; it has {', '.join(steps)}"
        elif isinstance(file, str):
            yield from _prompt_findings(where, file)


def _prompt_findings(where: FieldPath, file: str) -> Iterator[Finding]:
    path = (repository_root() / file).resolve()
    if not path.is_relative_to(repository_root()) or not path.is_file():
        yield where, f"there is no file {file} in this repository; write it, or correct the path"
        return
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        yield where, f"{file} cannot be read as UTF-8 text: {error}"
        return
    if not 1 <= len(text) <= _MAX_PROMPT:
        yield where, f"{file} must have 1 to {_MAX_PROMPT:,} characters"


def _key_findings(spec: Mapping[str, Any]) -> Iterator[Finding]:
    seen: set[object] = set()
    for index, key in _groups(spec.get("indexedKeys")):
        if key.get("key") in seen:
            yield ("spec", "indexedKeys", index, "key"), f"{key.get('key')!r} stands here twice; remove one"
        seen.add(key.get("key"))


def _consumer_findings(spec: Mapping[str, Any], strategies: list[str]) -> Iterator[Finding]:
    known, seen, policies = [EVENTS, *strategies], set(), dict[str, object]()
    for index, consumer in _groups(spec.get("consumers")):
        path = ("spec", "consumers", index)
        if consumer.get("name") in seen:
            yield (*path, "name"), f"{consumer.get('name')!r} is another consumer's name; join the two"
        for policy in policy_ids(str(consumer.get("name"))):
            if (other := policies.setdefault(policy, consumer.get("name"))) != consumer.get("name"):
                yield (*path, "name"), f"would have the same policy in CloudFormation as {other!r}; choose another"
        seen.add(consumer.get("name"))
        for access in ("read", "write"):
            items = consumer.get(access)
            for number, item in enumerate(items if isinstance(items, list) else ()):
                if item not in known:
                    yield (*path, access, number), f"{item!r} is no strategy; there are {', '.join(known)}"


def policy_ids(consumer: str) -> tuple[str, str]:
    """Return a consumer's logical ids in CloudFormation: of its policy, and of the parameter that publishes it."""
    words = "".join(part.capitalize() for part in consumer.split("-"))
    return f"{words}Policy", f"Published{words}Policy"


def _groups(value: object) -> list[tuple[int, Mapping[str, Any]]]:
    items = value if isinstance(value, list) else []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, dict)]
