"""What a team does with its agent in a first year, one change after the other, each in the team's own files only.

The agent begins as an HR assistant, with the starter `hr`. A change is a function that edits a repository as a person
would: some words of a file, a block at its end, a file more.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentcore_kit.local import recorded_gateway

from tests.repository import append

CLOUD = ("dev", "preprod", "prod")
TEAM_OWNED = ("src/agent/", "evals/", "tests/", "environments/", "manifest.yaml", "README.md")
"""All that the changes touch."""

VPN_TOOL: dict[str, Any] = {
    "name": "it-support___checkVPNStatus",
    "description": """Retrieves whether the VPN of one employee works: connected, disconnected or blocked, and why.

Use when the user asks about the VPN, that it does not connect, drops or is slow, or about remote access to the company
network. Do not use for rules of working from home: use getPolicy.

Returns:
    {"userId": "asmith", "status": "blocked", "reason": "the certificate ran out"}

Errors:
    404 when there is no such user: ask the user to check the user id.
    503 when the VPN gateway does not answer: tell the user to try again later.
""",
    "inputSchema": {
        "type": "object",
        "properties": {
            "userId": {
                "type": "string",
                "pattern": "^[a-z][a-z0-9]{2,15}$",
                "description": "User id of the employee: lower-case letters and digits, for example asmith. Never guess"
                " it: ask the user for it when it was not said.",
            }
        },
        "required": ["userId"],
    },
}
"""A tool of another team, as its gateway lists it."""

VPN_ROW: dict[str, Any] = {
    "scenario_id": "common-is-the-vpn-of-user-asmith-down",
    "turns": [
        {
            "input": "Is the VPN of user asmith down?",
            "expected_response": "Yes: the VPN is blocked, as the certificate ran out.",
        }
    ],
    "expected_trajectory": [VPN_TOOL["name"]],
    "assertions": ["Calls checkVPNStatus of user asmith.", "Says that it is blocked."],
    "metadata": {
        "category": "common",
        "date": "2026-11-16",
        "any_date": True,
        "expect": [
            [
                {
                    "outcome": "answer",
                    "calls": [{"name": VPN_TOOL["name"], "input": {"userId": "asmith"}}],
                    "mentions": ["blocked"],
                }
            ]
        ],
        "tags": [],
    },
}

ACCOUNT_TOOL = '''

@tool(name="getLeaveAccount", context=True)
def get_leave_account(tool_context: ToolContext) -> dict[str, Any]:
    """Retrieves the leave account of the user who asks: the days of leave that are granted, taken and still left.

    Use when the user asks for the own leave account: what my leave account says, shows, has or holds. Do not use for
    an employee whose number is said or can be asked for: use checkVacationBalance.

    Returns:
        {"entitlement": 30.0, "taken": 18.0, "remaining": 14.5, "unit": "days", "asOf": "2026-11-01"}

    Errors:
        403 when the user's account has no employee number: tell the user to ask the HR team.
    """
    employee = caller_of(tool_context).claims.get("employee_id")
    try:
        balance = backend.balance(str(employee))
    except NotFound:
        return tool_error(403, "your account has no employee number; ask the HR team to add it")
    return {
        "entitlement": balance.entitlement,
        "taken": balance.taken,
        "remaining": balance.remaining,
        "unit": "days",
        "asOf": balance.as_of,
    }


TOOLS.append(get_leave_account)
'''

ACCOUNT_TEST = '''"""What the tool of the leave account tells: that of who asks, and of nobody else."""

from __future__ import annotations

from typing import Any

from agentcore_kit.testing.tool_context import tool_context

from agent import tools


def leave_account(**claims: Any) -> Any:
    return tools.get_leave_account(tool_context=tool_context(**claims))


def test_each_is_told_of_the_leave_account() -> None:
    assert leave_account(employee_id="E1001")["remaining"] == tools.backend.balance("E1001").remaining
    assert leave_account(employee_id="E1002")["remaining"] == tools.backend.balance("E1002").remaining


def test_an_account_without_a_number_is_told_whom_to_ask() -> None:
    assert "403" in leave_account()["content"][0]["text"]
'''


@dataclass(frozen=True)
class Change:
    """One change of a team's.

    Attributes:
        name: What it brings.
        make: Edits the repository.
    """

    name: str
    make: Callable[[Path], None]


def add_memory(repository: Path) -> None:
    """Conversations are kept in a memory, and what it learned of a user is recalled."""
    edit(repository / "manifest.yaml", r"^  memory: null", "  memory: hr-memory")
    append(
        repository / "environments/local.yaml", "memory: {id: hr_memory-localstore, endpoint: 'http://127.0.0.1:8090'}"
    )
    for name in CLOUD:
        append(repository / f"environments/{name}.yaml", "memory: {id: hr_memory-a1B2c3D4e5}")


def add_gateway_tool(repository: Path) -> None:
    """A tool of another team is used through its gateway; its answers are recorded while it runs."""
    edit(repository / "manifest.yaml", r"^    gateways: \[\]", "    gateways: [it-support]")
    for name in CLOUD:
        url = "https://it-support-x1y2z3.gateway.bedrock-agentcore.eu-central-1.amazonaws.com/mcp"
        edit(repository / f"environments/{name}.yaml", r"^gateways: \{\}.*$", f"gateways: {{it-support: '{url}'}}")
    append(repository / "evals/dataset.jsonl", json.dumps(VPN_ROW))
    with vpn_gateway() as url:
        edit(repository / "environments/local.yaml", r"^gateways: \{\}.*$", f"gateways: {{it-support: '{url}'}}")
        subprocess.run([".venv/bin/kit", "record", "--gateway", "it-support"], cwd=repository, check=True)


@contextmanager
def vpn_gateway() -> Iterator[str]:
    """Serve the other team's tool on this machine; yield its address."""

    async def answer(_: str, arguments: dict[str, Any], __: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        found = {"userId": arguments["userId"], "status": "blocked", "reason": "the certificate ran out"}
        return {"content": [{"type": "text", "text": json.dumps(found)}], "structuredContent": found}

    with recorded_gateway.serving([VPN_TOOL], answer, "it-support") as url:
        yield url


def add_secret(repository: Path) -> None:
    """The HR system wants a key, and is told how much to say; in dev the model is an OpenAI-compatible endpoint's."""
    for name in ("local", *CLOUD):
        append(repository / f"environments/{name}.yaml", "variables: {HR_SYSTEM_DETAIL: full}")
        more = ", OPENAI_API_KEY: hr-assistant/models" if name == "dev" else ""
        append(
            repository / f"environments/{name}.yaml", f"secrets: {{HR_SYSTEM_KEY: 'hr-assistant/hr-system#key'{more}}}"
        )
    model = "model: {provider: openai-compatible, id: gpt-5-mini, baseUrl: 'https://models.example.com/v1'}\n"
    edit(repository / "environments/dev.yaml", r"^model:\n(?:[ #].*\n|\n(?=[ #]))+", model)
    backend = repository / "src/agent/backend.py"
    edit(backend, r"^import csv\n", "import csv\nimport os\n")
    edit(
        backend,
        r"^        self\._lock = Lock\(\)\n",
        "        self._lock = Lock()\n"
        '        self.detail = os.environ["HR_SYSTEM_DETAIL"]  # of environments/<name>.yaml\n\n'
        "    @property\n"
        "    def key(self) -> str | None:\n"
        '        """The key of the HR system; read where it is needed, as it is replaced while the agent runs."""\n'
        '        return os.environ.get("HR_SYSTEM_KEY")\n',
    )


def add_production_region(repository: Path) -> None:
    """A second production, in another account and region, is delivered after the first."""
    text = (repository / "environments/prod.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^name: prod$", "name: prod-us", text, flags=re.MULTILINE)
    text = re.sub(r"^account: .*$", "account: '555566667777'", text, flags=re.MULTILINE)
    text = re.sub(r"^region: .*$", "region: us-east-1", text, flags=re.MULTILINE)
    (repository / "environments/prod-us.yaml").write_text(text, encoding="utf-8")
    edit(
        repository / "manifest.yaml",
        r"^spec:\n",
        "spec:\n  delivery: {production: [prod, prod-us]}\n",
    )


def add_user_scoped_tool(repository: Path) -> None:
    """A tool answers for who asks; rows say as whom they are asked, here and in pre-production."""
    tools = repository / "src/agent/tools.py"
    edit(
        tools,
        r"^from agentcore_kit.serving import confirm, tool_error\n",
        "from agentcore_kit.serving import caller_of, confirm, tool_error\n",
    )
    edit(
        tools,
        r"Do not use for the rules of leave: use getPolicy\.$",
        "Do not use for the rules of leave: use getPolicy.\n    Do not use for a leave account: use getLeaveAccount.",
    )
    append(tools, ACCOUNT_TOOL.rstrip("\n"))
    (repository / "tests/test_leave_account.py").write_text(ACCOUNT_TEST, encoding="utf-8")
    edit(
        repository / "tests/test_tools.py",
        r'^        "getPolicy": \{"policyName"\},\n',
        '        "getPolicy": {"policyName"},\n        "getLeaveAccount": set(),\n',
    )
    numbers = {"Kim": "E1001", "Robin": "E1002"}  # whom rows name already, and what their tokens say now
    lines = [f"  {name}: {{firstName: {name}, claims: {{employee_id: {each}}}}}" for name, each in numbers.items()]
    (repository / "evals/users.yaml").write_text("\n".join(["users:", *lines, ""]), encoding="utf-8")
    for name, number in numbers.items():
        append(repository / "evals/dataset.jsonl", json.dumps(account_row(repository, name, number)))
    for name in ("preprod", "prod", "prod-us"):
        append(repository / f"environments/{name}.yaml", f"testUsers: hr-assistant/{name}/test-users")


def account_row(repository: Path, name: str, number: str) -> dict[str, Any]:
    """Return a row in which a user asks for the own vacation, with the figure of the sample data."""
    employees = (repository / "src/agent/data/employees.csv").read_text(encoding="utf-8").splitlines()
    columns = employees[0].split(",")
    employee = next(dict(zip(columns, line.split(","), strict=True)) for line in employees if line.startswith(number))
    left = float(employee["entitlement"]) + float(employee["carriedOver"]) - float(employee["taken"])
    asked = "What does my leave account say?"
    return {
        "scenario_id": f"leave-account-{name.lower()}",
        "turns": [{"input": asked, "expected_response": f"You have {left:g} days left."}],
        "expected_trajectory": ["getLeaveAccount"],
        "assertions": [f"Calls getLeaveAccount. States {left:g}."],
        "metadata": {
            "category": "common",
            "date": "2026-11-16",
            "any_date": True,
            "user": name,
            "expect": [[{"outcome": "answer", "calls": [{"name": "getLeaveAccount", "input": {}}], "figures": [left]}]],
            "tags": [],
        },
    }


CHANGES = [
    Change("memory", add_memory),
    Change("gateway-tool", add_gateway_tool),
    Change("secret", add_secret),
    Change("production-region", add_production_region),
    Change("user-scoped-tool", add_user_scoped_tool),
]
"""In the order in which they are made: each builds on those before."""


def edit(path: Path, pattern: str, text: str) -> None:
    """Replace the one place of a file that a pattern matches, line by line.

    Raises:
        AssertionError: When it matches nowhere or at several places.
    """
    before = path.read_text(encoding="utf-8")
    after, count = re.subn(pattern, lambda _: text, before, flags=re.MULTILINE)
    assert count == 1, f"{path.name}: {pattern} matches {count} times"
    path.write_text(after, encoding="utf-8")
