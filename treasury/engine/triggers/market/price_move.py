"""A price that moved far within a window (T3, DE-37)."""

from __future__ import annotations

from decimal import Decimal

from treasury.core.amounts import exact
from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.engine.explanation import TIER, Rule, bps_text, fraction_text, record, seconds_text
from treasury.engine.triggers.base import Look, Sight, since

KIND = "PRICE_MOVE"


class PriceMove:
    """Compares the price now with every price of the window and takes the largest |P/P' - 1|, so
    that a fall and half a recovery still is a move. A move that a proposal already answered does
    not count again: the window begins at the latest proposal at the earliest."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.events.price_move_bps > 0

    @exact
    def look(self, sight: Sight) -> Look:
        events = sight.rule.events
        begin = max(sight.now - events.price_move_seconds, sight.state.latest_proposal_at or 0)
        limit = Decimal(events.price_move_bps) / 10_000
        records, worst = [], (Decimal(0), "")
        for series in sight.observed.prices:
            price = sight.price(series.asset)
            points = since(series, begin).points
            if price is None or not points:
                continue
            base = max(points, key=lambda point: (abs(price / point.value - 1), -point.at))
            move = price / base.value - 1
            worst = max(worst, (abs(move), sight.name(series.asset)))
            records.append(
                record(
                    Rule.PRICE_MOVE,
                    series.asset,
                    "fired" if abs(move) > limit else "inside",
                    move=fraction_text(move),
                    limit=bps_text(events.price_move_bps),
                    since=f"at {base.at}",
                    window=seconds_text(events.price_move_seconds),
                )
            )
        fired = worst[0] > limit
        reason = f"the price of {worst[1]} moved" if fired else "no price moved far enough"
        if not records:
            reason = "no earlier price in the window"
            records.append(record(Rule.PRICE_MOVE, TIER, "no observation"))
        return Look(
            TriggerOutcome(
                fired, KIND, reason, fraction_text(worst[0]), bps_text(events.price_move_bps)
            ),
            tuple(records),
        )
