"""A log of a watched contract (T3)."""

from __future__ import annotations

from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.engine.explanation import TIER, Rule, record
from treasury.engine.triggers.base import Look, Sight

KIND = "CONTRACT_LOG"
RECORDS_MAX = 20


class ContractLog:
    """Fires for the logs that no evaluation has answered yet; who stores the decision marks them
    as answered, in the same transaction. While a cool-down or a halt forbids, they wait."""

    def is_on(self, rule: TriggerRule) -> bool:
        return bool(rule.events.logs)

    def look(self, sight: Sight) -> Look:
        watched = {(each.contract, each.topic) for each in sight.rule.events.logs}
        logs = tuple(log for log in sight.observed.logs if (log.contract, log.topic) in watched)
        reason = "a watched contract spoke" if logs else "no watched contract spoke"
        records = tuple(
            record(
                Rule.CONTRACT_LOG,
                log.contract,
                "fired",
                topic=log.topic,
                transaction=log.tx_hash,
                block=str(log.block_number),
                block_hash=log.block_hash,
            )
            for log in logs[:RECORDS_MAX]
        )
        quiet = record(Rule.CONTRACT_LOG, TIER, "none", watched=str(len(watched)))
        more = record(Rule.CONTRACT_LOG, TIER, "and more", logs=str(len(logs)))
        records = records[: len(logs)] or (quiet,)
        if len(logs) > RECORDS_MAX:
            records = (*records, more)
        return Look(TriggerOutcome(bool(logs), KIND, reason, f"{len(logs)} logs", "1 log"), records)
