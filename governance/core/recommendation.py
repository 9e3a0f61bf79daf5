"""One sentence and a verdict: what a signer reads first (G3).

The verdict is computed from the checks and flags, never chosen by anybody: a failed check says
"Do not sign", a warning "Look closer". It never says more than the checks know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from governance.core.wording.numbers import short_span

REASONS_MAX = 3


VENUE_NAMES = {
    "uniswap_v3": "Uniswap v3",
    "erc4626": "the ERC-4626 vault",
    "transfer": "the treasury's own Safes",
    "aave_v3": "Aave v3",
    "cow": "CoW Protocol",
    "lido": "Lido",
}


class Verdict(StrEnum):
    APPROVE = "Approve"
    LOOK_CLOSER = "Look closer"
    DO_NOT_SIGN = "Do not sign"


class Weight(StrEnum):
    """How much a finding counts; the order is from light to heavy."""

    FINE = "FINE"
    WARNING = "WARNING"
    FORBIDS = "FORBIDS"


@dataclass(frozen=True, slots=True)
class Finding:
    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Move:
    """One leg in words: amounts with unit, as they are to be read; `venue` by its readable name.
    `verb` is sell, deposit, withdraw or transfer."""

    verb: str
    sells: str
    at_least: str
    venue: str


@dataclass(frozen=True, slots=True)
class Shift:
    """Where an asset's weight goes, in bps of the tier, and the band around its target."""

    symbol: str
    before_bps: Decimal
    after_bps: Decimal
    low_bps: Decimal
    high_bps: Decimal


@dataclass(frozen=True, slots=True)
class Case:
    """`seconds_left` until the deadline leg makes the batch revert, None when it no longer matters;
    costs in bps of value."""

    moves: tuple[Move, ...]
    shifts: tuple[Shift, ...]
    cost_bps: Decimal
    cost_cap_bps: int
    seconds_left: int | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`action` is the sentence without the verdict word; `reasons` are at most three, the heaviest
    first; `inaction` says what happens if nothing is done."""

    verdict: Verdict
    action: str
    reasons: tuple[str, ...]
    inaction: str


def recommend(case: Case, *, on_silence: str) -> Recommendation:
    """`on_silence` is what the policy does when nobody acts, in words."""
    return Recommendation(
        verdict=verdict(case.findings),
        action=action(case),
        reasons=reasons(case.findings),
        inaction=inaction(case.shifts, on_silence),
    )


def verdict(findings: Sequence[Finding]) -> Verdict:
    weights = {finding.weight for finding in findings}
    if Weight.FORBIDS in weights:
        return Verdict.DO_NOT_SIGN
    return Verdict.LOOK_CLOSER if Weight.WARNING in weights else Verdict.APPROVE


def reasons(findings: Sequence[Finding]) -> tuple[str, ...]:
    order = list(Weight)
    heavy = [finding for finding in findings if finding.weight is not Weight.FINE]
    heavy.sort(key=lambda finding: -order.index(finding.weight))
    return tuple(finding.text for finding in heavy[:REASONS_MAX])


def action(case: Case) -> str:
    """What it does, where it brings the tier, what it costs, how long it holds."""
    parts = [_moves(case.moves)]
    if case.shifts:
        parts.append(_shift(max(case.shifts, key=_distance)))
    parts.append(f"Cost {percent(case.cost_bps)} (cap {percent(case.cost_cap_bps)}).")
    left = case.seconds_left
    if left is not None:
        parts.append(f"Valid {short_span(left)}." if left > 0 else "Its deadline has passed.")
    return " ".join(parts)


def inaction(shifts: Sequence[Shift], on_silence: str) -> str:
    """The one line about doing nothing: the breach stays, and what the policy does then."""
    outside = [s for s in shifts if not s.low_bps <= s.before_bps <= s.high_bps]
    if not outside:
        return f"If nothing is done: no band is broken now. {on_silence}"
    stay = ", ".join(
        f"{s.symbol} stays at {percent(s.before_bps)}"
        f" (band {plain_percent(s.low_bps)}-{plain_percent(s.high_bps)} %)"
        for s in sorted(outside, key=lambda s: s.symbol)
    )
    return f"If nothing is done: {stay}. {on_silence}"


def _moves(moves: Sequence[Move]) -> str:
    said = [f"{m.verb} {m.sells} for at least {m.at_least} on {m.venue}" for m in moves[:2]]
    more = len(moves) - len(said)
    text = "; ".join(said) + (f"; and {more} more" if more > 0 else "")
    return text[:1].upper() + text[1:] + "."


def _shift(shift: Shift) -> str:
    return (
        f"Brings {shift.symbol} from {percent(shift.before_bps)} to {percent(shift.after_bps)}"
        f" (band {plain_percent(shift.low_bps)}-{plain_percent(shift.high_bps)} %)."
    )


def _distance(shift: Shift) -> Decimal:
    return abs(shift.before_bps - shift.after_bps)


def venue_name(key: str) -> str:
    return VENUE_NAMES.get(key, key)


def percent(bps: Decimal | int) -> str:
    """`14` -> `0.14 %`."""
    return f"{Decimal(bps) / 100:,.2f} %"


def plain_percent(bps: Decimal | int) -> str:
    text = f"{Decimal(bps) / 100:,.2f}"
    return text.rstrip("0").rstrip(".")
