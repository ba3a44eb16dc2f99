"""What a memory says of the user, as a session manager puts it into the messages: terms of theirs, and defaults."""

from __future__ import annotations

import re
from typing import Any

from agentcore_kit.local.offline_model.catalogue import Parameter, compact

_REMEMBERED = re.compile(r"<user_context>((?:(?!<user_context>).)*?)</user_context>", re.S)
_TERM = re.compile(r"^'(?P<term>[^'\n]{2,40})' means (?P<meaning>[^\n]+)$", re.M)
_DEFAULT = re.compile(r"\bdefault (?P<what>[\w -]{2,30}): (?P<value>[^\"\n]+)", re.I)


def with_terms(text: str, context: str) -> str:
    """Return what the user says with terms of their own replaced by what these mean."""
    for found in _TERM.finditer(_remembered(context)):
        text = re.sub(rf"\b{re.escape(found['term'])}\b", lambda _, m=found["meaning"]: m, text, flags=re.I)  # type: ignore[misc]
    return text


def preferred(parameter: Parameter, context: str) -> list[Any]:
    """Return the choices that the user prefers where nothing is said, the newest preference's; empty without one."""
    for found in reversed(list(_DEFAULT.finditer(_remembered(context)))):
        same = compact(found["what"]) in (compact(parameter.label), compact(parameter.name))
        named = parameter.finder.finditer(found["value"]) if same and parameter.finder else ()
        if values := [
            parameter.choices[key] for match in named if (key := compact(match.group())) in parameter.choices
        ]:
            return values
    return []


def _remembered(context: str) -> str:
    return "\n".join(_REMEMBERED.findall(context))
