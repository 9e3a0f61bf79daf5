"""A tier's policy as one frozen value, and its canonical form.

The document is what people approve; `policy_hash` binds a proposal to it for ever. A field that a
document does not know, lacks or gets wrong is an error that names the place
(`PolicyDocumentError`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from treasury.core.canonical import LATER
from treasury.core.triggering.rules import CalendarRule, DampingRule, EventRules, YieldRule
from treasury.core.types import Address


class Mode(StrEnum):
    """How far a tier goes by itself; the ladder of degradation only ever lowers it."""

    MANUAL = "MANUAL"
    SEMI = "SEMI"
    AUTOMATIC = "AUTOMATIC"


class BandKind(StrEnum):
    ABSOLUTE = "ABSOLUTE"
    RELATIVE = "RELATIVE"
    NARROWER = "NARROWER"
    WIDER = "WIDER"


class TriggerKind(StrEnum):
    CALENDAR = "CALENDAR"
    THRESHOLD = "THRESHOLD"
    HYBRID = "HYBRID"


class Scope(StrEnum):
    ALL = "ALL"
    BREACHED = "BREACHED"
    WORST = "WORST"


class Solver(StrEnum):
    """Which trade list is proposed: the rules' own, or the better of it and the optimiser's."""

    RULES = "RULES"
    OPTIMISED = "OPTIMISED"


class LotMethod(StrEnum):
    """Which lots a sale takes (AC-2): the oldest, newest, dearest or cheapest first, a share of
    each, those named, or those with the least tax."""

    FIFO = "FIFO"
    LIFO = "LIFO"
    HIFO = "HIFO"
    LOFO = "LOFO"
    AVERAGE = "AVERAGE"
    SPECIFIC = "SPECIFIC"
    MIN_TAX = "MIN_TAX"


@dataclass(frozen=True, slots=True)
class Band:
    """Tolerance band half-width (DE-2). ABSOLUTE reads `absolute_bps` of the tier's NAV, RELATIVE
    `relative_bps` of the target weight, NARROWER and WIDER the smaller or larger of both."""

    kind: BandKind
    absolute_bps: int
    relative_bps: int


@dataclass(frozen=True, slots=True)
class Target:
    asset: Address
    weight_bps: int
    band: Band
    reserve_units: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Assets of the tier that move together (DE-4). Their sum is held against `band`, of the sum of
    their targets; a member's own band only counts inside the group, against its share of what the
    group holds. While a depeg halt is open groups do not count, and each asset stands alone."""

    name: str
    assets: tuple[Address, ...]
    band: Band


