"""The kit's README documents every setting of an environment file with its default; the models are the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.loader import Model
from agentcore_kit.config.memory import MemoryEnvironment
from agentcore_kit.config.tool import ToolEnvironment

README = Path(__file__).parents[2] / "README.md"
GROUPS = ("cors", "limits", "smoke", "canary", "monitoring", "alarms", "onlineEvaluation", "logs")
"""The groups of an environment file in which an organisation's policy stands."""


def settings(model: type[Model], within: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield name, default and description of each setting, groups within groups first to last."""
    for key, info in model.model_fields.items():
        name = f"{within}{info.alias or key}"
        if isinstance(info.annotation, type) and issubclass(info.annotation, Model):
            yield from settings(info.annotation, f"{name}.")
        else:
            yield name, str(info.default).replace("True", "true").replace("False", "false"), str(info.description)


def table(model: type[Model]) -> list[str]:
    """Return the lines of the README for a kind."""
    return [
        f"| `{name}` | {default} | {description} |"
        for name, default, description in settings(model)
        if name.split(".")[0] in GROUPS and "." in name
    ]


@pytest.mark.parametrize("model", [AgentEnvironment, ToolEnvironment, MemoryEnvironment])
def test_every_setting_is_documented_with_its_default(model: type[Model]) -> None:
    text = README.read_text(encoding="utf-8").splitlines()
    missing = [line for line in table(model) if line not in text]
    assert not missing, "in kit/README.md, under Settings:\n" + "\n".join(missing)
