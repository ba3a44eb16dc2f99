"""Load what a text such as `agent.agent:build_agent` names: the way in which the kit is told of a team's code."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from agentcore_kit.config.errors import ConfigError


def import_string(text: str) -> Any:
    """Return the object that `module:name` names.

    Args:
        text: The module's dotted name, a colon, and the name of something in it.

    Raises:
        ConfigError: When the text has another form, or the module has nothing of that name.
        ImportError: When the module, or something that it imports, is not there.
    """
    module, _, name = text.partition(":")
    if not module or not name:
        raise ConfigError([f"{text!r} names nothing to load; needed: module:name, for example agent.agent:build_agent"])
    found = import_module(module)
    try:
        return getattr(found, name)
    except AttributeError:
        raise ConfigError([f"{text!r}: {module} has no {name}; define it there, or correct the name"]) from None
