"""The agent's tools. A model sees only these names, types and docstrings, so they are written for it.

Every tool documents five things: a clear name, its parameters, what it returns, its errors, and when to use it.
Each says what happens on failure: what is transient is tried again, everything else is explained to the user.
"""

from __future__ import annotations

from typing import Any

from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.serving import tool_error
from pydantic import Field
from strands import tool
from strands.types.tools import AgentTool

from agent.backend import Backend, NotFound, SampleData, Unavailable

backend: Backend = SampleData()

# How often the service is tried, and how long one try may take.
OFFICE_SERVICE = RetryPolicy(attempts=3, timeout_seconds=2.0)


@tool(name="getOfficeHours")
async def get_office_hours(city: str = Field(min_length=2, max_length=60)) -> dict[str, Any]:
    """Retrieves when one of our offices opens and closes on working days.

    Use when the user asks for office hours, opening hours, when an office opens or closes, whether it is open, or how
    early or late somebody is there. Call it once for each city.

    Args:
        city: City of the office, e.g. "Berlin", "London", "Paris". When the user names no city, ask which one.

    Returns:
        {"city": "Berlin", "opens": "08:00", "closes": "18:30", "days": "Monday to Friday"}

    Errors:
        404 when there is no office in that city: tell the user where the offices are.
        503 when the office service is unavailable after three tries: tell the user to try again later.
    """
    try:
        office = await OFFICE_SERVICE.call(backend.office, city)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the office service is unavailable; try again in a few minutes")
    return {"city": city, "opens": office.opens, "closes": office.closes, "days": "Monday to Friday"}


TOOLS: list[AgentTool] = [get_office_hours]
