"""Charts as SVG made on the server: no script, no inline style, the same in light and dark (colours
are classes). Each has a title and a description for who cannot see it; numbers also stand in text
beside it, so a chart is never the only place of a fact.

Shapes carry no text: labels are HTML around them, and stay readable at any width.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from treasury.core.drift import AssetDrift

register = template.Library()

SERIES: Final = 8
"""Colours of `charts.css`; the ninth part starts again with the first."""
BAND_WIDTH, BAND_HEIGHT = 240, 28
BANDS_SHOWN = Decimal(2)
"""The track reaches from two half-widths below the target to two above it."""
PLOT_WIDTH, PLOT_HEIGHT = 1000, 240
SPARK_WIDTH, SPARK_HEIGHT = 120, 28
MARGIN = Decimal(4)
QUANTUM = Decimal("0.01")


def number(value: Decimal | int) -> str:
    """A coordinate: two decimals are a fraction of a pixel."""
    return f"{Decimal(value).quantize(QUANTUM).normalize():f}"


@register.simple_tag
def band_chart(symbol: str, drift: AssetDrift) -> SafeString:
    """Where an asset stands in its tolerance band: the band in the middle half, the target as a
    line, the weight as a mark; beyond two half-widths the mark is an arrow at the edge."""
    half = drift.half_width
    if half > 0:
        place = drift.absolute / half
    else:
        place = (drift.absolute > 0) * BANDS_SHOWN - (drift.absolute < 0) * BANDS_SHOWN
    clipped = max(-BANDS_SHOWN, min(BANDS_SHOWN, place))
    middle = Decimal(BAND_WIDTH) / 2
    unit = (middle - 8) / BANDS_SHOWN
    state = "out" if drift.breached else "in"
    edge = unit if half > 0 else Decimal(1)
    mark = _arrow if abs(place) > BANDS_SHOWN else _dot
    return format_html(
        '<svg class="chart band {}" viewBox="0 0 {} {}" role="img"><title>{}</title>'
        '<rect class="track" x="0" y="11" width="{}" height="6" rx="3"/>'
        '<rect class="range" x="{}" y="6" width="{}" height="16" rx="3"/>'
        '<line class="target" x1="{}" y1="3" x2="{}" y2="25"/>{}</svg>',
        state,
        BAND_WIDTH,
        BAND_HEIGHT,
        band_words(symbol, drift),
        BAND_WIDTH,
        number(middle - edge),
        number(2 * edge),
        number(middle),
        number(middle),
        mark(middle + clipped * unit, clipped > 0),
    )


def band_words(symbol: str, drift: AssetDrift) -> str:
    """The chart in one sentence."""
    low, high = drift.target - drift.half_width, drift.target + drift.half_width
    place = "outside" if drift.breached else "inside"
    return (
        f"{symbol} {_percent(drift.weight)}, target {_percent(drift.target)}, "
        f"band {_percent(max(Decimal(0), low))} to {_percent(high)}: {place}"
    )


def _percent(fraction: Decimal) -> str:
    return f"{fraction * 100:.2f} %"


def _dot(x: Decimal, _: bool) -> SafeString:
    return format_html('<circle class="mark" cx="{}" cy="14" r="6"/>', number(x))


def _arrow(x: Decimal, to_right: bool) -> SafeString:
    tip = x + (6 if to_right else -6)
    back = x - (6 if to_right else -6)
    points = f"{number(back)},6 {number(tip)},14 {number(back)},22"
    return format_html('<polygon class="mark" points="{}"/>', points)


@register.simple_tag
def donut(label: str, parts: Sequence[tuple[str, Decimal]]) -> SafeString:
    """Shares of a whole, clockwise from the top, with a legend that gives name and share.
    `parts`: (name, value >= 0), in order."""
    total = sum((value for _, value in parts), Decimal(0))
    if total <= 0:
        return format_html('<p class="muted">{}: nothing to share out.</p>', label)
    shares = [(name, value / total * 100) for name, value in parts]
    rings, before = [], Decimal(0)
    for place, (_, share) in enumerate(shares):
        rings.append((place % SERIES + 1, number(share), number(100 - share), number(25 - before)))
        before += share
    circles = format_html_join(
        "",
        '<circle class="ring series-{}" cx="21" cy="21" r="15.9155" pathLength="100" '
        'stroke-dasharray="{} {}" stroke-dashoffset="{}"/>',
        rings,
    )
    legend = format_html_join(
        "",
        '<li><span class="swatch series-{}" aria-hidden="true"></span><span>{}</span>'
        '<span class="number">{} %</span></li>',
        ((place % SERIES + 1, name, f"{share:.1f}") for place, (name, share) in enumerate(shares)),
    )
    words = ", ".join(f"{name} {share:.1f} %" for name, share in shares)
    return format_html(
        '<div class="donut-with-legend"><svg class="chart donut" viewBox="0 0 42 42" role="img">'
        '<title>{}</title><desc>{}</desc>{}</svg><ul class="legend">{}</ul></div>',
        label,
        words,
        circles,
        legend,
    )


@register.simple_tag
def sparkline(label: str, values: Sequence[Decimal | None]) -> SafeString:
    """A run of values as a line without axes; gaps stay gaps."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return format_html('<span class="muted">{}</span>', "no series yet")
    points = [(Decimal(place), value) for place, value in enumerate(values)]
    return format_html(
        '<svg class="chart spark" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img">'
        "<title>{}</title>{}</svg>",
        SPARK_WIDTH,
        SPARK_HEIGHT,
        f"{label}: from {known[0]:,.0f} to {known[-1]:,.0f}",
        _lines(points, min(known), max(known), SPARK_WIDTH, SPARK_HEIGHT),
    )


