"""A pegged asset away from its peg (T3, DE-36)."""

from __future__ import annotations

from decimal import Decimal

from treasury.core.amounts import exact
from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.engine.explanation import TIER, Rule, bps_text, fraction_text, record, usd_text
from treasury.engine.triggers.base import Look, Sight

KIND = "DEPEG"


class Depeg:
    """|P/peg - 1| > limit. Says when to look, not what to do: whether a depegged asset may still be
    bought is a breaker's matter."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.events.depeg_bps > 0

    @exact
    def look(self, sight: Sight) -> Look:
        bps = sight.rule.events.depeg_bps
        limit = Decimal(bps) / 10_000
        records, worst = [], (Decimal(0), "")
        for peg in sight.observed.pegs:
            price = sight.price(peg.asset)
            if price is None:
                continue
            away = abs(price / peg.price_usd - 1)
            worst = max(worst, (away, sight.name(peg.asset)))
            records.append(
                record(
                    Rule.DEPEG,
                    peg.asset,
                    "fired" if away > limit else "inside",
                    price=usd_text(price),
                    peg=usd_text(peg.price_usd),
                    distance=fraction_text(away),
                    limit=bps_text(bps),
                )
            )
        fired = worst[0] > limit
        reason = f"{worst[1]} has left its peg" if fired else "every pegged asset is at its peg"
        if not records:
            reason = "no asset of the tier has a peg"
            records.append(record(Rule.DEPEG, TIER, "no observation"))
        return Look(
            TriggerOutcome(fired, KIND, reason, fraction_text(worst[0]), bps_text(bps)),
            tuple(records),
        )
