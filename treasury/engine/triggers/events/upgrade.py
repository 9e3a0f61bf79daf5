"""An announced upgrade of a protocol or network (T3, G10)."""

from __future__ import annotations

from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.engine.explanation import TIER, Rule, record, seconds_text
from treasury.engine.triggers.base import Look, Sight

KIND = "UPGRADE"


class ScheduledUpgrade:
    """Fires from `upgrade_lead_seconds` before the upgrade until it happens, unless a proposal was
    made within that time already."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.events.upgrade_lead_seconds > 0

    def look(self, sight: Sight) -> Look:
        lead = sight.rule.events.upgrade_lead_seconds
        proposed_at = sight.state.latest_proposal_at
        coming = sorted(
            (item for item in sight.observed.upgrades if item.at > sight.now),
            key=lambda item: (item.at, item.title),
        )
        records, due = [], None
        for item in coming:
            is_near = item.at - sight.now <= lead
            is_answered = proposed_at is not None and proposed_at >= item.at - lead
            if is_near and not is_answered and due is None:
                due = item
            records.append(
                record(
                    Rule.UPGRADE,
                    TIER,
                    "answered" if is_answered else "fired" if is_near else "not yet",
                    title=item.title,
                    in_time=seconds_text(item.at - sight.now),
                    lead=seconds_text(lead),
                )
            )
        if not records:
            records.append(record(Rule.UPGRADE, TIER, "none announced", lead=seconds_text(lead)))
        nearest = seconds_text(coming[0].at - sight.now) if coming else "none"
        reason = f"an upgrade is near: {due.title}" if due else "no upgrade is near"
        return Look(
            TriggerOutcome(due is not None, KIND, reason, nearest, seconds_text(lead)),
            tuple(records),
        )
