"""Results of tools that are too long for the model: it gets their first part, and a tool that reads on.

Strands' ContextOffloader reads on by lines, which a long result of one line does not have, and its tool is offered to
the model in every call, also where nothing was ever cut.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from strands import Agent, tool

from agentcore_kit.serving.errors import tool_error
from agentcore_kit.serving.plain import texts

READ_ON = "readToolResult"
"""The name of the tool."""

KEPT = 10
"""How many results of a session are kept whole, the newest."""

_FOOTER = 200
"""How many characters are kept free for saying how to read on."""

GONE = tool_error(404, "that result is no longer kept; call the tool again that gave it")


class WholeResults:
    """The whole results of one session's tools of which the model got a part. They go when the session is closed."""

    def __init__(self, most: int) -> None:
        """`most` is how many characters of a result the model gets at once."""
        self._most = most
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._tool: Any = None  # made when the first result is cut

    def cut(self, agent: Agent, reference: str, content: list[Any]) -> tuple[list[Any], str | None]:
        """Return the content of a result as the model gets it, and what the caller is told; None where it is whole.

        Args:
            agent: Whose tool it was; it gets a tool that reads on.
            reference: The id of the call.
            content: The blocks of the result. Those that are neither text nor JSON stay as they are.
        """
        whole = "".join(texts(content))
        if len(whole) <= self._most:
            return content, None
        told = f"the first {self._most:,} of {len(whole):,} characters"
        more = ""
        if self._offer(agent):
            self.keep(reference, whole)
            more = f'; {READ_ON} with reference "{reference}" and start {self._most} reads on'
        mark = f" … [cut off: {told}{more}]"
        others = [block for block in content if not block.keys() & {"text", "json"}]
        can = "the rest can be read on" if more else "the rest is lost"
        return [{"text": whole[: self._most] + mark}, *others], f"{told}; {can}."

    def keep(self, reference: str, whole: str) -> None:
        """Keep a result, and let go the oldest where there are too many."""
        self._kept[reference] = whole
        self._kept.move_to_end(reference)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def read(self, reference: str, start: int) -> dict[str, Any]:
        """Return the next part of a result, as the result of a tool."""
        whole = self._kept.get(reference)
        if whole is None:
            return GONE
        if not 0 <= start < len(whole):
            return tool_error(400, f"start must be from 0 to {len(whole) - 1}")
        end = min(len(whole), start + self._most - _FOOTER)
        more = f" … [{len(whole) - end:,} characters follow: start {end}]" if end < len(whole) else ""
        return {"status": "success", "content": [{"text": whole[start:end] + more}]}

    def _offer(self, agent: Agent) -> bool:
        """Give the agent the tool, unless it has one of that name; return whether it has this one."""
        known = agent.tool_registry.registry.get(READ_ON)
        if known is None:
            self._tool = _tool(self)
            agent.tool_registry.process_tools([self._tool])
            return True
        return known is self._tool


def _tool(results: WholeResults) -> Any:
    @tool(name=READ_ON)
    def read_tool_result(reference: str, start: int) -> dict[str, Any]:
        """Reads on in the result of a tool that was cut off. Use when the part that you have is not enough.

        Args:
            reference: The reference that stands where the result was cut off.
            start: The number of the first character to read, which stands there too.
        """
        return results.read(reference, start)

    return read_tool_result
