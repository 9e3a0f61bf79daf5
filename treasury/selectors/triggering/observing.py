"""What a tier's triggers may look at, as far as its policy asks for it."""

from __future__ import annotations

import json

from treasury.core.policies import TriggerRule
from treasury.core.revival import revive
from treasury.core.triggering.observed import (
    UNREMEMBERED,
    Observed,
    TriggerMemory,
)
from treasury.models import Decision
from treasury.selectors.triggering import history
from treasury.selectors.triggering.logs import seen_log, waiting_rows


def observed_by_treasury(
    *, tier_id: int, rule: TriggerRule, now: int, block_number: int, answered_at: int | None
) -> Observed:
    """Everything but moves, proposals and upgrades, which the packages above know. `answered_at`:
    the latest proposal, before which a flow does not count again. No query for a rule that is
    off."""
    events, yields = rule.events, rule.yields
    windows = {
        seconds
        for bps, seconds in (
            (events.price_move_bps, events.price_move_seconds),
            (events.volatility_bps, events.volatility_seconds),
        )
        if bps
    }
    logs = waiting_rows(tier_id=tier_id, watched=events.logs, until=block_number)
    return Observed(
        prices=history.price_series(tier_id=tier_id, windows=windows, until=now) if windows else (),
        rates=history.rate_series(
            tier_id=tier_id, window=yields.window_seconds, count=yields.confirm_of, until=now
        )
        if yields.spread_bps
        else (),
        pegs=history.pegs(tier_id=tier_id) if events.depeg_bps else (),
        base_fee_before_wei=history.base_fee_before(tier_id=tier_id, before=now)
        if events.gas_below_wei
        else None,
        earlier=history.earlier_holdings(
            tier_id=tier_id, since=max(events.flow_since(now), answered_at or 0), before=now
        )
        if events.flow_bps
        else None,
        logs=tuple(seen_log(row) for row in logs),
    )


def latest_memory(*, tier_id: int, before: int) -> TriggerMemory:
    """What the tier's latest evaluation before this block time left behind."""
    result = (
        Decision.objects.filter(tier_id=tier_id, snapshot__block_timestamp__lt=before)
        .order_by("-snapshot__block_timestamp", "-id")
        .values_list("result", flat=True)
        .first()
    )
    found = json.loads(result).get("memory") if result else None
    return revive(TriggerMemory, found) if found else UNREMEMBERED
