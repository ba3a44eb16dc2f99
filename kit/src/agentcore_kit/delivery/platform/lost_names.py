"""Names that other repositories read and a change of a template takes away: an account would lose them unseen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentcore_kit.config.components import Component
from agentcore_kit.delivery import stacks
from agentcore_kit.delivery.contract import declared
from agentcore_kit.delivery.given import given
from agentcore_kit.delivery.platform.concerns import PlatformContext, filled
from agentcore_kit.delivery.platform.wanted import Wanted


def lost_names(
    context: PlatformContext, stack: str, wanted: Iterable[Wanted], entry: Component | None = None
) -> Iterator[str]:
    """Yield the names of the contract that a stack gives now and no stack will give any more, one line each.

    Args:
        context: The environment, in the region of the stack.
        stack: The name of a stack that is deployed, and of which a resource is removed or replaced.
        wanted: All stacks that the environment will have.
        entry: The component that the stack is for, if it is for one.
    """
    kept = {(one.type, one.name) for each in wanted for one in given(each.concern.text)}
    for one in given(stacks.template(context, stack)):
        known = declared(one.name, one.type)
        if known and (one.type, one.name) not in kept:
            name = filled(context, entry, one.name)
            yield f"{stack}: no longer gives {name}, which is read by {_readers(known.needed_by)}"


def _readers(kinds: tuple[str, ...]) -> str:
    return ", ".join(kinds).lower()
