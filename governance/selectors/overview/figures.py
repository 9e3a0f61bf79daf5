"""The figures of a treasury and its tiers (M1). Times are block times; shares are fractions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum

from governance.core.lifecycle import OPEN, ProposalOutcome, ProposalState
from governance.core.routing import Level, worst
from governance.core.wording.numbers import about
from governance.models import Halt, Proposal, Route
from treasury.core.policies import Mode, TriggerKind
from treasury.core.risk import (
    DAY,
    Drawdown,
    NavPoint,
    NotEnough,
    against_holding,
    concentration,
    daily_returns,
    issuer_exposure,
    max_drawdown,
    net_apy,
    protocol_exposure,
    quarter_start,
    runway_months,
    stablecoin_share,
    volatility,
    with_flows,
)
from treasury.core.types import Address
from treasury.selectors.decisions import ForcedCost, forced_costs
from treasury.selectors.standing.baselines import Baseline, baselines
from treasury.selectors.standing.reading import standings
from treasury.selectors.standing.series import Sample, booked_flows, nav_samples
from treasury.selectors.standing.shapes import Standing, TierStanding

WINDOW = 365 * DAY
RUNWAY_WINDOW = 90 * DAY
RATE_WINDOW = 30 * DAY
FORCED_TIERS_MAX = 20
"""For more tiers than this the treasury's page leaves "what would it cost now" to the tier's."""


@dataclass(frozen=True, slots=True)
class RiskFigures:
    """Where there is no number: `NotEnough` says what is missing, None that there is nothing to
    measure."""

    volatility: Decimal | NotEnough
    drawdown: Drawdown | NotEnough
    day_change_usd: Decimal | None
    concentration: Decimal | None
    stablecoins: Decimal | None
    issuers: tuple[tuple[str, Decimal], ...]
    protocols: tuple[tuple[str, Decimal], ...]
    runway: Decimal | NotEnough | None
    runway_on_stablecoins: Decimal | NotEnough | None


@dataclass(frozen=True, slots=True)
class TierFigures:
    """`level` is the ladder's step that open halts lower the tier to, None when none does;
    `cost_now` what a rebalance would take, None when it was not asked for."""

    standing: TierStanding
    halts: tuple[Halt, ...]
    level: Level | None
    next_trigger: str
    open_proposal: str
    quarter_cost_usd: Decimal
    cost_now: ForcedCost | None

    @property
    def ladder(self) -> str:
        """The step's name: L0 AUTOMATIC to L4 FROZEN."""
        return self.level.value if self.level else Mode.AUTOMATIC.value


@dataclass(frozen=True, slots=True)
class TreasuryFigures:
    standing: Standing
    samples: tuple[Sample, ...]
    flows: tuple[NavPoint, ...]
    risk: RiskFigures

    @property
    def outside(self) -> int:
        return sum(len(tier.outside) for tier in self.standing.tiers)

    @property
    def worst_loss_usd(self) -> Decimal | None:
        values = [tier.worst_loss_usd for tier in self.standing.tiers]
        known = [value for value in values if value is not None]
        return sum(known, Decimal(0)) if len(known) == len(values) else None

    @property
    def worst_loss_without_operator_usd(self) -> Decimal | None:
        """The part that needs no operator's signature."""
        values = [
            tier.worst_loss_usd for tier in self.standing.tiers if not tier.chain_enforces_approval
        ]
        known = [value for value in values if value is not None]
        return sum(known, Decimal(0)) if len(known) == len(values) else None


@dataclass(frozen=True, slots=True)
class QuarterFigures:
    """Since the first block of the UTC quarter. `since` is the first snapshot's block time;
    `against_holding_usd` None without a price of something that was held, or without a snapshot
    before this one."""

    quarter_at: int
    since: int | None
    cost_usd: Decimal
    against_holding_usd: Decimal | None
    yields: tuple[tuple[str, Decimal | NotEnough | None], ...]


def treasuries_figures(treasury_ids: Iterable[int]) -> tuple[TreasuryFigures, ...]:
    """Of several treasuries in five queries."""
    found = standings(treasury_ids)
    now = max((s.block.timestamp for s in found if s.block), default=0)
    ids = [standing.row.pk for standing in found]
    samples = nav_samples(treasury_ids=ids, since=now - WINDOW, until=now, step=DAY)
    flows = booked_flows(treasury_ids=ids, since=now - WINDOW)
    return tuple(
        TreasuryFigures(
            standing,
            samples.get(standing.row.pk, ()),
            flows.get(standing.row.pk, ()),
            risk_figures(
                standing, samples.get(standing.row.pk, ()), flows.get(standing.row.pk, ())
            ),
        )
        for standing in found
    )


