"""Moving live: what is begun is remembered first, what is live then is tested, and what was live before is put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.delivery import endpoint_state, endpoints, output, rights
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_history import History
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import COULD_NOT, GATE_NOT_PASSED, CommandError, as_command_error
from agentcore_kit.delivery.names import LIVE


@dataclass(frozen=True)
class Smoke:
    """A smoke test: asks an endpoint by name, and returns how that ended, to be said in a sentence."""

    ask: Callable[[str], None] | None
    """Raises CommandError when the endpoint does not answer as it should; None when nobody can be asked."""
    missing: str = ""
    """Why nobody can be asked."""

    def __call__(self, name: str) -> str:
        """Ask an endpoint. Raises CommandError when it does not answer as it should."""
        if self.ask is None:
            return f"not tested, as {self.missing}"
        output.step(f"smoke test of {name}")
        self.ask(name)
        return "its smoke test passed"


@dataclass(frozen=True)
class Move:
    """Where live is to go, and what is remembered of it."""

    version: str
    back: str | None
    """What is put back when that fails: a version; nothing at all where it is empty; what there is where it is None."""
    begun: History
    """What is remembered before anything moves."""
    undone: History
    """What is remembered when it has failed."""
    promoted: bool
    """Whether it is a promotion."""


def smoke_of(context: DeploymentContext, state: EndpointState) -> Smoke:
    """Return the smoke test of an environment. Raises CommandError when there is no token to ask with."""
    bearer = token(context)
    return Smoke(lambda name: context.kind.smoke(context, state.runtime.arn, name, bearer))


def smoke_if_possible(context: DeploymentContext, state: EndpointState) -> Smoke:
    """Return the smoke test; where there is no token one that asks nobody: going back must go without one."""
    try:
        return smoke_of(context, state)
    except CommandError as missing:
        output.step(f"no smoke test: {missing.message}")
        return Smoke(None, "there is no token")


def give(context: DeploymentContext, state: EndpointState, move: Move, smoke: Smoke) -> tuple[EndpointState, str]:
    """Move live, test it, and put back what was live before when that fails.

    Returns:
        The state after it, and how the smoke test ended.

    Raises:
        CommandError: When it failed; what callers have then is in the message.
    """
    rights.widen(context, move.version)
    state = endpoint_state.write(context, state, move.begun)
    try:
        endpoints.move(context, state.runtime, move.version)
        said = smoke(LIVE)
    except Exception as error:  # whatever it is, callers must not stay on what nobody tested
        raise _undo(context, state, move, smoke, error) from error
    state = replace(state, live=move.version, target=move.version)
    return finish(context, state, said, promoted=move.promoted), said


def keep(context: DeploymentContext, state: EndpointState, smoke: Smoke) -> tuple[EndpointState, str]:
    """Test what callers have already, and remember that it is good. Nothing is moved.

    Returns:
        The state after it, and how the smoke test ended.

    Raises:
        CommandError: When it does not answer as it should; it stays live.
    """
    try:
        said = smoke(LIVE)
    except CommandError as failure:
        if failure.code == GATE_NOT_PASSED:
            endpoint_state.write(context, state, state.past.failing(str(state.live)))
        raise CommandError(
            f"{failure.message}; it stays live, as nothing was moved",
            f"kit rollback --env {context.name} gives callers the version before",
            failure.code,
        ) from None
    return finish(context, state, said, promoted=False), said


def finish(context: DeploymentContext, state: EndpointState, said: str, *, promoted: bool) -> EndpointState:
    """Do what belongs to a version that is live and tested, and remember that it is good.

    A failure leaves the move as one that has not ended: typed again, the command goes on here.

    Raises:
        CommandError: When somebody else is at it as well, or what follows a move has failed.
    """
    version = str(state.live)
    try:
        state = endpoint_state.write(context, state, state.past)  # the same: is it still as it was left?
        context.kind.after_move(context, version)
        return endpoint_state.write(context, state, state.past.passed(version, promoted=promoted))
    except (CommandError, ClientError, BotoCoreError) as error:
        known = as_command_error(error)
        message = f"version {version} was made live, {said}; but {known.message}"
        raise CommandError(message, known.next_step, known.code) from error


def _undo(context: DeploymentContext, state: EndpointState, move: Move, smoke: Smoke, error: Exception) -> CommandError:
    """Put back what was live before, remember how it ended, and return what the user is told."""
    failure, code = f"version {move.version}: {told(error)}", _code(error)
    failed = code == GATE_NOT_PASSED
    try:
        somebody_else = _somebody_else(context, state, move)
        if somebody_else:
            if failed:
                endpoint_state.remember_test(context, move.version, passed=False)
            return CommandError(f"{failure}; {somebody_else}", f"kit status --env {context.name}", code)
        said, healthy = _put_back(context, state, move, smoke)
    except (CommandError, ClientError, BotoCoreError) as stuck:
        next_step = f"kit rollback --env {context.name}{f' --version {move.back}' if move.back else ''}"
        seen = _seen(context, move.back)
        return CommandError(f"{failure}; and live could not be put back: {told(stuck)}; {seen}", next_step, code)
    # What the version before does not pass either is hardly the fault of one that was good.
    past = move.undone.failing(move.version) if failed and (healthy or move.version not in state.good) else move.undone
    try:
        seen_now = endpoint_state.read(context)
        endpoint_state.write(context, replace(seen_now, text=state.text), past)
    except (CommandError, ClientError, BotoCoreError) as lost:
        said += f"; and that could not be remembered: {told(lost)}"
    return CommandError(f"{failure}; {said}", _again(context), code)


def _somebody_else(context: DeploymentContext, state: EndpointState, move: Move) -> str:
    """Return that another command has moved live meanwhile, and what is live by that; empty when none has."""
    seen = endpoint_state.read(context)
    expected = (move.version, move.back or None, state.target)
    if seen.text == state.text and seen.target in expected:
        return ""
    return f"somebody else has changed {context.name} meanwhile, so nothing was put back; {_seen(context, None)}"


def _put_back(context: DeploymentContext, state: EndpointState, move: Move, smoke: Smoke) -> tuple[str, bool]:
    """Put back what was live before; return what is live then, and whether that passed its smoke test."""
    if move.back is None:
        return _seen(context, move.back), False
    if not move.back:
        endpoints.remove(context)
        return "there was none before, so nothing is live", True
    before = endpoints.state(context, state.runtime.id)
    moved = before is None or before.target != move.back
    endpoints.move(context, state.runtime, move.back)
    live = f"live is {'back' if moved else 'still'} on version {move.back}"
    try:
        said, healthy = f"{live}, {smoke(LIVE)}", smoke.ask is not None
    except Exception as error:  # it is told, and live stays there: it is what callers had
        said, healthy = f"{live}, which does not pass the smoke test now: {told(error)}", False
    try:
        context.kind.after_move(context, move.back)
    except (CommandError, ClientError, BotoCoreError) as error:
        said += f"; but {told(error)}"
    return said, healthy


def _seen(context: DeploymentContext, back: str | None) -> str:
    """Return what is live, as the service says."""
    try:
        state = endpoint_state.read(context)
    except (CommandError, ClientError, BotoCoreError):
        return "what live serves cannot be read"
    if state.target is None:
        return "nothing is live"
    serves = f"live {'still serves' if state.live == back else 'serves'} {state.live or 'nothing yet'}"
    return serves + (
        f" and is on its way to {state.target}, which nobody has tested" if state.live != state.target else ""
    )


def _code(error: Exception) -> int:
    """Return the exit code of what failed: that a gate was not passed, or that it could not be done."""
    return error.code if isinstance(error, CommandError) else COULD_NOT


def told(error: Exception) -> str:
    """Return what a user is told of a failure, in a sentence."""
    if isinstance(error, CommandError | ClientError | BotoCoreError):
        return as_command_error(error).message
    return f"{type(error).__name__}: {error}"


def _again(context: DeploymentContext) -> str:
    return f"find out why with `kit smoke --env {context.name} --endpoint DEFAULT`, correct it, build and deploy again"
