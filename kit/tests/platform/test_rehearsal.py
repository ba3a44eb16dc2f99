"""Faults planted in the delivery of a platform: the rehearsal must fail with each, and passes without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.planted_faults import Fault, check_noticed, rehearse

FAULTS = [
    Fault(
        "a name that components read goes without a word",
        "delivery/platform/lost_names.py",
        "if known and (one.type, one.name) not in kept:",
        "if False:",
        "lost-name",
        "a name that components read is dropped without a word",
    ),
    Fault(
        "what was changed by hand is not compared",
        "delivery/platform/drift.py",
        '            found += [f"{name}: {line}" for line in _differences(place, name)]\n',
        "",
        "drift",
        "prod: as it was deployed",
    ),
]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state after the first hour, of a kit without a fault; with that all scenes pass."""
    folder = tmp_path_factory.mktemp("rehearsal") / "state"
    done = rehearse(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_noticed_by_its_scene(fault: Fault, state: Path, tmp_path: Path) -> None:
    check_noticed(state, fault, tmp_path)
