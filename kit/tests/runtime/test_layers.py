"""The kit's layers point downwards only: what serves knows nothing of delivery, evaluation, or stand-ins."""

from __future__ import annotations

import pytest

from tests.runtime.imports import ROOTS, imports, loaded_by_production, modules

ALLOWED: dict[str, tuple[str, ...]] = {
    "config": ("config",),
    "runtime": ("runtime", "config"),
    "serving": ("serving", "runtime", "config"),
    "mcp_server": ("mcp_server", "runtime", "config"),
}
"""Which packages of the kit each of those may use that are in an image."""

COMMANDS = {"agentcore_kit.config.commands"}
"""Modules that are commands of `kit`, which use what commands share."""


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_uses_only_what_is_below_it(layer: str) -> None:
    for name, path in modules().items():
        if name.split(".")[1:2] == [layer] and name not in COMMANDS:
            used = {one for one in imports(path) if one.startswith("agentcore_kit.")}
            wrong = sorted(one for one in used if one.split(".")[1] not in ALLOWED[layer])
            assert not wrong, f"{name} imports {', '.join(wrong)}"


def test_what_a_kind_is_asked_can_be_read_without_delivery() -> None:
    used = imports(modules()["agentcore_kit.kinds.base"], at_import_only=True)
    assert not [one for one in used if one.startswith(("agentcore_kit.delivery", "agentcore_kit.evaluation"))]


@pytest.mark.parametrize("kind", ROOTS)
def test_no_image_loads_anything_of_another_layer(kind: str) -> None:
    layers = {name.split(".")[1] for name in loaded_by_production(kind) if "." in name}
    assert layers == {"config", "runtime", "serving" if kind == "Agent" else "mcp_server"}