@dataclass(frozen=True, slots=True)
class TriggerRule:
    """CALENDAR fires every `interval_seconds` or by `calendar.cron`; THRESHOLD on a band breach;
    HYBRID on a breach, and at the latest `max_age_seconds` after the last executed rebalance (T4).
    Beside the kind, whatever `calendar.full_reset_days`, `events` and `yields` name fires too. None
    of them fires within `cooldown_seconds` of the tier's latest proposal."""

    kind: TriggerKind
    interval_seconds: int
    max_age_seconds: int
    cooldown_seconds: int
    calendar: CalendarRule = field(default=CalendarRule(), metadata=LATER)
    damping: DampingRule = field(default=DampingRule(), metadata=LATER)
    events: EventRules = field(default=EventRules(), metadata=LATER)
    yields: YieldRule = field(default=YieldRule(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class PriceRules:
    """DE-38..40: `max_deviation_bps` from the median, at least `min_sources` fresh agreeing sources
    of which `min_on_chain` live on the chain."""

    min_sources: int
    min_on_chain: int
    max_deviation_bps: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """P5: at or above any of these a proposal goes to the multisig. Turnover counts executed and
    open proposals of the tier within the window, this one included."""

    value_usd: Decimal
    nav_share_bps: int
    turnover_usd: Decimal
    turnover_window_seconds: int
    strategic: bool

    def turnover_since(self, now: int) -> int:
        """From this block time on executed turnover counts."""
        return now - self.turnover_window_seconds


@dataclass(frozen=True, slots=True)
class UnitLimit:
    """One on-chain allowance of the tier's role, exactly as the modifier holds it."""

    allowance_key: str
    asset: Address
    refill_units: int
    max_refill_units: int
    period_seconds: int


@dataclass(frozen=True, slots=True)
class HaltRules:
    """When to stop by itself (X7). A limit of 0 switches its breaker off, but for the first three.

    Always on: `max_base_fee_wei` (base fee ceiling), `failure_streak` (failed transactions in a
    row), `max_nav_jump_bps` (unexplained jump of the tier's value).

    Of all: a reading is clean at or below `reset_bps` of its limit. A Halt may be offered for a
    reset after `min_clean_seconds` of clean readings. Missing or disagreeing prices and dear gas
    hold the tier at once, and become a Halt after `patience_seconds`.

    `gas_median_percent`: base fee against the median of 24 h. `max_volatility_bps`,
    `max_basket_volatility_bps` (a year) and `max_drawdown_bps` look at `history_steps` steps of
    `history_step_seconds`. `depeg_bps`: distance from a declared peg, in `depeg_samples` prices in
    a row; `depeg_warn_bps` is where it is clean again. `max_depth_loss_bps`: what the best market
    may take from the largest trade allowed. `slippage_budget_bps` of the tier's value may be lost
    by trading in `slippage_window_seconds`. `watch_code`: code, implementation and pause flag of
    tokens and venues have to stay as they were pinned. `max_silence_seconds`: longest time without
    an evaluation."""

    max_base_fee_wei: int
    failure_streak: int
    max_nav_jump_bps: int
    reset_bps: int = field(default=8_000, metadata=LATER)
    min_clean_seconds: int = field(default=0, metadata=LATER)
    patience_seconds: int = field(default=0, metadata=LATER)
    gas_median_percent: int = field(default=0, metadata=LATER)
    max_volatility_bps: int = field(default=0, metadata=LATER)
    max_basket_volatility_bps: int = field(default=0, metadata=LATER)
    max_drawdown_bps: int = field(default=0, metadata=LATER)
    history_steps: int = field(default=30, metadata=LATER)
    history_step_seconds: int = field(default=86_400, metadata=LATER)
    depeg_bps: int = field(default=0, metadata=LATER)
    depeg_warn_bps: int = field(default=100, metadata=LATER)
    depeg_samples: int = field(default=2, metadata=LATER)
    max_depth_loss_bps: int = field(default=0, metadata=LATER)
    slippage_budget_bps: int = field(default=0, metadata=LATER)
    slippage_window_seconds: int = field(default=604_800, metadata=LATER)
    watch_code: bool = field(default=False, metadata=LATER)
    max_silence_seconds: int = field(default=0, metadata=LATER)


class OnSilence(StrEnum):
    """What a proposal does when nobody acts in time (G11)."""

    EXPIRE = "EXPIRE"
    ESCALATE = "ESCALATE"
    DEGRADE = "DEGRADE"

    @property
    def asks_owners(self) -> bool:
        return self is not OnSilence.EXPIRE

    @property
    def lowers_tier(self) -> bool:
        return self is OnSilence.DEGRADE


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """How people look at the tier's proposals (G4, G11). No execution before
    `min_review_seconds` after the proposal was made (0: none); from `question_value_usd` on, and
    whenever a risk flag is up, an approver answers a question drawn from the proposal. After
    `silence_seconds` without anybody's act the deputies and owners are told, and `on_silence`
    decides: EXPIRE waits for the deadline, ESCALATE asks the tier's owners, DEGRADE also lowers
    the tier to SEMI."""

    min_review_seconds: int
    question_value_usd: Decimal
    silence_seconds: int
    on_silence: OnSilence

    def review_ends_at(self, proposed_at: int) -> int:
        """Not before this block time does the service hand a proposal over that people decide."""
        return proposed_at + self.min_review_seconds


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """How a trade may go through markets (X2). At most `max_hops` markets one after the other (1 or
    2; each on the allow-list, so are the tokens between them), split over at most `max_parts`
    ways (1 to 4). 1 and 1: whole, through one market. By a role on the chain one market after
    the other is never used: its conditions cannot tell a path."""

    max_hops: int = 1
    max_parts: int = 1


@dataclass(frozen=True, slots=True)
class LotRules:
    """What lot methods need beside their name. Rates are bps of the gain, for lots held at most and
    more than `long_term_days`: MIN_TAX compares by them (0: none). SPECIFIC takes the lots with the
    references in `named`, in this order, and no others: what they do not cover has no cost basis.
    """

    short_rate_bps: int = 0
    long_rate_bps: int = 0
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """Everything the engine may know about what a tier wants. Weights sum to 10,000 bps."""

    mode: Mode
    settlement_asset: Address
    targets: tuple[Target, ...]
    trigger: TriggerRule
    scope: Scope
    worst_count: int
    destination_bps: int
    min_trade_usd: Decimal
    max_trade_usd: Decimal
    max_turnover_usd: Decimal
    turnover_window_seconds: int
    cost_cap_bps: int
    max_slippage_bps: int
    max_fee_per_gas_wei: int
    proposal_ttl_seconds: int
    lot_method: LotMethod
    long_term_days: int
    venues: tuple[str, ...]
    prices: PriceRules
    escalation: Escalation
    halts: HaltRules
    unit_limits: tuple[UnitLimit, ...]
    operator_safe: bool
    review: ReviewRules
    solver: Solver = field(default=Solver.RULES, metadata=LATER)
    groups: tuple[Group, ...] = field(default=(), metadata=LATER)
    routing: RoutingRules = field(default=RoutingRules(), metadata=LATER)
    lots: LotRules = field(default=LotRules(), metadata=LATER)

    def expires_at(self, proposed_at: int) -> int:
        """A proposal made at that block time may be executed up to this one."""
        return proposed_at + self.proposal_ttl_seconds

    def turnover_since(self, now: int) -> int:
        """From this block time on executed turnover counts against `max_turnover_usd`."""
        return now - self.turnover_window_seconds

    def target(self, asset: Address) -> Target:
        for target in self.targets:
            if target.asset == asset:
                return target
        raise KeyError(asset)
