"""What the proposal does: the sentence, the legs, before and after, cost, lots, why now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from execution.core.types import BalanceChange, Leg, Simulation
from governance.core.lifecycle import OPEN
from governance.core.recommendation import Case, Finding, Move, Shift, venue_name
from governance.core.wording.numbers import rule_number
from governance.selectors.dossiers import Dossier
from governance.selectors.pages.proposal.wording import (
    VERBS,
    Amount,
    rule_name,
    short_amount,
    with_symbols,
)
from treasury.core.amounts import exact, share_bps
from treasury.core.decisions import Trade
from treasury.core.policies import OnSilence
from treasury.core.types import Address, CostEstimate
from treasury.engine.lots.choice import uncovered

SILENCE = {
    OnSilence.EXPIRE: "It expires at its deadline.",
    OnSilence.ESCALATE: "The tier's owners and deputies are told, and it expires at its deadline.",
    OnSilence.DEGRADE: "The tier becomes more manual, and it expires at its deadline.",
}
COST_TERMS = (
    ("gas_usd", "Gas"),
    ("fee_usd", "Venue fee"),
    ("impact_usd", "Price impact"),
    ("protocol_fee_usd", "Protocol fee"),
    ("opportunity_usd", "Locked capital"),
    ("tax_usd", "Tax"),
)


@dataclass(frozen=True, slots=True)
class LegLine:
    number: int
    verb: str
    venue: str
    sells: Amount
    expects: Amount
    at_least: Amount
    value_usd: Decimal
    cost_usd: Decimal
    recipient: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Where band, target and weights stand on a line of 100, as text for SVG attributes."""

    low: str
    width: str
    target: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One asset of the acting Safe. `after` is what the simulation gives, `worst` what the minimum
    out still guarantees. Shares in bps of the tier; `before` is of the snapshot, so shares of what
    cannot be priced are None."""

    symbol: str
    before: Amount
    change: Amount
    after: Amount
    worst: Amount
    before_bps: Decimal | None
    after_bps: Decimal | None
    target_bps: int | None
    low_bps: Decimal | None
    high_bps: Decimal | None

    @property
    def is_within(self) -> bool | None:
        if self.after_bps is None or self.low_bps is None or self.high_bps is None:
            return None
        return self.low_bps <= self.after_bps <= self.high_bps

    @property
    @exact
    def scale(self) -> Scale | None:
        """The part of the line from 0 to 100 % on which something happens."""
        places = (self.low_bps, self.high_bps, self.before_bps, self.after_bps)
        known = [place for place in places if place is not None]
        if len(known) < len(places) or self.target_bps is None:
            return None
        room = (max(known) - min(known)) / 5 + 1
        start, length = min(known) - room, max(known) - min(known) + 2 * room
        low, high, before, after, target = (
            (place - start) / length * 100 for place in (*known, Decimal(self.target_bps))
        )
        return Scale(*(f"{place:.2f}" for place in (low, high - low, target, before, after)))


@dataclass(frozen=True, slots=True)
class LotLine:
    lot: str
    amount: Amount
    acquired_at: int
    cost_usd: Decimal
    proceeds_usd: Decimal
    gain_usd: Decimal
    long_term: bool


@dataclass(frozen=True, slots=True)
class UncoveredLine:
    """Units that are sold without a lot: bought by an earlier leg, or of a cost nobody knows."""

    leg: int
    amount: Amount
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class RuleLine:
    rule: str
    subject: str
    inputs: tuple[tuple[str, str], ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class SkippedLine:
    trade: str
    value_usd: Decimal
    rule: str
    value: str
    limit: str


def case_of(found: Dossier, *, now: int, findings: Sequence[Finding]) -> Case:
    return Case(
        moves=tuple(_move(found, leg) for leg in found.plan.legs),
        shifts=tuple(
            Shift(
                symbol=found.symbol(weight.asset),
                before_bps=weight.before_bps,
                after_bps=weight.after_bps,
                low_bps=max(weight.target_bps - weight.band_bps, Decimal(0)),
                high_bps=weight.target_bps + weight.band_bps,
            )
            for weight in found.weights
        ),
        cost_bps=found.cost_bps,
        cost_cap_bps=found.policy.cost_cap_bps,
        seconds_left=found.proposal.expires_at - now if found.proposal.state in OPEN else None,
        findings=tuple(findings),
    )


def on_silence(found: Dossier) -> str:
    return SILENCE[found.policy.review.on_silence]


def leg_lines(found: Dossier) -> tuple[LegLine, ...]:
    return tuple(
        LegLine(
            number=leg.index + 1,
            verb=VERBS[leg.kind.value].capitalize(),
            venue=venue_name(leg.venue),
            sells=_amount(found, leg.sell, leg.sell_units),
            expects=_amount(found, leg.buy, leg.expected_buy_units),
            at_least=_amount(found, leg.buy, leg.min_buy_units),
            value_usd=leg.value_usd,
            cost_usd=leg.cost.total_usd,
            recipient=leg.recipient,
        )
        for leg in found.plan.legs
    )


@exact
def balance_lines(found: Dossier, simulation: Simulation) -> tuple[BalanceLine, ...]:
    """Changes from the simulation, balances from the decision's snapshot, prices of its block."""
    safe = found.plan.acting_safe
    changes = {c.asset: c.units for c in simulation.changes if c.safe == safe}
    worst = _worst_changes(found.plan.legs, safe)
    holdings = found.inputs.portfolio.holdings
    after = {h.asset: h.units + changes.get(h.asset, 0) for h in holdings}
    values = {h.asset: _value(after[h.asset], h.decimals, h.price_usd) for h in holdings}
    nav, total = found.inputs.portfolio.nav_usd, sum(values.values(), Decimal(0))
    weights = {weight.asset: weight for weight in found.weights}
    lines = []
    for holding in holdings:
        weight, change = weights.get(holding.asset), changes.get(holding.asset, 0)
        known = bool(holding.price_usd) and simulation.ok
        said = partial(Amount, decimals=holding.decimals, symbol=holding.symbol)
        lines.append(
            BalanceLine(
                symbol=holding.symbol,
                before=said(holding.units),
                change=said(change),
                after=said(after[holding.asset]),
                worst=said(holding.units + worst.get(holding.asset, 0)),
                before_bps=share_bps(part=holding.value_usd, whole=nav) if nav else None,
                after_bps=share_bps(part=values[holding.asset], whole=total) if known else None,
                target_bps=weight.target_bps if weight else None,
                low_bps=max(weight.target_bps - weight.band_bps, Decimal(0)) if weight else None,
                high_bps=weight.target_bps + weight.band_bps if weight else None,
            )
        )
    return tuple(sorted(lines, key=lambda line: line.symbol))


