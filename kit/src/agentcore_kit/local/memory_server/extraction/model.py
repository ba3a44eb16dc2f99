"""Extraction by a model of any OpenAI-compatible endpoint: LiteLLM, Ollama, vLLM, llama.cpp."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from typing import Any

import httpx

from agentcore_kit.config.memory import Strategy
from agentcore_kit.config.repository import repository_root
from agentcore_kit.local.memory_server.extraction import Change, Message
from agentcore_kit.local.memory_server.extraction.personal import is_personal
from agentcore_kit.local.memory_server.store import Record

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 60

_WANTED = {
    "semantic": "facts about the user's work: projects, responsibilities, terms, deadlines",
    "userPreference": "how the user wants answers and figures",
    "summary": "one summary of the session, which takes the place of the known one",
    "episodic": "what was asked, what was done, and how it ended",
}
_TASK = """You maintain the long-term memory of a conversation. Keep: {wanted}.
Never keep personal data (contacts, health, family, pay, credentials), one-off or hypothetical wishes, others' wishes.
The newer statement wins; forget what the user asks to forget. {own}
Known records, as JSON: {known}
Answer with JSON only: {{"records": [{{"text": "…", "topic": "short key; reuse a known one to replace it"}}],
"forget": ["id of a known record"]}}"""


class ModelExtractor:
    """The extractor of those who configured a model."""

    def __init__(self, base_url: str, model: str) -> None:
        """`base_url` ends before `/chat/completions`. OPENAI_API_KEY is sent when it is set."""
        self.label = f"model {model}"
        self._url, self._model = f"{base_url.rstrip('/')}/chat/completions", model

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        """Return what new messages change. A model that cannot be reached, or answers no JSON, changes nothing."""
        if not any(message.role == "USER" for message in messages):
            return []
        own = ""
        if strategy.prompts:
            files = strategy.prompts.model_dump(exclude_none=True).values()
            own = "\n".join((repository_root() / file).read_text(encoding="utf-8") for file in files)
        records = [{"id": each.id, "topic": each.topic, "text": each.text} for each in known]
        task = _TASK.format(wanted=_WANTED[strategy.kind], own=own, known=json.dumps(records, ensure_ascii=False))
        said = "\n".join(f"{each.role}: {each.text}" for each in [*earlier[-6:], *messages])
        try:
            return _changes(self._ask(task, said), {each.id for each in known})
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            logger.warning("%s: nothing extracted for %s: %s", self.label, strategy.name, error)
            return []

    def _ask(self, task: str, said: str) -> dict[str, Any]:
        roles = [{"role": "system", "content": task}, {"role": "user", "content": said}]
        key = os.environ.get("OPENAI_API_KEY")
        reply = httpx.post(
            self._url,
            json={"model": self._model, "temperature": 0, "messages": roles},
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT_SECONDS,
        )
        text: str = reply.raise_for_status().json()["choices"][0]["message"]["content"]
        found: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
        return found


def _changes(found: dict[str, Any], known: set[str]) -> list[Change]:
    """Return the model's answer as changes; personal data is left out here too, whatever the model was told."""
    gone = tuple(each for each in found.get("forget", []) if each in known)
    kept = [each for each in found.get("records", []) if each["text"].strip() and not is_personal(each["text"])]
    changes = [Change(forget=gone)] if gone else []
    return changes + [Change(each["text"].strip(), str(each.get("topic") or "") or None) for each in kept]
