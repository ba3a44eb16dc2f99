"""What the page says of the agent: its model, who may ask, the last evaluation; and a token to ask with."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.evaluation.dataset import load_dataset
from agentcore_kit.evaluation.runs import NoSuchRun, find_run, results_path
from agentcore_kit.evaluation.users import EvaluationUser, declared_users, developer
from agentcore_kit.runtime.identity import development_key, issue_development_token
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.serving.models import model_label
from agentcore_kit.serving.settings import AgentSettings

REPORT = "/page/report/"
"""How the address of the last evaluation's report begins."""

_EXAMPLES = 3
_LONGEST_NAME = 128
_DEVELOPER = "developer"


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
        "users": [_DEVELOPER, *(name for name in _declared() if name != _DEVELOPER)],
        "examples": _examples(),
    }


def token(settings: AgentSettings, _: Request, body: Any) -> dict[str, str]:
    """Return a token of a user: one of `evals/users.yaml`, or one made up.

    Raises:
        ConfigError: When the body names nobody.
    """
    name, claims = body.get("user"), body.get("claims") or {}
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or not isinstance(claims, dict):
        raise ConfigError(["user: a name is needed, with at most 128 characters; claims: an object"])
    user: EvaluationUser = developer(name.strip())
    return {"token": issue_development_token(user.user_id, settings.state, claims={**user.claims, **claims})}


def report(*_: Any) -> dict[str, str | None]:
    """Return the name of the evaluation that was run last and the address of its report; None where there is none."""
    path = last_report()
    return {"run": path.parent.name, "address": REPORT + report_key()} if path else {"run": None, "address": None}


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


def _declared() -> list[str]:
    """Return the users of `evals/users.yaml`. One that is wrong is told by `make check`; the page goes on without."""
    try:
        return list(declared_users() or {})
    except ConfigError:
        return []


def _examples() -> list[str]:
    """Return what the ground truth asks first, in one turn and with an answer; nothing where it is wrong."""
    try:
        rows = load_dataset().rows(lambda entry: "smoke" in entry.tags)
        asked = [row.turns[0].input for row in rows if len(row.turns) == 1]
    except (ConfigError, OSError):
        return []
    return asked[:_EXAMPLES]
