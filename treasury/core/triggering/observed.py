"""What triggers look at beside the portfolio of the pinned block, and what they remember.

All of it is stored with the decision, so that a replay sees the same. Times are block timestamps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from treasury.core.canonical import LATER
from treasury.core.types import Address

SAMPLES = 48
"""Per window: enough for a standard deviation (error about 10 %), little to store."""


@dataclass(frozen=True, slots=True)
class Point:
    """A price in USD, or a vault's rate (underlying per share), as of a block."""

    at: int
    value: Decimal


def sample_step(window: int) -> int:
    """Seconds between two samples of a window."""
    return max(1, -(-window // SAMPLES))


def sampled(points: Iterable[Point], step: int) -> tuple[Point, ...]:
    """The last one of each step of points in order of time. Steps stand still while time goes
    on."""
    return tuple({point.at // step: point for point in points}.values())


@dataclass(frozen=True, slots=True)
class Series:
    """Oldest first, from before the pinned block; observations without a value are left out.
    `source` says where the values come from."""

    asset: Address
    source: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Peg:
    """What one whole token of a pegged asset is meant to be worth, in USD."""

    asset: Address
    price_usd: Decimal


@dataclass(frozen=True, slots=True)
class EarlierUnits:
    asset: Address
    units: int


@dataclass(frozen=True, slots=True)
class EarlierHoldings:
    """What the tier held at an earlier snapshot: the base of an in- or outflow."""

    at: int
    units: tuple[EarlierUnits, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """The latest executed sale (or purchase) of an asset by the tier."""

    asset: Address
    is_sale: bool
    at: int


@dataclass(frozen=True, slots=True)
class SeenLog:
    """A log of a watched contract that no evaluation has answered yet. `ordinal` counts the
    contract's matching logs within the transaction."""

    contract: Address
    topic: str
    block_number: int
    block_hash: str
    tx_hash: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An announced upgrade that concerns the tier, and when it is due."""

    title: str
    at: int


@dataclass(frozen=True, slots=True)
class Observed:
    """Filled as far as the policy's rules need it; empty means "not looked at"."""

    prices: tuple[Series, ...] = field(default=(), metadata=LATER)
    rates: tuple[Series, ...] = field(default=(), metadata=LATER)
    pegs: tuple[Peg, ...] = field(default=(), metadata=LATER)
    base_fee_before_wei: int | None = field(default=None, metadata=LATER)
    earlier: EarlierHoldings | None = field(default=None, metadata=LATER)
    moves: tuple[Move, ...] = field(default=(), metadata=LATER)
    logs: tuple[SeenLog, ...] = field(default=(), metadata=LATER)
    upgrades: tuple[Upgrade, ...] = field(default=(), metadata=LATER)
    proposals_in_day: int = field(default=0, metadata=LATER)


OVER, UNDER, INSIDE = "o", "u", "-"


@dataclass(frozen=True, slots=True)
class Signal:
    """One band as the latest evaluation left it: OVER or UNDER while it is armed on that side,
    otherwise INSIDE. `recent`: one such letter per observation, newest last. `since`: armed on its
    side without a break from then on, None while it is not."""

    subject: str
    side: str
    since: int | None
    recent: str

    @property
    def armed(self) -> bool:
        return self.side != INSIDE


@dataclass(frozen=True, slots=True)
class TriggerMemory:
    """What one evaluation hands to the next. `served_slot`: the calendar's time that was answered
    although it led to no proposal."""

    signals: tuple[Signal, ...] = field(default=(), metadata=LATER)
    served_slot: int | None = field(default=None, metadata=LATER)

    def signal(self, subject: str) -> Signal | None:
        return next((item for item in self.signals if item.subject == subject), None)


UNOBSERVED = Observed()
UNREMEMBERED = TriggerMemory()
