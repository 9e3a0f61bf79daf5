"""The parts of a policy that say when to act. Every field came after policies were signed: at its
default it is off, and the policy means what it always meant."""

from __future__ import annotations

from dataclasses import dataclass, field

from treasury.core.canonical import LATER
from treasury.core.types import Address

FULL_BPS = 10_000


@dataclass(frozen=True, slots=True)
class CalendarRule:
    """DE-5. `cron` (five fields, in `time_zone`, an IANA name) replaces the interval of a CALENDAR
    trigger. `full_reset_days` (0: never) brings every asset to its target, whatever scope and
    destination say, so many days after the latest executed full reset."""

    cron: str = field(default="", metadata=LATER)
    time_zone: str = field(default="UTC", metadata=LATER)
    full_reset_days: int = field(default=0, metadata=LATER)


@dataclass(frozen=True, slots=True)
class DampingRule:
    """Against whipsaw (DE-7..9).

    A band is armed beyond its half-width b and disarmed below `hysteresis_bps` of b (10,000: no
    hysteresis). It counts once it was armed in `confirm_count` of the latest `confirm_of`
    observations and for `confirm_seconds` without a break. Within `asset_cooldown_seconds` of an
    executed trade the asset is not traded in the same direction again; within
    `flip_window_seconds` in the opposite one only beyond 2 b. The settlement asset, the other side
    of every trade, is exempt from both. At most `max_proposals_per_day` in any 24 hours (0: no
    limit)."""

    hysteresis_bps: int = field(default=FULL_BPS, metadata=LATER)
    confirm_count: int = field(default=1, metadata=LATER)
    confirm_of: int = field(default=1, metadata=LATER)
    confirm_seconds: int = field(default=0, metadata=LATER)
    asset_cooldown_seconds: int = field(default=0, metadata=LATER)
    flip_window_seconds: int = field(default=0, metadata=LATER)
    max_proposals_per_day: int = field(default=0, metadata=LATER)

    @property
    def remembers(self) -> bool:
        """Whether an observation depends on the ones before it."""
        return (self.hysteresis_bps, self.confirm_of, self.confirm_seconds) != (FULL_BPS, 1, 0)


@dataclass(frozen=True, slots=True)
class WatchedContract:
    """Logs of one contract with this first topic (the event's signature hash, 0x and 64 hex)."""

    contract: Address
    topic: str


@dataclass(frozen=True, slots=True)
class EventRules:
    """T3. Each limit is off at 0.

    `price_move_bps` within `price_move_seconds`; realised volatility per year above
    `volatility_bps`, over `volatility_seconds` (DE-34); a pegged asset farther than `depeg_bps`
    from its peg (DE-36); a base fee that falls to `gas_below_wei`; a net in- or outflow of
    `flow_bps` of the tier's value within `flow_seconds`; an announced upgrade less than
    `upgrade_lead_seconds` away; a log of a watched contract."""

    price_move_bps: int = field(default=0, metadata=LATER)
    price_move_seconds: int = field(default=0, metadata=LATER)
    volatility_bps: int = field(default=0, metadata=LATER)
    volatility_seconds: int = field(default=0, metadata=LATER)
    depeg_bps: int = field(default=0, metadata=LATER)
    gas_below_wei: int = field(default=0, metadata=LATER)
    flow_bps: int = field(default=0, metadata=LATER)
    flow_seconds: int = field(default=0, metadata=LATER)
    upgrade_lead_seconds: int = field(default=0, metadata=LATER)
    logs: tuple[WatchedContract, ...] = field(default=(), metadata=LATER)

    def flow_since(self, now: int) -> int:
        """From this block time on what came in or went out counts."""
        return now - self.flow_seconds


@dataclass(frozen=True, slots=True)
class YieldRule:
    """DE-62. Fires when the net APY of another vault of the tier exceeds that of a held one by
    more than `spread_bps` (0: off), each APY over `window_seconds`, in `confirm_count` of the
    latest `confirm_of` observations, and the gain over `horizon_days` exceeds the cost of the
    move."""

    spread_bps: int = field(default=0, metadata=LATER)
    window_seconds: int = field(default=0, metadata=LATER)
    confirm_count: int = field(default=1, metadata=LATER)
    confirm_of: int = field(default=1, metadata=LATER)
    horizon_days: int = field(default=0, metadata=LATER)
