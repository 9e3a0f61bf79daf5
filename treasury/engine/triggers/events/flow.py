"""Money that came in or went out (T3)."""

from __future__ import annotations

from decimal import Decimal

from treasury.core.amounts import exact, value_usd
from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.engine.explanation import TIER, Rule, bps_text, fraction_text, record, usd_text
from treasury.engine.triggers.base import Look, Sight

KIND = "FLOW"


class Flow:
    """What the tier holds now less what it held then, both at the prices of now: price moves cancel
    and so does a swap but for its cost. As a share of what was held; fires at the limit. An inflow
    into an empty tier is more than any limit."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.events.flow_bps > 0

    @exact
    def look(self, sight: Sight) -> Look:
        bps, earlier = sight.rule.events.flow_bps, sight.observed.earlier
        if earlier is None:
            outcome = TriggerOutcome(False, KIND, "no earlier holdings", "0 bps", bps_text(bps))
            return Look(outcome, (record(Rule.FLOW, TIER, "no observation"),))
        held = {item.asset: item.units for item in earlier.units}
        then = sum(
            (
                value_usd(
                    units=held.get(item.asset, 0), decimals=item.decimals, price_usd=item.price_usd
                )
                for item in sight.holdings
            ),
            Decimal(0),
        )
        flow = sum((item.value_usd for item in sight.holdings), Decimal(0)) - then
        share = flow / then if then else Decimal(flow > 0)
        fired = flow != 0 and (not then or abs(share) * 10_000 >= bps)
        direction = "came in" if flow > 0 else "went out"
        reason = f"{usd_text(abs(flow))} {direction}" if fired else "no flow large enough"
        return Look(
            TriggerOutcome(fired, KIND, reason, fraction_text(abs(share)), bps_text(bps)),
            (
                record(
                    Rule.FLOW,
                    TIER,
                    "fired" if fired else "inside",
                    flow=usd_text(flow),
                    held_before=usd_text(then),
                    share=fraction_text(share),
                    limit=bps_text(bps),
                    since=f"at {earlier.at}",
                ),
            ),
        )
