"""What the page says of the agent: its model, who may ask, the last evaluation."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.evaluation.dataset import load_dataset
from agentcore_kit.evaluation.runs import NoSuchRun, find_run, results_path
from agentcore_kit.local.page.files import HEADERS
from agentcore_kit.local.page.users import users
from agentcore_kit.runtime.identity import development_key
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.serving.models import model_label
from agentcore_kit.serving.settings import AgentSettings

REPORT = "/page/report/"
"""How the address of the last evaluation's report begins."""

_EXAMPLES = 3
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'"


def agent(settings: AgentSettings, _: Request, __: Any) -> dict[str, Any]:
    """Return what the agent is, what its model costs, whom one can be, and what to ask first."""
    environment, about = settings.environment, settings.manifest.metadata
    model = environment.model
    price = environment.price(model.id)
    return {
        "name": about.name,
        "description": about.description,
        "environment": environment.name,
        "model": {"provider": model.provider, "id": model.id, "label": model_label(settings)},
        "price": asdict(price) if price else None,
        "users": users(),
        "examples": _examples(),
    }


def report(*_: Any) -> dict[str, str | None]:
    """Return the name of the evaluation that was run last and the address of its report; None where there is none."""
    path = last_report()
    return {"run": path.parent.name, "address": REPORT + report_key()} if path else {"run": None, "address": None}


async def answer_report(request: Request) -> Response:
    """Return the report of the last evaluation, to who has its address: it has styles of its own, and runs nothing."""
    path = last_report()
    key = request.path_params["key"]
    if path is None or not hmac.compare_digest(key.encode(), report_key().encode()):
        return JSONResponse({"error": "there is no such report"}, 404)
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": _POLICY, **HEADERS})


def last_report() -> Path | None:
    """Return the report of the evaluation that was run last; None where there is none yet."""
    try:
        path = find_run("last", results_path()) / "report.html"
    except NoSuchRun:
        return None
    return path if path.is_file() else None


def report_key() -> str:
    """Return what the address of the report ends with: a frame sends no header, so the address itself is the secret."""
    return development_key("report", STATE)


def _examples() -> list[str]:
    """Return what the ground truth asks first, in one turn and with an answer; nothing where it is wrong."""
    try:
        rows = load_dataset().rows(lambda entry: "smoke" in entry.tags)
        asked = [row.turns[0].input for row in rows if len(row.turns) == 1]
    except (ConfigError, OSError):
        return []
    return asked[:_EXAMPLES]