def risk_figures(
    standing: Standing, samples: tuple[Sample, ...], flows: tuple[NavPoint, ...]
) -> RiskFigures:
    points = with_flows(
        [NavPoint(item.at, item.nav_usd) for item in samples if item.nav_usd is not None], flows
    )
    now = standing.block.timestamp if standing.block else 0
    held = standing.exposures
    stable = sum((item.value_usd for item in held if item.peg), Decimal(0))
    change = None
    if len(points) > 1:
        change = points[-1].nav_usd - points[-1].flow_usd - points[-2].nav_usd
    return RiskFigures(
        volatility=volatility(daily_returns(points)),
        drawdown=max_drawdown(points),
        day_change_usd=change,
        concentration=concentration(held),
        stablecoins=stablecoin_share(held),
        issuers=issuer_exposure(held),
        protocols=protocol_exposure(held),
        runway=_runway(standing, flows, now, sum((e.value_usd for e in held), Decimal(0))),
        runway_on_stablecoins=_runway(standing, flows, now, stable),
    )


def _runway(
    standing: Standing, flows: tuple[NavPoint, ...], now: int, value_usd: Decimal
) -> Decimal | NotEnough | None:
    since = max(now - RUNWAY_WINDOW, standing.books_since or now)
    out = sum(
        (-item.flow_usd for item in flows if item.flow_usd < 0 and item.at >= since // DAY * DAY),
        Decimal(0),
    )
    return runway_months(value_usd=value_usd, outflows_usd=out, window_seconds=now - since)


# ------------------------------------------------------------------------------------ the quarter
def quarter_figures(figures: TreasuryFigures, *, cost_usd: Decimal) -> QuarterFigures:
    """One query for the baselines; the flows were read with the figures."""
    standing = figures.standing
    now = standing.block.timestamp if standing.block else 0
    quarter_at = quarter_start(now)
    then, month = baselines(treasury_id=standing.row.pk, since=(quarter_at, now - RATE_WINDOW))
    prices = {line.asset: line.price_usd for line in standing.prices}
    result = None
    if then is not None and then.at < now and standing.nav_usd is not None:
        moved = sum((f.flow_usd for f in figures.flows if f.at > then.at), Decimal(0))
        held = [(tokens, prices.get(asset)) for asset, tokens in then.tokens.items()]
        result = against_holding(nav_usd=standing.nav_usd, held=held, flows_usd=moved)
    return QuarterFigures(
        quarter_at=quarter_at,
        since=then.at if then else None,
        cost_usd=cost_usd,
        against_holding_usd=result,
        yields=_yields(standing, month, now),
    )


def _yields(
    standing: Standing, then: Baseline | None, now: int
) -> tuple[tuple[str, Decimal | NotEnough | None], ...]:
    """(share's symbol, net APY) of every vault that something is in; None: a price is missing."""
    prices = {line.asset: line.price_usd for line in standing.prices}
    symbols = {line.asset: line.symbol for line in standing.prices}
    found: list[tuple[str, Decimal | NotEnough | None]] = []
    for share, underlying in standing.vaults:
        rate_now = _rate(prices, share, underlying)
        rate_then = _rate(then.prices, share, underlying) if then else None
        apy = None
        if then is not None and rate_now is not None and rate_then is not None:
            apy = net_apy(rate_then=rate_then, rate_now=rate_now, seconds=now - then.at)
        found.append((symbols[share], apy))
    return tuple(found)


def _rate(
    prices: Mapping[Address, Decimal | None], share: Address, underlying: Address
) -> Decimal | None:
    above, beneath = prices.get(share), prices.get(underlying)
    return above / beneath if above and beneath else None


# ------------------------------------------------------------------------------------ tiers
@dataclass(frozen=True, slots=True)
class TierProposals:
    """What the proposals of one tier add up to."""

    open_id: str
    latest_at: int | None
    rebalanced_at: int | None
    quarter_cost_usd: Decimal


NO_PROPOSALS = TierProposals("", None, None, Decimal(0))


def proposals_by_tier(treasury_id: int, *, quarter_at: int) -> dict[int, TierProposals]:
    """One query, however many proposals there are."""
    executed = Q(state=ProposalState.DONE, outcome=ProposalOutcome.EXECUTED.value)
    rows = (
        Proposal.objects.filter(tier__treasury_id=treasury_id)
        .exclude(route=Route.RECORD_ONLY)
        .values("tier_id")
        .annotate(
            open_id=Max("public_id", filter=Q(state__in=sorted(OPEN))),
            latest_at=Max("triggered_at"),
            rebalanced_at=Max("done_at", filter=executed),
            cost=Sum("actual_cost_usd", filter=executed & Q(done_at__gte=quarter_at)),
            count=Count("id"),
        )
    )
    return {
        row["tier_id"]: TierProposals(
            row["open_id"] or "", row["latest_at"], row["rebalanced_at"], row["cost"] or Decimal(0)
        )
        for row in rows
    }


def tier_figures(
    standing: Standing,
    *,
    proposals: Mapping[int, TierProposals],
    with_cost: bool,
    only: int | None = None,
) -> tuple[TierFigures, ...]:
    """Of every tier, or of the one with that id. Two queries: open halts, and the inputs of the
    latest evaluations when their cost is asked for."""
    tiers = [tier for tier in standing.tiers if only in {None, tier.row.pk}]
    halts = list(
        Halt.objects.filter(scope__treasury_id=standing.row.pk, closed_at=None)
        .select_related("scope__tier", "scope__treasury", "first_closer")
        .order_by("pk")
    )
    latest = {tier.row.pk: tier.decision.id for tier in standing.tiers if tier.decision is not None}
    costs = forced_costs(latest.values()) if with_cost and len(latest) <= FORCED_TIERS_MAX else {}
    now = standing.block.timestamp if standing.block else 0
    found = []
    for tier in tiers:
        covering = tuple(halt for halt in halts if halt.scope.tier_id in {None, tier.row.pk})
        own = proposals.get(tier.row.pk, NO_PROPOSALS)
        found.append(
            TierFigures(
                standing=tier,
                halts=covering,
                level=worst(tuple(halt.level for halt in covering)),
                next_trigger=next_trigger(tier, own, now),
                open_proposal=own.open_id,
                quarter_cost_usd=own.quarter_cost_usd,
                cost_now=costs.get(latest.get(tier.row.pk, 0)),
            )
        )
    return tuple(found)


def next_trigger(tier: TierStanding, proposals: TierProposals, now: int) -> str:
    """When or at what the tier acts next, in words."""
    policy = tier.policy
    if tier.is_policy_unreadable:
        return "none: the stored policy cannot be read"
    if policy is None:
        return "no policy in force: watched only"
    rule = policy.trigger
    cooling = (proposals.latest_at or 0) + rule.cooldown_seconds - now
    if proposals.latest_at is not None and cooling > 0:
        return f"cooling down for {_about(cooling)}"
    if rule.kind is TriggerKind.CALENDAR:
        latest = max(filter(None, (proposals.latest_at, proposals.rebalanced_at)), default=None)
        left = 0 if latest is None else latest + rule.interval_seconds - now
        return "due now" if left <= 0 else f"in {_about(left)} by calendar"
    words = _nearest(tier)
    if rule.kind is TriggerKind.HYBRID and tier.version is not None:
        since = proposals.rebalanced_at or tier.version.effective_at
        left = since + rule.max_age_seconds - now
        words += ", due now by age" if left <= 0 else f"; at the latest in {_about(left)}"
    return words


def _nearest(tier: TierStanding) -> str:
    """The asset with the least room to the edge of its band."""
    drifts = [(line.symbol, line.drift) for line in tier.lines if line.drift is not None]
    if not drifts:
        return "when a band breaks"
    symbol, drift = max(drifts, key=lambda pair: (pair[1].breached, pair[1].severity))
    if drift.breached:
        return f"now: {symbol} is outside its band"
    room = (drift.half_width - abs(drift.absolute)) * 100
    return f"{symbol} has {room:.2f} pp left to the edge of its band"


def _about(seconds: int) -> str:
    """What one plans by: a minute at least."""
    return about(max(60, seconds // 60 * 60))
