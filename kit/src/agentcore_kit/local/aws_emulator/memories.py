"""AgentCore Memory, emulated: what CloudFormation makes of it, and behind it the local memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentcore_kit.config.memory import IndexedKey, MemorySpec, Strategy
from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Together, now
from agentcore_kit.local.aws_protocol.wire import ApiError
from agentcore_kit.local.memory_server.extraction import Change, Extractor, Message
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.memory_server.service import MemoryService
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.local.memory_server.store import Record, Store

_KINDS = {
    "SemanticMemoryStrategy": ("semantic", "SEMANTIC"),
    "SummaryMemoryStrategy": ("summary", "SUMMARIZATION"),
    "UserPreferenceMemoryStrategy": ("userPreference", "USER_PREFERENCE"),
    "EpisodicMemoryStrategy": ("episodic", "EPISODIC"),
    "CustomMemoryStrategy": ("semantic", "CUSTOM"),
}


class Memories:
    """The memories of an account and region: control plane and data plane in one."""

    extractor: Extractor = Rules()
    """What extracts, in all of them."""

    def __init__(self, account: AccountRegion) -> None:
        self.account = account
        self.memories: dict[str, dict[str, Any]] = {}
        self.services: dict[str, MemoryService] = {}
        self._made = 0

    def make(self, properties: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
        """Make a memory, or change what may be changed of one; what it holds stays."""
        if not known and any(each["name"] == properties["Name"] for each in self.memories.values()):
            raise ApiError("ConflictException", f"Memory with name {properties['Name']} already exists.", 409)
        self._made += not known  # the id of one that was deleted never comes back
        memory_id = known.get("MemoryId") or f"{properties['Name']}-a1B2c3D{self._made:03}"
        keys = {key["Key"] for key in properties.get("IndexedKeys", [])}
        before = self.memories.get(memory_id, {})
        if gone := [key["key"] for key in before.get("indexedKeys", []) if key["key"] not in keys]:
            raise ApiError("ValidationException", f"Indexed keys cannot be removed: {', '.join(gone)}")
        arn = self.account.arn("bedrock-agentcore", f"memory/{memory_id}")
        self.memories[memory_id] = self._described(memory_id, arn, properties)
        spec = _spec(properties)
        settings = Settings(str(properties["Name"]), "", self.account.region, spec)
        store = self.services[memory_id].store if memory_id in self.services else _Store(":memory:")
        self.services[memory_id] = MemoryService(settings, store, _Extractor())
        return {"": arn, "MemoryId": memory_id, "MemoryArn": arn}

    def remove(self, known: Mapping[str, str]) -> None:
        """Delete a memory with all that it holds."""
        self.memories.pop(known["MemoryId"], None)
        self.services.pop(known["MemoryId"], None)

    def get_memory(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"memory": self.memories[self._known(p)]}

    def list_memories(self, _: Mapping[str, Any]) -> dict[str, Any]:
        fields = ("arn", "id", "status", "createdAt", "updatedAt")
        return {"memories": [{name: each[name] for name in fields} for each in self.memories.values()]}

    def __getattr__(self, operation: str) -> Any:
        """Return an operation of the data plane."""
        if operation.startswith("_") or not hasattr(MemoryService, operation):
            raise AttributeError(operation)
        return lambda p: getattr(self.services[self._known(p)], operation)(p)

    def _known(self, p: Mapping[str, Any]) -> str:
        memory_id = str(p["memoryId"]).rpartition("/")[2]
        if memory_id not in self.memories:
            raise ApiError("ResourceNotFoundException", f"Memory {memory_id} does not exist.", 404)
        return memory_id

    def _described(self, memory_id: str, arn: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        found = {
            "arn": arn, "id": memory_id, "name": properties["Name"], "description": properties["Description"],
            "eventExpiryDuration": int(properties["EventExpiryDuration"]), "status": "ACTIVE",
            "createdAt": now(), "updatedAt": now(),
            "strategies": [_strategy(each) for each in properties["MemoryStrategies"]],
        }  # fmt: skip
        if keys := properties.get("IndexedKeys"):
            found["indexedKeys"] = [{"key": each["Key"], "type": each["Type"]} for each in keys]
        if key := properties.get("EncryptionKeyArn"):
            found["encryptionKeyArn"] = key
        return found


def _strategy(properties: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, about),) = properties.items()
    days = about.get("RecordExpirySpecification", {}).get("RecordExpiryDurationDays")
    own = {"configuration": _custom(about["Configuration"])} if kind == "CustomMemoryStrategy" else {}
    return {
        **own, "strategyId": f"{about['Name']}-localstore", "name": about["Name"], "description": about["Description"],
        "type": _KINDS[kind][1], "namespaces": about["NamespaceTemplates"], "status": "ACTIVE",
        "namespaceTemplates": about["NamespaceTemplates"], **({"recordExpiryDurationDays": days} if days else {}),
    }  # fmt: skip


def _custom(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a custom strategy's instructions as GetMemory nests them."""
    ((kind, steps),) = properties.items()
    if kind == "SelfManagedConfiguration":
        return {"type": "SELF_MANAGED", "selfManagedConfiguration": _camel(steps)}
    base = kind.removesuffix("Override")
    found: dict[str, Any] = {
        "type": f"{_KINDS[f'{base}MemoryStrategy'][1].replace('SUMMARIZATION', 'SUMMARY')}_OVERRIDE"
    }
    for step, override in steps.items():
        name = f"{base[:1].lower()}{base[1:]}{step}Override"
        found[step.lower()] = {f"custom{step}Configuration": {name: _camel(override)}}
    return found


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _camel(item) for name, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def _spec(properties: Mapping[str, Any]) -> MemorySpec:
    strategies = []
    for each in properties["MemoryStrategies"]:
        ((kind, about),) = each.items()
        days = about.get("RecordExpirySpecification", {}).get("RecordExpiryDurationDays")
        template = about["NamespaceTemplates"][0]
        strategies.append(
            Strategy.model_construct(
                type=_KINDS[kind][0],
                name=about["Name"],
                description=about["Description"],
                namespace_template=template,
                record_expiry_days=days,
                base=None,
                prompts=None,
            )
        )
    keys = [IndexedKey(key=each["Key"], type=each["Type"]) for each in properties.get("IndexedKeys", [])]
    days = int(properties["EventExpiryDuration"])
    return MemorySpec.model_construct(event_expiry_days=days, strategies=strategies, indexed_keys=keys, consumers=[])


class _Extractor:
    """Extracts as `Memories.extractor` does at the moment."""

    label = "emulated"

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        return Memories.extractor.extract(strategy, messages, earlier, known)


class _Store(Store):
    """A store in memory that can be copied, with what it holds, as the rest of the emulated AWS can."""

    def __reduce__(self) -> tuple[Any, ...]:
        with self._lock:
            return _restored, (self._db.serialize(),)


def _restored(content: bytes) -> _Store:
    store = _Store(":memory:")
    store._db.deserialize(content)
    return store


def extend(account: AccountRegion) -> None:
    """Let an account have memories."""
    memories = Memories(account)
    account.makers["AWS::BedrockAgentCore::Memory"] = memories.make
    account.removers["AWS::BedrockAgentCore::Memory"] = memories.remove
    for service in ("bedrock-agentcore-control", "bedrock-agentcore"):
        account.serve(service, Together(memories, account.service(service)))
