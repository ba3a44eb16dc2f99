"""Limits for a rehearsal: what is rehearsed is the machinery, on a machine that may be busy with other things."""

from __future__ import annotations

from pathlib import Path

import yaml

LATENCY_MS = 60_000
"""What any request may take: as long as the clients wait for one."""


def loosen(home: Path) -> None:
    """Give the limits of a copy of the repository room.

    The offline thresholds are exact for all rows asked in process, and not all can be asked behind a network. Latency
    is whatever the machine has left.

    Args:
        home: The copy; its thresholds and the environment files are rewritten.
    """
    thresholds = home / "evals" / "thresholds.yaml"
    limits = yaml.safe_load(thresholds.read_text(encoding="utf-8"))
    for metric, limit in limits["offline"].items():
        if "min" in limit:
            limit["min"] = round(limit["min"] * 0.9, 3)
        elif "latency" in metric.lower():
            limit["max"] *= 10
    thresholds.write_text(yaml.safe_dump(limits), encoding="utf-8")
    for file in (home / "environments").glob("*.yaml"):
        environment = yaml.safe_load(file.read_text(encoding="utf-8"))
        environment["alarms"] = (environment.get("alarms") or {}) | {"latencyP95Ms": LATENCY_MS}
        file.write_text(yaml.safe_dump(environment), encoding="utf-8")