@register.inclusion_tag("governance/charts/line.html")
def line_chart(label: str, samples: Sequence[Any], unit: str = "USD") -> dict[str, Any]:
    """Values over time. `samples` have `at` (Unix seconds), `block` and `nav_usd` (None: a gap).
    The scale does not begin at 0, which the page says."""
    known = [sample for sample in samples if sample.nav_usd is not None]
    if len(known) < 2:
        return {"label": label, "points": len(known)}
    low = min(sample.nav_usd for sample in known)
    high = max(sample.nav_usd for sample in known)
    low, high = _padded(low, high)
    begin, end = samples[0].at, samples[-1].at
    points = [(Decimal(sample.at - begin), sample.nav_usd) for sample in samples]
    middle = (low + high) / 2
    return {
        "label": label,
        "points": len(known),
        "unit": unit,
        "width": PLOT_WIDTH,
        "height": PLOT_HEIGHT,
        "lines": _lines(points, low, high, PLOT_WIDTH, PLOT_HEIGHT),
        "levels": (high, middle, low),
        "times": (begin, begin + (end - begin) // 2, end),
        "first": known[0],
        "last": known[-1],
        "lowest": min(known, key=lambda sample: sample.nav_usd),
        "highest": max(known, key=lambda sample: sample.nav_usd),
        "gaps": len(samples) - len(known),
    }


def _padded(low: Decimal, high: Decimal) -> tuple[Decimal, Decimal]:
    """Some room above and below, and a range even where nothing moved."""
    room = (high - low) / 10 or abs(high) / 100 or Decimal(1)
    return max(low - room, Decimal(0)) if low >= 0 else low - room, high + room


def _lines(
    points: Sequence[tuple[Decimal, Decimal | None]],
    low: Decimal,
    high: Decimal,
    width: int,
    height: int,
) -> SafeString:
    """One polyline per unbroken run; a run of one point is a short dash."""
    span_x = points[-1][0] - points[0][0] or Decimal(1)
    span_y = high - low or Decimal(1)
    runs: list[list[str]] = [[]]
    for x, value in points:
        if value is None:
            runs.append([])
            continue
        left = MARGIN + (x - points[0][0]) / span_x * (width - 2 * MARGIN)
        top = MARGIN + (high - value) / span_y * (height - 2 * MARGIN)
        runs[-1].append(f"{number(left)},{number(top)}")
    return format_html_join(
        "",
        '<polyline class="line" points="{}"/>',
        ((" ".join(run if len(run) > 1 else run * 2),) for run in runs if run),
    )
