"""Giving callers a version and taking it back: what is live is tested, and what was good before is put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from ops.delivery import endpoint, history, show
from ops.delivery.endpoint import Runtime
from ops.delivery.names import LIVE
from ops.delivery.place import Place
from ops.delivery.stop import Stop, as_stop

Smoke = Callable[[str], None]
"""Tests an endpoint by name. Raises Stop when it does not answer as it should."""


def is_proven(place: Place, found: Runtime, version: str) -> bool:
    """Return whether callers have a version that passed its smoke test: then promotion has nothing to move."""
    now = endpoint.state(place, found.id)
    return now is not None and now.live == now.target == version and version in history.recall(place).good


def promote(place: Place, found: Runtime, version: str, smoke: Smoke) -> None:
    """Give callers a version, test it, and put the last good one back when that fails.

    A version that they have and that has passed before is only tested again.

    Raises:
        Stop: when it failed; callers then have what they had before, or the message says what they have.
    """
    past, now = history.recall(place), endpoint.state(place, found.id)
    if is_proven(place, found, version):
        _test(place, smoke)
        return
    live = now.live if now and now.live else ""
    interrupted = past.untested == version
    had = past.had if interrupted else live
    known = None if live == version and not interrupted else had  # nothing is known of what it replaced
    _give(place, found, version, past.before(version) or known, replace(past, had=had), smoke)


def roll_back(place: Place, found: Runtime, version: str, smoke: Smoke) -> None:
    """Give callers an earlier version; what they had is not gone back to any more. Raises Stop as `promote` does."""
    past, now = history.recall(place), endpoint.state(place, found.id)
    live = now.live if now and now.live else ""
    # Remembered before anything moves: typed again after an interruption it must not go forward to what it has left.
    for left in (live, past.untested):
        if left not in ("", version):
            past = past.leaving(left)
    if now and now.live == now.target == version:
        _test(place, smoke)
        history.remember(place, past.passed(version))
        return
    _give(place, found, version, live or None, replace(past, had=live), smoke)


def rollback_target(place: Place, live: str | None) -> str:
    """Return the last good version before the live one, or before the one that an interrupted promotion was going to.

    An interrupted rollback goes on to where it was going.

    Raises:
        Stop: when none is known.
    """
    past = history.recall(place)
    if past.untested in past.good:
        return past.untested
    if (target := past.before(past.untested or live)) is None:
        raise Stop(
            f"no earlier good version is known in {place.name} (live: {live or 'nothing'})",
            f"choose one: make rollback ENV={place.name} VERSION=…; make status ENV={place.name} lists them",
        )
    return target


def _test(place: Place, smoke: Smoke) -> None:
    """Test what callers have and keep."""
    show.step(f"smoke test of {LIVE}")
    try:
        smoke(LIVE)
    except Stop as failure:
        raise Stop(f"{failure.message}; it stays live, as nothing was moved", _rollback(place)) from None


def _give(place: Place, found: Runtime, version: str, back: str | None, past: history.History, smoke: Smoke) -> None:
    """Give callers a version, or `back` when that fails: none at all where it is empty, what they have where None."""
    original = history.recall(place)
    history.remember(place, replace(past, untested=version))
    try:
        endpoint.move(place, found, version)
        show.step(f"smoke test of {LIVE}")
        smoke(LIVE)
    except Exception as error:  # whatever it is, callers must not stay on what nobody tested
        failure = f"version {version}: {_told(error)}"
        live = _put_back(place, found, back, failure)
        history.remember(place, replace(original, untested="", had=""))
        raise Stop(f"{failure}; {live}", _again(place)) from error
    now = endpoint.state(place, found.id)
    if now is None or now.live != version:
        raise Stop(
            f"version {version} passed, but somebody has moved live to {now.live if now else 'nothing'} meanwhile",
            f"make status ENV={place.name}",
        )
    history.remember(place, history.recall(place).passed(version))


def _put_back(place: Place, found: Runtime, back: str | None, failure: str) -> str:
    """Put a version back, and return what is live then. Raises Stop when that does not go either."""
    try:
        if back is None:
            return _seen(place, found, back)
        if not back:
            endpoint.remove(place)
            return "there was none before, so nothing is live"
        endpoint.move(place, found, back)
    except (Stop, ClientError, BotoCoreError) as error:
        raise Stop(
            f"{failure}; and live could not be put back: {_told(error)}; {_seen(place, found, back)}",
            f"make rollback ENV={place.name}{f' VERSION={back}' if back else ''}",
        ) from error
    return f"live is back on version {back}"


def _seen(place: Place, found: Runtime, back: str | None) -> str:
    try:
        now = endpoint.state(place, found.id)
    except (ClientError, BotoCoreError):
        return "what it serves cannot be read"
    if now is None:
        return "nothing is live"
    serves = f"live still serves {now.live}" if now.live == back else f"live serves {now.live}"
    return serves + (f" and is on its way to {now.target}, which nobody has tested" if now.target != now.live else "")


def _told(error: Exception) -> str:
    if isinstance(error, Stop | ClientError | BotoCoreError):
        return as_stop(error).message
    return f"{type(error).__name__}: {error}"


def _again(place: Place) -> str:
    return f"find out why with `make smoke ENV={place.name} ENDPOINT=DEFAULT`, correct it, build and deploy again"


def _rollback(place: Place) -> str:
    return f"make rollback ENV={place.name} gives callers the version before"
