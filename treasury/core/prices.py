"""Price integrity (R5, DE-38..40): the median of fresh, agreeing sources, or no price with the
reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import exact, quantize_price, share_bps
from treasury.core.policies import PriceRules
from treasury.core.types import Address


@dataclass(frozen=True, slots=True)
class PriceReading:
    """One source's answer. `price_usd` is per whole token, None when the source failed (`error`
    says why). `observed_at` is the source's own time; stale beyond 1.2 x `heartbeat_seconds`.
    Sources with the same `upstream` count once. `at_bound`: the feed stands at its minimum or
    maximum answer."""

    source: str
    kind: str
    upstream: str
    on_chain: bool
    price_usd: Decimal | None
    observed_at: int
    heartbeat_seconds: int
    at_bound: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class RefusedReading:
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class PriceVerdict:
    """`price_usd` is None when there is no usable price; `reason` then says what is missing."""

    asset: Address
    price_usd: Decimal | None
    accepted: tuple[str, ...]
    refused: tuple[RefusedReading, ...]
    observed_at: int
    reason: str


STALE_NUMERATOR, STALE_DENOMINATOR = 6, 5
"""A source is stale beyond 6/5 = 1.2 heartbeats (DE-38), in integers."""


@exact
def consensus(
    *, asset: Address, readings: tuple[PriceReading, ...], rules: PriceRules, now: int
) -> PriceVerdict:
    """One price from many sources, or none and the reason (DE-38..40). `now` is the block's time.

    Refused in this order: no answer, not above 0, at the feed's bound, from the future, stale, a
    second reading of one upstream, further than `max_deviation_bps` from the median of the rest.
    With two sources both stand equally far from their median, so a disagreement refuses both: a
    liar cannot be named. The price is the median of the accepted, 18 decimals; `observed_at` the
    oldest of them. Not done: depeg (DE-36), sequencer uptime, weights of sources.
    """
    refused: list[RefusedReading] = []
    sound: list[tuple[PriceReading, Decimal]] = []
    for reading in sorted(readings, key=lambda item: item.source):
        reason = _unsound_reason(reading, now)
        if reason or reading.price_usd is None:
            refused.append(RefusedReading(reading.source, reason))
        else:
            sound.append((reading, reading.price_usd))
    single = _once_per_upstream(sound, refused)
    agreed = _agreeing(single, rules, refused)
    reason = _shortage(single, agreed, rules)
    price = quantize_price(_median([price for _, price in agreed])) if agreed else Decimal(0)
    if not reason and price == 0:
        reason = "price is below 18 decimals"
    return PriceVerdict(
        asset=asset,
        price_usd=None if reason else price,
        accepted=tuple(reading.source for reading, _ in agreed),
        refused=tuple(sorted(refused, key=lambda item: item.source)),
        observed_at=min((reading.observed_at for reading, _ in agreed), default=0),
        reason=reason,
    )


def _unsound_reason(reading: PriceReading, now: int) -> str:
    """Why one reading cannot be used by itself, "" when it can (DE-38, DE-40)."""
    age = now - reading.observed_at
    if reading.price_usd is None:
        return f"no answer: {reading.error or 'the source gave none'}"
    if not reading.price_usd.is_finite() or reading.price_usd <= 0:
        return f"price {reading.price_usd} is not above 0"
    if reading.at_bound:
        return "the feed stands at its minimum or maximum answer"
    if age < 0:
        return f"observed {-age} s after the block"
    if age * STALE_DENOMINATOR > reading.heartbeat_seconds * STALE_NUMERATOR:
        return f"stale: {age} s old, heartbeat {reading.heartbeat_seconds} s"
    return ""


def _once_per_upstream(
    sound: list[tuple[PriceReading, Decimal]], refused: list[RefusedReading]
) -> list[tuple[PriceReading, Decimal]]:
    """Keeps one reading per upstream, on-chain before off-chain, then the freshest: two feeds of
    one upstream are one opinion (DE-39). A source that names no upstream is its own."""
    kept: dict[str, PriceReading] = {}
    ranked = sorted(
        (reading for reading, _ in sound),
        key=lambda item: (not item.on_chain, -item.observed_at, item.source),
    )
    for reading in ranked:
        first = kept.setdefault(reading.upstream or f"source:{reading.source}", reading)
        if first is not reading:
            refused.append(
                RefusedReading(reading.source, f"same upstream as {first.source}, counted once")
            )
    return [(reading, price) for reading, price in sound if reading in kept.values()]


def _agreeing(
    single: list[tuple[PriceReading, Decimal]], rules: PriceRules, refused: list[RefusedReading]
) -> list[tuple[PriceReading, Decimal]]:
    """Those within `max_deviation_bps` of the median of all, exactly at the limit included."""
    if not single:
        return []
    middle = _median([price for _, price in single])
    agreed = []
    for reading, price in single:
        deviation = share_bps(part=abs(price - middle), whole=middle)
        if deviation > rules.max_deviation_bps:
            refused.append(
                RefusedReading(
                    reading.source,
                    f"{deviation:.2f} bps from the median, limit {rules.max_deviation_bps}",
                )
            )
        else:
            agreed.append((reading, price))
    return agreed


def _shortage(
    single: list[tuple[PriceReading, Decimal]],
    agreed: list[tuple[PriceReading, Decimal]],
    rules: PriceRules,
) -> str:
    """What is missing for a price, "" when nothing is."""
    on_chain = sum(1 for reading, _ in agreed if reading.on_chain)
    if len(agreed) < len(single) <= 2:
        return "two sources disagree, and neither can be named wrong"
    if len(agreed) == 1 and len(single) > 1:
        # The median of an odd number agrees with itself: alone among outliers it proves nothing.
        return f"{len(single)} sources, none agrees with another"
    if len(agreed) < rules.min_sources:
        return f"{len(agreed)} usable sources, {rules.min_sources} needed"
    if on_chain < rules.min_on_chain:
        return f"{on_chain} usable on-chain sources, {rules.min_on_chain} needed"
    return "" if agreed else "no usable source"


def _median(prices: list[Decimal]) -> Decimal:
    ordered = sorted(prices)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
