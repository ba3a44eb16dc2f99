"""Thresholds for a rehearsal."""

from __future__ import annotations

from pathlib import Path

import yaml


def loosen(home: Path) -> None:
    """Loosen the offline ratchet: it is exact for all rows asked in process, and not all can be asked behind a network.

    Latency is loosened more: what is rehearsed is the machinery, on a machine that may be busy with other things.
    """
    thresholds = home / "evals" / "thresholds.yaml"
    limits = yaml.safe_load(thresholds.read_text(encoding="utf-8"))
    for metric, limit in limits["offline"].items():
        if "min" in limit:
            limit["min"] = round(limit["min"] * 0.9, 3)
        elif "latency" in metric.lower():
            limit["max"] *= 10
    thresholds.write_text(yaml.safe_dump(limits), encoding="utf-8")
