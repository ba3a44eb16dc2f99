"""Computes the datasets that `evals/cases.py` describes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.evaluation.dataset import dataset_path, Row

SCHEMA = dataset_path().with_name("dataset.schema.json")


def built() -> dict[Path, str]:
    """Return the text that each file should have: the datasets, and the JSON Schema of their rows."""
    from starters.finance.cases import datasets

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Row.model_json_schema()}
    return {
        **{dataset_path().with_name(name): as_lines(rows) for name, rows in datasets().items()},
        SCHEMA: json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
    }


def as_lines(rows: Iterable[Row]) -> str:
    """Return rows as JSON lines, without what says nothing.

    Raises:
        DocumentError: when two rows have one id.
    """
    lines: dict[str, str] = {}
    for row in rows:
        if row.scenario_id in lines:
            raise ConfigError([f"evals/cases.py: two cases begin alike, so both would be {row.scenario_id!r}"])
        lines[row.scenario_id] = row.model_dump_json(exclude_defaults=True)
    return "".join(f"{line}\n" for line in lines.values())