def cost_lines(found: Dossier) -> tuple[tuple[str, Decimal], ...]:
    """Terms that are not zero, over all legs; what the estimate was gated on."""
    costs: list[CostEstimate] = [leg.cost for leg in found.plan.legs]
    sums = [
        (label, sum((getattr(c, name) for c in costs), Decimal(0))) for name, label in COST_TERMS
    ]
    return tuple((label, value) for label, value in sums if value)


def lot_lines(found: Dossier) -> tuple[LotLine, ...]:
    """Lots that are frozen in the plan: these are booked, at the price of the execution."""
    return tuple(line for trade in found.trades for line in _lots(found, trade))


def uncovered_lines(found: Dossier) -> tuple[UncoveredLine, ...]:
    return tuple(
        UncoveredLine(number, _amount(found, trade.sell, units), is_unknown)
        for number, (trade, rest) in enumerate(
            zip(found.trades, uncovered(found.trades), strict=True), start=1
        )
        for units, is_unknown in ((rest.incoming_units, False), (rest.unknown_units, True))
        if units
    )


def rule_lines(found: Dossier) -> tuple[RuleLine, ...]:
    return tuple(
        RuleLine(
            rule=rule_name(record.rule),
            subject="whole tier" if record.subject == "tier" else _said(found, record.subject),
            inputs=tuple((name.replace("_", " "), rule_number(v)) for name, v in record.inputs),
            outcome=_said(found, record.outcome),
        )
        for record in found.decision.explanation
    )


def skipped_lines(found: Dossier) -> tuple[SkippedLine, ...]:
    return tuple(
        SkippedLine(
            trade=f"{found.symbol(s.sell)} to {found.symbol(s.buy)}",
            value_usd=s.value_usd,
            rule=rule_name(s.rule),
            value=rule_number(s.value),
            limit=rule_number(s.limit),
        )
        for s in found.decision.skipped
    )


def trigger_line(found: Dossier) -> tuple[str, str, str]:
    """(reason, value, limit) in words."""
    trigger = found.decision.trigger
    reason = _said(found, trigger.reason)
    return (
        reason[:1].upper() + reason[1:],
        rule_number(trigger.value),
        rule_number(trigger.limit),
    )


def worst_loss_usd(found: Dossier) -> tuple[Decimal, int] | None:
    """(USD, longest period in seconds) that the role lets leave in one period, at the decision's
    prices: the whole allowance, as the role cannot check a price. None when no role may act."""
    limits = found.policy.unit_limits
    if not limits:
        return None
    total = Decimal(0)
    for limit in limits:
        holding = found.holding(limit.asset)
        if holding is not None:
            total += _value(limit.max_refill_units, holding.decimals, holding.price_usd)
    return total, max(limit.period_seconds for limit in limits)


def _move(found: Dossier, leg: Leg) -> Move:
    sell, buy = found.symbol(leg.sell), found.symbol(leg.buy)
    return Move(
        verb=VERBS[leg.kind.value],
        sells=f"{short_amount(leg.sell_units, found.decimals(leg.sell))} {sell}",
        at_least=f"{short_amount(leg.min_buy_units, found.decimals(leg.buy))} {buy}",
        venue=venue_name(leg.venue),
    )


def _worst_changes(legs: Sequence[Leg], safe: Address) -> dict[Address, int]:
    changes: list[BalanceChange] = []
    for leg in legs:
        changes.append(BalanceChange(leg.safe, leg.sell, -leg.sell_units))
        changes.append(BalanceChange(leg.recipient, leg.buy, leg.min_buy_units))
    found: dict[Address, int] = {}
    for change in changes:
        if change.safe == safe:
            found[change.asset] = found.get(change.asset, 0) + change.units
    return found


def _lots(found: Dossier, trade: Trade) -> tuple[LotLine, ...]:
    return tuple(
        LotLine(
            lot=_lot_name(lot.lot_ref),
            amount=_amount(found, trade.sell, lot.units),
            acquired_at=lot.acquired_at,
            cost_usd=lot.cost_usd,
            proceeds_usd=lot.proceeds_usd,
            gain_usd=lot.gain_usd,
            long_term=lot.long_term,
        )
        for lot in trade.lots
    )


def _lot_name(reference: str) -> str:
    """The second part of `chain:kind:holder:asset` says where a lot came from."""
    parts = reference.split(":")
    return parts[1].capitalize() if len(parts) > 1 else reference


@exact
def _value(units: int, decimals: int, price: Decimal) -> Decimal:
    return Decimal(units).scaleb(-decimals) * price


def _amount(found: Dossier, asset: str, units: int) -> Amount:
    return Amount(units, found.decimals(asset), found.symbol(asset))


def _said(found: Dossier, text: str) -> str:
    return with_symbols(text, found)
