"""Whom the evaluation asks: the agent in this process, one behind a URL, or a deployed one."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from agentcore_kit.config.environment import environment_name, read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.evaluation.http_target import HttpTarget
from agentcore_kit.evaluation.local_target import LocalTarget
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.evaluation.target import Target, host_of
from agentcore_kit.evaluation.users import EVALUATION, by_development_token, by_given_tokens, given_tokens
from agentcore_kit.runtime.aws_signing import Signed
from agentcore_kit.runtime.identity import issue_development_token


def build_target(where: str, day: date | None = None) -> Target:
    """Return the target that `--target` names: `local`, a URL, or the ARN of a runtime or of one of its endpoints.

    A token comes from `EVAL_TOKEN`, those of users whom rows name from `EVAL_USER_TOKENS`. Without them, an agent on
    this machine gets development tokens, and calls of a deployed one are signed with the shell's AWS credentials.

    Args:
        where: What `--target` says.
        day: The date that a target elsewhere is told; None for the one that its environment states.

    Raises:
        ValueError: when it names none of these. ConfigError: when the environment file is wrong.
    """
    token, users = os.environ.get("EVAL_TOKEN", ""), given_tokens()
    sign_in = None if users is None else by_given_tokens(users)
    today = stated_day()
    if where == "local":
        local = LocalTarget()
        for line in local.missing:
            print(line, file=sys.stderr)
        return local
    if where.startswith("arn:"):
        arn, _, endpoint = where.partition("/runtime-endpoint/")
        parts = arn.split(":")
        if len(parts) != 6 or not parts[5].startswith("runtime/"):
            raise ValueError(f"--target: {where!r} is no ARN of an AgentCore runtime, arn:…:runtime/…")
        from agentcore_kit.delivery.regions import domain  # botocore is needed for what is in AWS only

        url = f"https://bedrock-agentcore.{parts[3]}.{domain(parts[3])}/runtimes/{quote(arn, safe='')}/invocations"
        query = {"qualifier": endpoint or "DEFAULT"}
        return HttpTarget(url, token or Signed(parts[3]), day or today, query=query, sign_in=sign_in)
    host = host_of(where)
    if not host:
        raise ValueError(f"--target: {where!r} is neither local, nor a URL, nor the ARN of a runtime")
    url = f"{where.rstrip('/').removesuffix('/invocations')}/invocations"
    if host in ("localhost", "127.0.0.1", "::1") and not token:
        from agentcore_kit.serving.settings import AgentSettings

        settings = AgentSettings.from_files()
        made_up = sign_in or by_development_token(settings.state)
        own = issue_development_token(EVALUATION, settings.state)
        return HttpTarget(url, own, day or settings.today(), sign_in=made_up)
    if not token:
        raise CannotRun(f"EVAL_TOKEN is not set; {host} needs a bearer token of a user")
    return HttpTarget(url, token, day or today, sign_in=sign_in)


def stated_day() -> date:
    """Return the date that a deployed agent is told: `today` of its environment's file, else today in UTC.

    Which environment it is, `AGENT_ENV` says; that of this machine says nothing of an agent elsewhere.

    Raises:
        ConfigError: When the environment file is wrong.
    """
    environment: Any = read_environment(environment_name(), load_manifest())
    stated: date | None = environment.day() if environment.account else None
    return stated or datetime.now(UTC).date()
