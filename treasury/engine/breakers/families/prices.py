"""Breakers of prices: none that can be used, sources that disagree, a peg that does not hold
(DE-36, DE-38..40)."""

from __future__ import annotations

from decimal import Decimal

from treasury.core.amounts import BPS, exact, share_bps
from treasury.core.prices import PriceVerdict
from treasury.engine.breakers.facts import PegSamples, TierFacts
from treasury.engine.breakers.families.base import (
    BreakerReading,
    Standing,
    bps_words,
    measured,
    standing_of,
    unknown,
    unpriced,
)
from treasury.engine.breakers.ladder import Level
from treasury.engine.explanation import bps_text

NO_PRICE = "NO_PRICE"
SOURCE_DISAGREEMENT = "SOURCE_DISAGREEMENT"
DEPEG = "DEPEG"


def no_price(*, scope: str, verdict: PriceVerdict) -> BreakerReading:
    """DE-38..40: no usable price, whatever the reason (stale, too few sources, disagreement)."""
    missing = verdict.price_usd is None
    return BreakerReading(
        breaker=NO_PRICE,
        scope=scope,
        standing=Standing.OVER if missing else Standing.CLEAN,
        value=f"{len(verdict.accepted)} usable sources",
        limit="a price",
        reset="a price",
        level=Level.MANUAL_PRICES,
        reason=f"{verdict.asset}: {verdict.reason or 'no price'}" if missing else "",
        severity=Decimal(int(missing)),
    )


def read_no_price(facts: TierFacts) -> tuple[BreakerReading, ...]:
    if facts.gaps:
        return tuple(
            no_price(
                scope=facts.scope,
                verdict=PriceVerdict(gap.asset, None, (), (), 0, gap.reason),
            )
            for gap in facts.gaps
        )
    clean = BreakerReading(
        breaker=NO_PRICE,
        scope=facts.scope,
        standing=Standing.CLEAN,
        value="every asset has a price",
        limit="a price",
        reset="a price",
        level=Level.MANUAL_PRICES,
        reason="",
    )
    return (clean,)


@exact
def source_disagreement(
    *,
    scope: str,
    asset: str,
    prices_usd: tuple[Decimal, ...],
    max_deviation_bps: int,
    reset_bps: int = 8_000,
) -> BreakerReading:
    """DE-39: the widest distance of a fresh source from the median of all. It trips also while the
    majority still gives a price: a liar among the sources is worth a look. At the limit is
    inside."""
    ordered = sorted(prices_usd)
    count = len(ordered)
    widest = Decimal(0)
    if ordered:
        middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
        widest = max(share_bps(part=abs(price - middle), whole=middle) for price in ordered)
    return measured(
        key=SOURCE_DISAGREEMENT,
        level=Level.MANUAL_PRICES,
        scope=scope,
        value=widest,
        limit=Decimal(max_deviation_bps),
        reset_bps=reset_bps,
        show=bps_words,
        reason=f"{asset}: sources disagree",
    )


def read_source_disagreement(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """Assets with one source have nothing to disagree with and give no reading. One without a price
    is not known to agree: sources that disagreed and then fell silent did not come to agree."""
    limit = bps_text(facts.max_deviation_bps)
    silent = unpriced(facts, SOURCE_DISAGREEMENT, Level.MANUAL_PRICES, limit)
    told = tuple(
        source_disagreement(
            scope=facts.scope,
            asset=asset,
            prices_usd=prices,
            max_deviation_bps=facts.max_deviation_bps,
            reset_bps=facts.rules.reset_bps,
        )
        for asset, prices in facts.answers
    )
    return (*told, silent) if facts.gaps else told


def read_depeg(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """DE-36, for every asset that promises a peg; its reset level is the warning's."""
    if facts.rules.depeg_bps == 0:
        return ()
    return tuple(depeg(facts=facts, samples=item) for item in facts.pegs)


@exact
def depeg(*, facts: TierFacts, samples: PegSamples) -> BreakerReading:
    """|price / peg - 1|. Over only when each of the latest `depeg_samples` is: one odd block halts
    nothing, so the smallest distance of them is compared with the limit, the newest with the reset
    level. The peg's own value is never assumed."""
    rules, needed = facts.rules, facts.rules.depeg_samples
    limit, warning = Decimal(rules.depeg_bps), Decimal(rules.depeg_warn_bps)
    if samples.peg_usd is None:
        why = f"{samples.symbol}: nobody here knows what {samples.peg} is worth in USD"
        return _no_peg(facts, limit, why)
    if len(samples.prices_usd) < needed:
        why = f"{samples.symbol}: {len(samples.prices_usd)} of {needed} prices"
        return _no_peg(facts, limit, why)
    peg_usd = samples.peg_usd
    distances = [abs(price / peg_usd - 1) * BPS for price in samples.prices_usd[:needed]]
    newest, least = distances[0], min(distances)
    standing = standing_of(value=newest, limit=limit, reset=warning)
    if standing is Standing.OVER and least <= limit:
        standing = Standing.BETWEEN  # not yet in every sample
    return BreakerReading(
        breaker=DEPEG,
        scope=facts.scope,
        standing=standing,
        value=bps_words(newest),
        limit=f"{bps_text(limit)} in {needed} samples",
        reset=bps_text(warning),
        level=Level.MONITOR,
        reason=""
        if standing is Standing.CLEAN
        else f"{samples.symbol} is {bps_words(newest)} from its peg of {peg_usd} USD",
        severity=newest / limit,
    )


def _no_peg(facts: TierFacts, limit: Decimal, reason: str) -> BreakerReading:
    return unknown(
        key=DEPEG, level=Level.MONITOR, scope=facts.scope, limit=bps_text(limit), reason=reason
    )
