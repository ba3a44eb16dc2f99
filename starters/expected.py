"""The expected values of the starters' datasets, computed from their sample data, beside those that are written there.

The datasets are the source: their rows are edited by hand, put in any order, tagged, and joined by others. What is
computed here is a second opinion. `python -m starters.expected` prints where the two differ, and with `--update` writes
the computed values into the rows that differ, for when the sample data has changed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentcore_kit.evaluation.dataset import Row

FOLDER = Path(__file__).parents[1] / "{{cookiecutter.agent_name}}" / "_starters"

BY_HAND = ("tags",)
"""The fields of a row's metadata that nothing computes."""


def computed() -> dict[Path, list[Row]]:
    """Return the computed rows of each dataset.

    Raises:
        ValueError: When two cases begin alike, so that both rows would have one id.
    """
    from starters.finance import cases as finance
    from starters.market_data import cases as market_data

    found = {FOLDER / "agent/finance/evals" / name: rows for name, rows in finance.datasets().items()}
    found |= {FOLDER / "tool/market-data/evals" / name: rows for name, rows in market_data.datasets().items()}
    for path, rows in found.items():
        ids = [row.scenario_id for row in rows]
        twice = {name for name in ids if ids.count(name) > 1}
        if twice:
            raise ValueError(f"{path.name}: two cases begin alike: {', '.join(sorted(twice))}")
    return found


def differences(path: Path, rows: list[Row]) -> Iterator[str]:
    """Yield each computed row that a dataset has not, and each that it has with other values.

    Args:
        path: The dataset.
        rows: What was computed.
    """
    written = {row["scenario_id"]: row for row in _written(path)}
    for row in rows:
        there, wanted = written.get(row.scenario_id), _plain(row)
        if there is None:
            yield f"{path.name}: row {row.scenario_id} is missing"
        elif _computed_part(there) != _computed_part(wanted):
            yield f"{path.name}: row {row.scenario_id} expects other values than are computed: {json.dumps(wanted)}"


def updated(path: Path, rows: list[Row]) -> str:
    """Return the text of a dataset with the computed values in its rows; order, tags and further rows stay.

    Args:
        path: The dataset.
        rows: What was computed.
    """
    values = {row.scenario_id: _plain(row) for row in rows}
    lines = []
    for there in _written(path):
        if there["scenario_id"] in values:
            row = values.pop(there["scenario_id"])
            row["metadata"] |= {key: there["metadata"][key] for key in BY_HAND if key in there["metadata"]}
            there = row
        lines.append(there)
    return "".join(
        f"{json.dumps(row, ensure_ascii=False, separators=(',', ':'))}\n" for row in [*lines, *values.values()]
    )


def _written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _plain(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.model_dump_json(exclude_defaults=True))
    return found


def _computed_part(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"metadata": {key: value for key, value in row["metadata"].items() if key not in BY_HAND}}


if __name__ == "__main__":
    different = False
    for file, expected in computed().items():
        for difference in differences(file, expected):
            different = True
            print(difference)
        if "--update" in sys.argv:
            file.write_text(updated(file, expected), encoding="utf-8")
    sys.exit(different and "--update" not in sys.argv)
