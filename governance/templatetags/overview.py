"""Words, icons and places of the overview's pages."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.core.routing import LADDER
from governance.selectors.overview.needs import Need
from governance.templatetags.amounts import MINUTE, MISSING, duration
from treasury.core.risk import NotEnough
from treasury.selectors.standing.shapes import BandLine, TierStanding

register = template.Library()

ICONS: Final = {"good": "✓", "warn": "▲", "bad": "✕"}
ENDED: Final = {
    "DONE": ("good", "Done"),
    "REJECTED": ("bad", "Rejected"),
    "VETOED": ("bad", "Vetoed"),
    "EXPIRED": ("warn", "Expired"),
    "SUPERSEDED": ("", "Superseded"),
    "FROZEN": ("bad", "Frozen"),
    "DRAFT": ("", "Draft"),
    "PROPOSED": ("", "Proposed"),
    "COLLECTING": ("warn", "Collecting"),
    "READY": ("good", "Ready"),
    "HANDED_OVER": ("good", "On its way"),
}
"""State -> (tone, word)."""
OUTCOMES: Final = {
    "EXECUTED": ("good", "Executed"),
    "FAILED": ("bad", "Failed"),
    "CANCELLED": ("warn", "Cancelled"),
    "RECORDED": ("", "Recorded only"),
}

RUNGS: Final = ("AUTOMATIC", *LADDER)


@register.filter
def icon(tone: str) -> str:
    return ICONS.get(tone, "●")


@register.filter
def place(need: Need) -> str:
    """Where a need is settled."""
    if need.page == "breaks":
        return reverse("executions", args=["breaks"])
    if need.page == "proposal":
        return proposal_url(need.ref)
    return reverse(need.page, args=[need.ref])


@register.filter
def has_bad(needs: Iterable[Need]) -> bool:
    return any(need.tone == "bad" for need in needs)


@register.filter
def minus(value: int, other: int) -> int:
    return value - other


@register.filter
def ago(at: int, now: int) -> str:
    """A block time in the past, as a distance: `3 h 12 min ago`."""
    return f"{duration(now - at)} ago" if now - at >= MINUTE else "just now"


@register.filter
def plain(value: Decimal | None, digits: int) -> str:
    return MISSING if value is None else f"{value:,.{digits}f}"


@register.filter
def mode(tier: TierStanding) -> str:
    """The policy's mode as people say it."""
    if tier.is_policy_unreadable:
        return "Not known"
    if tier.policy is None:
        return "Monitor only"
    return {"MANUAL": "Manual", "SEMI": "Semi-automated", "AUTOMATIC": "Automated"}[
        tier.policy.mode.value
    ]


@register.filter
def widest(tier: TierStanding) -> BandLine | None:
    """The asset nearest to, or farthest beyond, the edge of its band."""
    lines = [line for line in tier.lines if line.drift is not None]
    return max(
        lines,
        key=lambda line: (line.drift.breached, line.drift.severity) if line.drift else (False, 0),
        default=None,
    )


@register.filter
def state_tone(row: Any) -> str:
    if row.outcome:
        return OUTCOMES[row.outcome][0]
    return ENDED[row.state][0]


@register.filter
def state_words(row: Any) -> str:
    if row.outcome:
        return OUTCOMES[row.outcome][1]
    return ENDED[row.state][1]


@register.filter
def proposal_url(public_id: str) -> str:
    """The proposal's page."""
    return reverse("proposal-page", args=[public_id])


@register.simple_tag
def measured(value: Decimal | NotEnough | None, unit: str) -> SafeString:
    """A figure, or in small words why there is none."""
    if value is None:
        return format_html('<dd class="none">{}</dd>', "nothing to measure")
    if isinstance(value, NotEnough):
        return format_html('<dd class="none">{}</dd>', str(value))
    text = f"{value * 100:,.2f} %" if unit == "percent" else f"{value:,.1f} {unit}"
    return format_html('<dd class="figure-value">{}</dd>', text)


@register.filter
def words(key: str) -> str:
    """`NOT_FIRED` -> `not fired`, `min_trade` -> `min trade`."""
    return key.replace("_", " ").lower()


@register.filter
def key_words(key: str) -> str:
    """A 32-byte key that is text, as text; else shortened."""
    try:
        text = bytes.fromhex(key.removeprefix("0x")).rstrip(b"\0").decode("ascii")
    except ValueError:
        return key
    return text if text.isprintable() and text else f"{key[:10]}…"


@register.filter
def rung(level: str) -> int:
    """The number of a step of the ladder."""
    return RUNGS.index(level)


@register.filter
def slot_tone(state: str) -> str:
    return {"live": "good", "executed": "", "dead": "", "superseded": "warn", "replaced": "warn"}[
        state
    ]
