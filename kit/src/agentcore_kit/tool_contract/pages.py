"""The pages that are generated from the tools: docs/tools.md, and the table of failures in README.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from agentcore_kit.config.repository import repository_path, repository_root
from agentcore_kit.mcp_server.declarations import TOOLS, Tool
from agentcore_kit.runtime.json_schemas import Schema, choices, followed
from agentcore_kit.tool_contract.definitions import Definition
from agentcore_kit.tool_contract.samples import samples

BEGIN, END = "<!-- generated from src/tool/tools.py by `kit tools --write` -->", "<!-- end of what is generated -->"

_LANGUAGES = {"curl": "sh", "mcp": "python", "strands": "python"}
_TITLES = {"curl": "curl", "mcp": "A plain MCP client", "strands": "Strands"}


def page_path() -> Path:
    """Return where the page of all tools is."""
    return repository_path("docs", "tools.md")


def current(tools: list[Definition]) -> dict[Path, str]:
    """Return what the pages should be, by their paths."""
    readme_path = repository_path("README.md")
    readme = readme_path.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)
    table = f"{BEGIN}\n{failures()}\n{END}"
    return {readme_path: between.sub(lambda _: table, readme), page_path(): formatted(page(tools))}


def formatted(text: str) -> str:
    """Return the page with its programs as `kit check` wants them."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", page_path().name, "-"]
    return subprocess.run(command, cwd=repository_root(), input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603


def failures() -> str:
    """Return the table of what each tool does when it cannot answer."""
    rows = ["| tool | effect | when its backend fails | a try takes at most | calls at once |", "|---|---|---|---|---|"]
    rows += [
        f"| `{one.name}` | {one.effect} | {behaviour(one)} | {one.timeout_seconds:g} s | {one.at_once} |"
        for one in TOOLS.values()
    ]
    return "\n".join(rows)


def behaviour(tool: Tool) -> str:
    """Return in words what a tool does when its backend fails."""
    steps = []
    if tool.attempts > 1:
        steps.append(f"begins up to {tool.attempts} tries within {tool.budget_seconds:g} s")
    if tool.fall_back_seconds:
        steps.append(f"gives an answer up to {_span(tool.fall_back_seconds)} old, with its age")
    return ", then ".join([*steps, "says 503 unavailable"])


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def page(tools: list[Definition]) -> str:
    """Return the page of all tools: what a model is told, and how to call them."""
    parts = [
        "# The tools",
        f"{BEGIN[:-4]}; do not edit -->",
        "What a model is told of each tool, and programs that call it. With `kit dev` running:\n\n"
        "    export TOOLS_URL=http://127.0.0.1:8000/mcp TOOLS_TOKEN=$(kit token)\n\n"
        "Behind a gateway, `TOOLS_URL` is the gateway's and every name begins with `<prefix>___`.",
    ]
    for tool in tools:
        parts += [f"## {tool['name']}", tool["description"], _parameters(tool), _fields(tool)]
        for how, text in samples(tool).items():
            parts += [f"### {_TITLES[how]}", f"```{_LANGUAGES[how]}\n{text}```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parameters(tool: Definition) -> str:
    rows = _rows(tool["inputSchema"])
    return "\n".join(["| parameter | type | |", "|---|---|---|", *rows]) if rows else "No parameters."


def _fields(tool: Definition) -> str:
    return "\n".join(["| result | type | |", "|---|---|---|", *_rows(tool["outputSchema"])])


def _rows(schema: Schema) -> list[str]:
    known = followed(schema, schema).get("properties", {})
    return [f"| `{name}` | {_type(one, schema)} | {one.get('description', '')} |" for name, one in known.items()]


def _type(schema: Schema, whole: Schema) -> str:
    return " or ".join(
        ", ".join(map(str, one["enum"])) if "enum" in one else str(one.get("type", "any"))
        for one in choices(schema, whole)
    )
