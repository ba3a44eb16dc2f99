"""Content of tools that is neither text nor JSON: it reaches the model, or is named as what it does not get."""

from __future__ import annotations

import base64
from typing import Any


def named(content: Any) -> dict[str, Any]:
    """Return a text in the place of content of MCP that no block of a message can hold; a link is told as one."""
    # Not at the top: an agent without gateways starts without MCP.
    from mcp.types import AudioContent, BlobResourceContents, EmbeddedResource, ImageContent, ResourceLink

    match content:
        case ResourceLink():
            about = [content.name, str(content.uri), content.mime_type, content.description]
            return {"text": f"[link to a resource: {', '.join(part for part in about if part)}]"}
        case ImageContent() | AudioContent():
            return _left_out(content.type, content.mime_type, _size(content.data))
        case EmbeddedResource(resource=BlobResourceContents() as resource):
            return _left_out("resource", str(resource.uri), resource.mime_type, _size(resource.blob))
    return _left_out(str(getattr(content, "type", type(content).__name__)))


def with_structured(content: list[Any], structured: Any) -> list[Any]:
    """Return the content of a result of MCP with its structured part where nothing else says it.

    Args:
        content: The blocks that the model gets.
        structured: The structured content; None where there is none.
    """
    if structured is None or any(block.get("text", " ").strip() or "json" in block for block in content):
        return content
    return [*(block for block in content if "text" not in block), {"json": structured}]


def shown(block: Any) -> Any:
    """Return a block of a tool's result as callers are told it: JSON and text as they are, of others what they are."""
    for kind in ("json", "text"):
        if kind in block:
            return block[kind]
    kind, value = next(iter(block.items()))
    size = len(value.get("source", {}).get("bytes", b"")) if isinstance(value, dict) else 0
    form = value.get("format", "") if isinstance(value, dict) else ""
    return f"[{kind}: {', '.join(part for part in (form, f'{size:,} bytes' if size else '') if part)}]"


def left_out(block: Any) -> str | None:
    """Return what kind of content a block is that a model may not take; None where it is text or JSON."""
    return None if block.keys() & {"text", "json"} else str(next(iter(block), "nothing"))


def not_taken(block: Any) -> dict[str, Any]:
    """Return a text in the place of a block that the model does not take."""
    kind, *about = shown(block).strip("[]").partition(": ")[::2]
    return _left_out(kind, *about)


def left_out_notice(kinds: list[str]) -> str:
    """Return what the caller of a turn is told of kinds of content that the model does not take."""
    return f"The model does not take this content of tools, so it was left out: {', '.join(kinds)}."


def _left_out(*about: str | None) -> dict[str, Any]:
    return {"text": f"[not supported, so it was left out: {', '.join(part for part in about if part)}]"}


def _size(data: str) -> str:
    try:
        return f"{len(base64.b64decode(data)):,} bytes"
    except ValueError:
        return "unreadable"
