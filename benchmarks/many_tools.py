"""An MCP server with very many tools; a call of `change` describes all of them anew.

Run: `python many_tools.py PORT HOW-MANY`.
"""

import sys
from typing import Any

VERBS = ("get", "find", "create", "cancel", "approve", "archive")
SUBJECTS = ("Invoice", "Contract", "Leave", "Shipment", "Warehouse", "Patent", "Lawsuit", "Forecast", "Payroll", "Visa")
CHANGE = "change"
times_changed = 0


def described(many: int) -> list[dict[str, Any]]:
    """Return the tools as MCP lists them."""
    number = {"type": "string", "description": "Its number, for example 2026-0815."}
    region = {"type": "string", "enum": ["EMEA", "APAC", "AMER"], "description": "The region that it belongs to."}
    found = [{"name": CHANGE, "description": "Describes all tools anew.", "inputSchema": {"type": "object"}}]
    for n in range(many - 1):
        verb, subject = VERBS[n % 6], SUBJECTS[n // 6 % 10]
        name = f"{verb}{subject}Of{SUBJECTS[n // 60]}"
        about = (
            f"{verb.capitalize()}s the {subject.lower()} of a {SUBJECTS[n // 60].lower()}. Use when the user asks to "
            f"{verb} one by its number. Returns its state, its owner and when it changed, version {times_changed}."
        )
        schema = {
            "type": "object",
            "properties": {"number": number, "region": region},
            "required": ["number"],
            "additionalProperties": False,
        }
        found.append({"name": name, "description": about, "inputSchema": schema})
    return found


def main() -> None:
    """Serve."""
    import uvicorn
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

    many = int(sys.argv[2])

    async def listing(*_: Any) -> ListToolsResult:
        return ListToolsResult(tools=[Tool.model_validate(tool) for tool in described(many)])

    async def calling(_: Any, call: Any) -> CallToolResult:
        global times_changed
        times_changed += call.name == CHANGE
        return CallToolResult(content=[TextContent(type="text", text="done")])

    server: Any = Server("many", on_list_tools=listing, on_call_tool=calling)
    app = server.streamable_http_app(json_response=True, stateless_http=True)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
