"""The comparison of two runs as Markdown, before and after side by side, with what flipped and what both cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentcore_kit.evaluation.compare import LEAST_PAIRS, Change, Comparison
from agentcore_kit.evaluation.metric import Metric, show
from agentcore_kit.evaluation.prices import about_price


def markdown(found: Comparison) -> str:
    """Return the comparison as the seed's table, before and after, with what flipped."""
    worse = ", ".join(change.metric.title for change in found.worse)
    broken = f", {len(found.broken)} cases broke" if found.broken else ""
    told = any(change.cases >= LEAST_PAIRS for change in found.changes)
    calm = f"✅ Nothing got worse beyond noise{broken}" if told else f"⚠️ Too few cases to tell{broken}"
    headline = f"❌ Worse: {worse}" if worse else calm
    lines = [
        f"## {headline}",
        "",
        f"base {found.base['run']}{_model(found.base)}, head {found.head['run']}{_model(found.head)}",
        "",
        *_price(found),
        *(f"⚠️ {warning}\n" for warning in _warnings(found)),
        "| metric | base | head | change (95 % together) | verdict |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for change in found.changes:
        low, high = (_signed(change.metric, value) for value in (change.low, change.high))
        span = f"{_signed(change.metric, change.head - change.base)} ({low} … {high})"
        values = f"{show(change.metric, change.base)} | {show(change.metric, change.head)}"
        lines.append(f"| {change.metric.title} | {values} | {span} | {_verdict(change)} |")
    for title, names in (("Now wrong", found.broken), ("Now right", found.fixed)):
        if names:
            lines += ["", f"{title} ({len(names)}):", "", *(f"- `{name}`" for name in names)]
    if found.worse:
        lines += ["", "A change that is meant, and may be larger: set its floor under floors in evals/thresholds.yaml."]
    if found.only_base or found.only_head:
        lines += ["", f"Not compared: {len(found.only_base)} cases only in base, {len(found.only_head)} only in head."]
    return "\n".join(lines) + "\n"


def _price(found: Comparison) -> Iterator[str]:
    """Yield what both runs cost, where the model of one of them costs something."""
    runs = (found.base, found.head)
    if all((run.get("model") or {}).get("provider", "offline") == "offline" for run in runs):
        return
    told = [f"{usd:.4f} USD" if usd is not None else "not known" for usd in found.usd]
    before, after = found.usd
    more = f" ({(after / before - 1) * 100:+.0f} %)" if before and after is not None else ""
    yield f"Price of the cases that both have: base {told[0]}, head {told[1]}{more}."
    yield from (f"- {name}: {about_price(run)}" for name, run in zip(("base", "head"), runs, strict=True))
    yield ""


def _verdict(change: Change) -> str:
    small = change.verdict == "same" and change.is_below_floor and not change.low <= 0 <= change.high
    return f"same, below the floor of {_signed(change.metric, change.floor).lstrip('+')}" if small else change.verdict


def _warnings(found: Comparison) -> Iterator[str]:
    """Yield what makes two runs less comparable."""
    for run in (found.base, found.head):
        if not run.get("finished"):
            yield f"run {run['run']} is not finished"
        if run.get("judge") and "judging" not in run:  # as before each turn was judged
            yield f"run {run['run']} judged only the last turn of each conversation"
    for key, what in (("digest", "dataset"), ("environment", "environment"), ("target", "target"), ("judge", "judge")):
        before, after = found.base.get(key), found.head.get(key)
        if before != after:
            yield f"another {what} in head" + ("" if key == "digest" else f": {after}, not {before}")


def _model(info: dict[str, Any]) -> str:
    model = info.get("model")
    return f" ({model['label'] or model['id']})" if model else ""


def _signed(metric: Metric, value: float) -> str:
    if metric.unit == "share":
        return f"{value * 100:+.1f}"
    return f"{value:+.5f}" if metric.unit == "USD" else f"{value:+.1f}"
