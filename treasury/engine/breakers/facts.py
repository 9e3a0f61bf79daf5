"""What the breakers look at, read at one block and from the rows of earlier ones.

A fact that the policy does not ask for may be left empty: its breaker gives no reading then.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from treasury.core.decisions import PriceGap
from treasury.core.policies import HaltRules
from treasury.core.types import Portfolio


@dataclass(frozen=True, slots=True)
class GasHistory:
    """The median base fee of the stored snapshots of the last `seconds`, None without any."""

    median_wei: int | None
    samples: int
    seconds: int


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Prices of one asset at regular steps, oldest first, the newest is now's; a step without a
    price is missing from it. `units` and `decimals` are what the tier holds now. Each
    price comes with the number of its step, 0 to `history_steps`, which is now's."""

    symbol: str
    units: int
    decimals: int
    prices_usd: tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True, slots=True)
class PegSamples:
    """The latest prices of an asset that promises a peg, newest first, one per block. `peg_usd` is
    what the promised currency is worth in USD, None when nobody here knows."""

    symbol: str
    peg: str
    peg_usd: Decimal | None
    prices_usd: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class DepthProbe:
    """What the best market would take from the largest trade that the tier may make, in bps of its
    value at the consensus price. `loss_bps` None: no market takes it at all."""

    pair: str
    value_usd: Decimal
    loss_bps: Decimal | None


@dataclass(frozen=True, slots=True)
class Spend:
    """What one executed trade lost against the consensus price. `at` is block time."""

    at: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class ContractFact:
    """A contract that the tier's money depends on: `differences` names what is not as pinned (code,
    implementation, beacon), empty when nothing is."""

    name: str
    address: str
    differences: tuple[str, ...]
    is_paused: bool


@dataclass(frozen=True, slots=True)
class WitnessFact:
    """What another provider says of the same block. `differences` names what it tells otherwise;
    `problem` why it could not be asked."""

    name: str
    differences: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class TierFacts:
    """`earlier` is the tier at the latest look that its value is compared with, None before the
    first. `fall_seen_at` is when two people looked at a fall: it is counted anew from there.
    `answers` are the fresh sources' prices by asset. `streak_seen` is how much of the present
    failure streak two people have already looked at. `evaluated_at` is the latest evaluation
    before now, None before the first: then `policy_since` counts."""

    scope: str
    now: int
    rules: HaltRules
    max_deviation_bps: int
    portfolio: Portfolio
    earlier: Portfolio | None
    gaps: tuple[PriceGap, ...]
    answers: tuple[tuple[str, tuple[Decimal, ...]], ...]
    base_fee_wei: int
    failed_streak: int
    streak_seen: int
    policy_since: int
    evaluated_at: int | None
    gas: GasHistory = GasHistory(None, 0, 0)
    series: tuple[PriceSeries, ...] = ()
    fall_seen_at: int = 0
    pegs: tuple[PegSamples, ...] = ()
    depth: tuple[DepthProbe, ...] = ()
    spent: tuple[Spend, ...] = ()
    contracts: tuple[ContractFact, ...] = ()


@dataclass(frozen=True, slots=True)
class TreasuryFacts:
    """`witnesses` are the providers beside the one that everything is read from."""

    scope: str
    witnesses: tuple[WitnessFact, ...]
