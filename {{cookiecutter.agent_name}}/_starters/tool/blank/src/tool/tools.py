"""The server's tools. A model sees only their names, types and descriptions, so they are written for it.

Every tool documents five things: a clear name, its parameters, what it returns, its errors, and when to use it;
`make check` says which is missing. What happens when its backend fails is declared beside it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from agentcore_kit.mcp_server import Failure, tool
from pydantic import BaseModel, Field

from tool.backend import Backend, NotFound, SampleData

City = Annotated[
    Literal["Berlin", "London", "Paris"],
    Field(description="City of the office. When the user names no city, ask which one."),
]

backend: Backend = SampleData()


class OfficeHours(BaseModel):
    """When one office is open."""

    city: str = Field(description="the city asked for")
    opens: str = Field(description="when it opens on working days, as HH:MM")
    closes: str = Field(description="when it closes on working days, as HH:MM")


@tool("getOfficeHours", title="Office hours", effect="read")
def get_office_hours(city: City) -> OfficeHours:
    """Retrieves when one of our offices opens and closes on working days.

    Use when the user asks for office hours, opening hours, when an office opens or closes, whether it is open, or how
    early or late somebody is there. Call it once for each city. Do not use for the hours of shops or public offices.

    Returns: the hours of the office, Monday to Friday.

    Errors: 404 when there is no office in that city; 503 when the office service is unavailable after three tries: tell
    the user to try again later.
    """
    try:
        office = backend.office(city)
    except NotFound as error:
        raise Failure(404, str(error)) from None
    return OfficeHours(city=city, opens=office.opens, closes=office.closes)
