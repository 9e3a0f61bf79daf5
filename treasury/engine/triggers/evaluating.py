"""All triggers of a policy at one block, and what stands above them: a forced reason, the
cool-down, the daily number of proposals (T5, T6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from treasury.core.amounts import exact
from treasury.core.decisions import RuleRecord, TriggerOutcome
from treasury.core.triggering.observed import TriggerMemory
from treasury.core.types import Address
from treasury.engine.explanation import TIER, Rule, record
from treasury.engine.triggers.bands.signals import observe
from treasury.engine.triggers.base import Look, Sight
from treasury.engine.triggers.registry import TRIGGERS
from treasury.engine.triggers.restraints import cooldown, daily_limit, held_back, held_directions
from treasury.engine.triggers.schedule.full_reset import KIND as FULL_RESET


@dataclass(frozen=True, slots=True)
class Evaluated:
    """For whoever sizes the trades: `armed` assets count as outside their bands until they are
    disarmed, and `held` (asset, whether selling) may not be traded in that direction."""

    outcome: TriggerOutcome
    records: tuple[RuleRecord, ...]
    memory: TriggerMemory
    armed: frozenset[Address] = frozenset()
    held: tuple[tuple[Address, bool], ...] = ()


@exact
def evaluate_trigger(sight: Sight, *, forced_reason: str | None = None) -> Evaluated:
    """Whether the tier should act, why, and one record per rule looked at.

    Order: a forced reason fires at once; then cool-down and daily limit forbid; then the first of
    the policy's triggers that fires gives the reason. All of them are recorded, so a reader sees
    how near the others were. Observations are remembered in each case.
    """
    signals, standings = observe(sight)
    standings = tuple(held_back(sight, item) for item in standings)
    sight = replace(sight, standings=standings)
    memory = replace(sight.state.memory, signals=signals)
    armed = frozenset(item.drift.asset for item in standings if item.armed)
    if forced_reason is not None:
        outcome = TriggerOutcome(True, "FORCED", forced_reason, value="", limit="")
        told = (record(Rule.FORCED, TIER, "fired", reason=forced_reason),)
        return Evaluated(outcome, told, memory, armed)
    forbidding = [cooldown(sight), *daily_limit(sight)]
    looks = [trigger.look(sight) for trigger in TRIGGERS.values() if trigger.is_on(sight.rule)]
    records = tuple(item for _, items in forbidding for item in items)
    records += tuple(item for look in looks for item in look.records)
    forbidden = next((outcome for outcome, _ in forbidding if outcome is not None), None)
    outcome = forbidden or _first(looks)
    held = () if outcome.kind == FULL_RESET else held_directions(sight)
    return Evaluated(outcome, records, memory, armed, held)


def _first(looks: list[Look]) -> TriggerOutcome:
    """The first that fired; otherwise the first of all says how far it was from firing. The full
    reset speaks last then: it is a year away most of the time."""
    fired = next((look.outcome for look in looks if look.outcome.fired), None)
    kept = [look.outcome for look in looks if look.outcome.kind != FULL_RESET]
    return fired or kept[0]
