"""What the model is told in every call besides the conversation: at the end of the prompt, where all models take it.

Strands' own ContextInjector puts it behind the last message. After a tool's result that is a user's message where many
models allow none, and a changed end of each conversation, which providers then cannot cache.
"""

from __future__ import annotations

from collections.abc import Callable

from strands import Agent
from strands.middleware import InvokeModelContext, InvokeModelStage
from strands.plugins import Plugin


class PromptContext(Plugin):
    """Ends the prompt of each model call with a text. What is stored of prompt and conversation stays as it is."""

    name = "agentcore-kit:prompt-context"

    def __init__(self, describe: Callable[[], str]) -> None:
        """`describe` returns the text, and is asked before each model call."""
        super().__init__()
        self._describe = describe

    def init_agent(self, agent: Agent) -> None:
        """Have the prompt of each model call ended."""
        agent.add_middleware(InvokeModelStage.Input, self._ended)

    def _ended(self, context: InvokeModelContext) -> InvokeModelContext:
        prompt = context.system_prompt
        blocks = [{"text": prompt}] if isinstance(prompt, str) else list(prompt or [])
        return context.replace(system_prompt=[*blocks, {"text": self._describe()}])
