"""The configuration on one page, for those who review or use the memory; `kit render` writes it."""

from __future__ import annotations

from agentcore_kit.config.memory import EVENTS, MemorySpec, Strategy
from agentcore_kit.delivery.memory.policies import path_pattern, pattern


def text(spec: MemorySpec) -> str:
    """Return the page as Markdown."""
    key = "AWS's own key" if spec.encryption == "aws" else "the platform's KMS key"
    keys = ", ".join(f"`{each.key}` ({each.type.lower()})" for each in spec.indexed_keys)
    lines = [
        "# What this memory keeps, how long, and who may see it",
        "",
        "Made from `manifest.yaml` by `kit render`.",
        "",
        f"What is said is kept word by word for **{spec.event_expiry_days} days**, by person and conversation, "
        f"encrypted with {key}.",
        "",
        "## What is learned from it",
        "",
        "| strategy | what | where | kept | between people |",
        "|---|---|---|---|---|",
        *(_strategy(each) for each in spec.strategies),
        "",
        f"Records can be filtered by {keys}." if keys else "Records have no metadata to filter by.",
        "",
        "## Who may do what",
        "",
        "| component | may read | may write |",
        "|---|---|---|",
        *(f"| {each.name} | {_names(each.read)} | {_names(each.write)} |" for each in spec.consumers),
        "",
        "To IAM, records are in these namespaces (exactly, and by path):",
        "",
        *(f"- {each.name}: `{pattern(each)}`, `{path_pattern(each)}`" for each in spec.strategies),
    ]
    return "\n".join(lines) + "\n"


def _strategy(strategy: Strategy) -> str:
    kind = strategy.type if strategy.base is None else f"custom, from {strategy.base}"
    kept = f"{strategy.record_expiry_days} days" if strategy.record_expiry_days else "until it is deleted"
    shared = f"shared: {strategy.reason}" if strategy.shared else "kept apart"
    where = f"`{strategy.namespace_template}`"
    return f"| {strategy.name} ({kind}) | {strategy.description} | {where} | {kept} | {shared} |"


def _names(names: list[str]) -> str:
    return ", ".join("what was said" if name == EVENTS else name for name in names) or "nothing"
