"""Small charts as inline SVG, drawn in percent of whatever width they get, so that their text stays readable."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from agentcore_kit.evaluation.summary import percentile

_BINS = 24


def bar(share: float, *, mark: float | None = None, kind: str = "column") -> str:
    """Return a bar from 0 to 1, with a mark where the threshold is; `kind` is its class: column, good or bad."""
    width = f"{max(share, 0.004) * 100:.1f}%"
    line = (
        f'<line class="mark" x1="{mark * 100:.1f}%" x2="{mark * 100:.1f}%" y1="0" y2="16"/>' if mark is not None else ""
    )
    return (
        f'<svg class="bar" role="img" aria-label="{share * 100:.1f} %" height="16" width="100%">'
        '<rect class="track" width="100%" height="16" rx="3"/>'
        f'<rect class="{kind}" width="{width}" height="16" rx="3"/>'
        f"{line}</svg>"
    )


def histogram(values: Sequence[float], title: str) -> str:
    """Return the distribution of values, with its median and P95; the slowest percent is counted in the last bar."""
    low, high = min(values), percentile(values, 99) or max(values)
    span = (high - low) or 1.0
    counts = [0] * _BINS
    for value in values:
        counts[min(int((value - low) / span * _BINS), _BINS - 1)] += 1
    tallest, step = max(counts), 100 / _BINS
    bars = "".join(
        f'<rect class="column" x="{index * step + 0.3:.2f}%" width="{step - 0.6:.2f}%" '
        f'y="{110 - count / tallest * 100:.1f}" height="{count / tallest * 100:.1f}"/>'
        for index, count in enumerate(counts)
        if count
    )
    median, p95 = percentile(values, 50) or 0.0, percentile(values, 95) or 0.0
    lines = "".join(
        f'<line class="mark" x1="{x:.1f}%" x2="{x:.1f}%" y1="0" y2="110"/>'
        for x in (min((value - low) / span, 1) * 100 for value in (median, p95))
    )
    middle = f"median {median:,.0f}, P95 {p95:,.0f}"
    legend = f"<span>{low:,.0f}</span><span>{middle}</span><span>{high:,.0f}</span>"
    drawn = (
        f'<svg role="img" aria-label="{escape(title)}: {middle}" width="100%" height="112">'
        f'<line class="axis" x1="0" x2="100%" y1="111" y2="111"/>{bars}{lines}</svg>'
    )
    return f'<figure><figcaption>{escape(title)}</figcaption>{drawn}<div class="legend">{legend}</div></figure>'
