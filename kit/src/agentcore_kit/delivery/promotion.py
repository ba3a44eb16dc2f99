"""Giving callers a version and taking it back: what is live is tested, and what was good before is put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.delivery import endpoints, output, version_history
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoints import Runtime
from agentcore_kit.delivery.errors import COULD_NOT, CommandError, as_command_error
from agentcore_kit.delivery.names import LIVE

Smoke = Callable[[str], None]
"""Tests an endpoint by name. Raises CommandError when it does not answer as it should."""


def is_proven(context: DeploymentContext, found: Runtime, version: str) -> bool:
    """Return whether callers have a version that passed its smoke test: then promotion has nothing to move."""
    now = endpoints.state(context, found.id)
    return now is not None and now.live == now.target == version and version in version_history.recall(context).good


def promote(context: DeploymentContext, found: Runtime, version: str, smoke: Smoke) -> None:
    """Give callers a version, test it, and put the last good one back when that fails.

    A version that they have and that has passed before is only tested again.

    Raises:
        CommandError: when it failed; callers then have what they had before, or the message says what they have.
    """
    past, now = version_history.recall(context), endpoints.state(context, found.id)
    if is_proven(context, found, version):
        _test(context, smoke)
        return
    live = now.live if now and now.live else ""
    interrupted = past.untested == version
    had = past.had if interrupted else live
    known = None if live == version and not interrupted else had  # nothing is known of what it replaced
    _give(context, found, version, past.before(version) or known, replace(past, had=had), smoke)


def roll_back(context: DeploymentContext, found: Runtime, version: str, smoke: Smoke) -> None:
    """Give callers an earlier version; what they had is not gone back to any more.

    Raises:
        CommandError: as `promote` does.
    """
    past, now = version_history.recall(context), endpoints.state(context, found.id)
    live = now.live if now and now.live else ""
    # Remembered before anything moves: typed again after an interruption it must not go forward to what it has left.
    for left in (live, past.untested):
        if left not in ("", version):
            past = past.leaving(left)
    if now and now.live == now.target == version:
        _test(context, smoke)
        version_history.remember(context, past.passed(version))
        return
    _give(context, found, version, live or None, replace(past, had=live), smoke)


def rollback_target(context: DeploymentContext, live: str | None) -> str:
    """Return the last good version before the live one, or before the one that an interrupted promotion was going to.

    An interrupted rollback goes on to where it was going.

    Raises:
        CommandError: when none is known.
    """
    past = version_history.recall(context)
    if past.untested in past.good:
        return past.untested
    if (target := past.before(past.untested or live)) is None:
        raise CommandError(
            f"no earlier good version is known in {context.name} (live: {live or 'nothing'})",
            f"choose one: kit rollback --env {context.name} --version …; kit status --env {context.name} lists them",
        )
    return target


def _test(context: DeploymentContext, smoke: Smoke) -> None:
    """Test what callers have and keep."""
    output.step(f"smoke test of {LIVE}")
    try:
        smoke(LIVE)
    except CommandError as failure:
        raise CommandError(
            f"{failure.message}; it stays live, as nothing was moved", _rollback(context), failure.code
        ) from None


def _give(
    context: DeploymentContext,
    found: Runtime,
    version: str,
    back: str | None,
    past: version_history.History,
    smoke: Smoke,
) -> None:
    """Give callers a version, or `back` when that fails: none at all where it is empty, what they have where None."""
    original = version_history.recall(context)
    version_history.remember(context, replace(past, untested=version))
    try:
        endpoints.move(context, found, version)
        output.step(f"smoke test of {LIVE}")
        smoke(LIVE)
    except Exception as error:  # whatever it is, callers must not stay on what nobody tested
        failure = f"version {version}: {_told(error)}"
        live = _put_back(context, found, back, failure)
        version_history.remember(context, replace(original, untested="", had=""))
        raise CommandError(f"{failure}; {live}", _again(context), as_code(error)) from error
    now = endpoints.state(context, found.id)
    if now is None or now.live != version:
        raise CommandError(
            f"version {version} passed, but somebody has moved live to {now.live if now else 'nothing'} meanwhile",
            f"kit status --env {context.name}",
        )
    version_history.remember(context, version_history.recall(context).passed(version))


def _put_back(context: DeploymentContext, found: Runtime, back: str | None, failure: str) -> str:
    """Put a version back, and return what is live then. Raises CommandError when that does not go either."""
    try:
        if back is None:
            return _seen(context, found, back)
        if not back:
            endpoints.remove(context)
            return "there was none before, so nothing is live"
        endpoints.move(context, found, back)
    except (CommandError, ClientError, BotoCoreError) as error:
        raise CommandError(
            f"{failure}; and live could not be put back: {_told(error)}; {_seen(context, found, back)}",
            f"kit rollback --env {context.name}{f' --version {back}' if back else ''}",
        ) from error
    return f"live is back on version {back}"


def _seen(context: DeploymentContext, found: Runtime, back: str | None) -> str:
    try:
        now = endpoints.state(context, found.id)
    except (ClientError, BotoCoreError):
        return "what it serves cannot be read"
    if now is None:
        return "nothing is live"
    serves = f"live still serves {now.live}" if now.live == back else f"live serves {now.live}"
    return serves + (f" and is on its way to {now.target}, which nobody has tested" if now.target != now.live else "")


def as_code(error: Exception) -> int:
    """Return the exit code of what failed: that a gate was not passed, or that it could not be done."""
    return error.code if isinstance(error, CommandError) else COULD_NOT


def _told(error: Exception) -> str:
    if isinstance(error, CommandError | ClientError | BotoCoreError):
        return as_command_error(error).message
    return f"{type(error).__name__}: {error}"


def _again(context: DeploymentContext) -> str:
    return f"find out why with `kit smoke --env {context.name} --endpoint DEFAULT`, correct it, build and deploy again"


def _rollback(context: DeploymentContext) -> str:
    return f"kit rollback --env {context.name} gives callers the version before"
