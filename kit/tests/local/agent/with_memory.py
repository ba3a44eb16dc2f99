"""An agent with its page, and a memory beside it as `make dev` of a memory serves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.local.memory_server.server import MemoryServer, build, serving
from agentcore_kit.local.memory_server.settings import Settings
from tests.local.page_server import Page, page_of

STRATEGIES: list[dict[str, Any]] = [
    {
        "name": name, "type": kind, "description": about, "namespaceTemplate": f"/{name}/{{actorId}}/{more}",
        "recordExpiryDays": 365,
    }
    for name, kind, about, more in (
        ("facts", "semantic", "What the user says.", ""),
        ("preferences", "userPreference", "What the user prefers.", ""),
        ("summaries", "summary", "What a session was about.", "{sessionId}/"),
    )
]  # fmt: skip
CONSUMERS = [{"name": "example-agent", "read": ["facts", "preferences", "events"], "write": ["events"]}]


@contextmanager
def remembering(folder: Path, port: int = 0) -> Iterator[MemoryServer]:
    """Serve a memory that keeps itself in a folder; the agent may read events, facts and preferences, no summaries."""
    spec = {"eventExpiryDays": 30, "strategies": STRATEGIES, "consumers": CONSUMERS}
    folder.mkdir(exist_ok=True)
    about = Settings("customers", "What customers said.", "eu-central-1", MemorySpec.model_validate(spec))
    with serving(build(about, folder, port)) as server:
        yield server


@contextmanager
def agent_of(folder: Path, memory: str) -> Iterator[Page]:
    """Serve the page of the agent of this repository with a memory at an address."""
    added = {"environments/local.yaml": f"\nmemory: {{id: customers-localstore, endpoint: '{memory}'}}\n"}
    replaced = {"manifest.yaml": ("\n  memory: null", "\n  memory: customers")}
    with page_of(folder, added, replaced) as page:
        yield page
