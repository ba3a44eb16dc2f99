"""Which code of the repository was adopted: written without this kit, and not yet held to its rules."""

from __future__ import annotations

import tomllib

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import repository_path

FILE, TABLE, FIELD = "pyproject.toml", "agentcore-kit", "adopted"


def adopted_paths() -> tuple[str, ...]:
    """Return the beginnings of paths of adopted code, for example `src/weather/` or `src/bot.py`.

    Raises:
        ConfigError: When pyproject.toml is wrong.
    """
    path = repository_path(FILE)
    if not path.is_file():
        return ()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get(TABLE, {}).get(FIELD, [])
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{FILE}: {error}"]) from None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ConfigError([f'{FILE}: {FIELD} of tool.{TABLE} is no list of paths; needed: {FIELD} = ["src/weather"]'])
    return tuple(one if one.endswith(".py") else f"{one.rstrip('/')}/" for one in found)
