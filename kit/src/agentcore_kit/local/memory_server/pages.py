"""Pages of results, and the tokens that lead from one to the next."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from agentcore_kit.local.aws_protocol.wire import ApiError

T = TypeVar("T")

PAGE = 20
"""How many a page has when the call does not say."""


def page_of(
    read: Callable[[Any, int], Sequence[T]], p: Mapping[str, Any], key: Callable[[T], tuple[Any, ...]],
    kinds: tuple[type, ...] = (float, float), keep: Callable[[T], bool] = lambda _: True, size: int = PAGE,
) -> tuple[Sequence[T], dict[str, str]]:  # fmt: skip
    """Return a page of results, and the token of the next one where there is more.

    The token is the key of the last item seen: what is written or deleted meanwhile moves nothing between pages.

    Args:
        read: Returns so many items from behind a key, or from the first one for None.
        p: The parameters of the call.
        key: Returns what the items are sorted by.
        kinds: The types of the parts of a key.
        keep: Whether an item is wanted.
        size: How many a page has when the call does not say.
    """
    size, after = p.get("maxResults", size), _behind(p.get("nextToken"), kinds)
    found: list[T] = []
    while len(found) <= size:
        items = read(after, size + 1)
        found += filter(keep, items)
        if len(items) <= size:
            break
        after = key(items[-1])
    page = found[:size]
    if len(found) <= size:
        return page, {}
    return page, {"nextToken": base64.urlsafe_b64encode(json.dumps(key(page[-1])).encode()).decode()}


def _behind(token: str | None, kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
    """Return the key that a token is; None where there is no token."""
    if token is None:
        return None
    try:
        sent = json.loads(base64.urlsafe_b64decode(token))
        numbers = [isinstance(each, (int, float)) for each in sent]
        if numbers != [kind is float for kind in kinds]:
            raise ValueError("another call's")
        found = tuple(kind(each) for kind, each in zip(kinds, sent, strict=True))
        if not all(math.isfinite(each) for each in found if isinstance(each, float)):
            raise ValueError("no number")
        return found
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise ApiError("ValidationException", "nextToken is not one that was returned") from None
