"""Hysteresis and persistence: a band that is broken for a moment is not yet a reason (DE-7, DE-8).

A band that the policy's damping leaves alone is armed exactly when it is breached (DE-3), and
nothing is remembered of it. Observations that were gated or halted never come here, so stale
prices do not count.
"""

from __future__ import annotations

from treasury.core.amounts import BPS
from treasury.core.drift import AssetDrift
from treasury.core.triggering.observed import INSIDE, OVER, UNDER, Signal
from treasury.core.triggering.rules import FULL_BPS, DampingRule
from treasury.engine.triggers.base import Sight, Standing


def observe(sight: Sight) -> tuple[tuple[Signal, ...], tuple[Standing, ...]]:
    """The signals to remember (none without damping), and each band's standing."""
    damping, memory = sight.rule.damping, sight.state.memory
    if not damping.remembers:
        plain = tuple(Standing(item, item.breached, item.breached) for item in sight.drifts)
        return (), plain
    signals = tuple(
        next_signal(drift, memory.signal(drift.asset), damping, sight.now) for drift in sight.drifts
    )
    standings = tuple(
        Standing(drift, signal.armed, is_confirmed(signal, damping, sight.now))
        for drift, signal in zip(sight.drifts, signals, strict=True)
    )
    return signals, standings


def next_signal(drift: AssetDrift, before: Signal | None, damping: DampingRule, now: int) -> Signal:
    """DE-7: armed at |a| > b, disarmed at |a| < h b, as it was in between. On the other side of
    the target it has to be armed anew."""
    side = OVER if drift.absolute > 0 else UNDER
    was_armed = before is not None and before.side == side
    inner = drift.half_width * damping.hysteresis_bps / BPS
    is_between = damping.hysteresis_bps < FULL_BPS and abs(drift.absolute) >= inner > 0
    armed = drift.breached or (was_armed and is_between)
    began = before.since if before is not None and was_armed else None
    now_is = side if armed else INSIDE
    letters = (before.recent if before is not None else "") + now_is
    return Signal(
        subject=drift.asset,
        side=now_is,
        since=(now if began is None else began) if armed else None,
        recent=letters[-damping.confirm_of :],
    )


def is_confirmed(signal: Signal, damping: DampingRule, now: int) -> bool:
    """DE-8: armed on this side in `confirm_count` of the latest `confirm_of` observations, and for
    `confirm_seconds`."""
    if signal.since is None:
        return False
    held_for = now - signal.since
    enough = signal.recent.count(signal.side) >= damping.confirm_count
    return enough and held_for >= damping.confirm_seconds
