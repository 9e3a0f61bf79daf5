"""Breakers of the ground that everything stands on: providers that tell different things, contracts
that are not what they were."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from treasury.core.canonical import digest
from treasury.engine.breakers.facts import ContractFact, TierFacts, TreasuryFacts
from treasury.engine.breakers.families.base import BreakerReading, Standing, unknown
from treasury.engine.breakers.ladder import Level

RPC_DISAGREEMENT = "RPC_DISAGREEMENT"
CODE_CHANGED = "CODE_CHANGED"


def read_rpc_disagreement(facts: TreasuryFacts) -> tuple[BreakerReading, ...]:
    """Another provider tells another hash, or other balances, of the same block. No silent
    majority: any difference counts. One that does not answer or has not got the block yet says
    nothing."""
    if not facts.witnesses:
        reason = "one provider: nothing to compare its answers with"
        return (_unheard(facts, reason),)
    return tuple(_witness_reading(facts, index) for index in range(len(facts.witnesses)))


def _witness_reading(facts: TreasuryFacts, index: int) -> BreakerReading:
    witness = facts.witnesses[index]
    if witness.problem:
        return _unheard(facts, f"{witness.name}: {witness.problem}")
    count = len(witness.differences)
    return BreakerReading(
        breaker=RPC_DISAGREEMENT,
        scope=facts.scope,
        standing=Standing.OVER if count else Standing.CLEAN,
        value=f"{count} differences",
        limit="0 differences",
        reset="0 differences",
        level=Level.MONITOR,
        reason=f"{witness.name}: {'; '.join(witness.differences[:3])}" if count else "",
        severity=Decimal(count),
    )


def _unheard(facts: TreasuryFacts, reason: str) -> BreakerReading:
    return unknown(
        key=RPC_DISAGREEMENT,
        level=Level.MONITOR,
        scope=facts.scope,
        limit="0 differences",
        reason=reason,
    )


def read_code_changed(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """Code, implementation or beacon of a token or venue contract is not as pinned, or it is
    paused. One reading for all: its value names exactly what was found, so that people accept that
    and nothing later. A pause they cannot accept: it trips again at the next look."""
    if not facts.rules.watch_code:
        return ()
    differing = [item for item in facts.contracts if item.differences or item.is_paused]
    reading = BreakerReading(
        breaker=CODE_CHANGED,
        scope=facts.scope,
        standing=Standing.OVER if differing else Standing.CLEAN,
        value=print_of(facts.contracts) or "as pinned",
        limit="as pinned",
        reset="as pinned",
        level=Level.MONITOR,
        reason="; ".join(map(_contract_words, differing)),
        severity=Decimal(len(differing)),
    )
    return (reading,)


def print_of(contracts: Iterable[ContractFact]) -> str:
    """How many contracts are not as pinned and a fingerprint of what was found, empty when all
    are."""
    differing = [
        [item.address, *item.differences, item.is_paused]
        for item in contracts
        if item.differences or item.is_paused
    ]
    return f"{len(differing)} not as pinned, {digest(differing)[:16]}" if differing else ""


def _contract_words(item: ContractFact) -> str:
    found = [*item.differences, *(["it is paused"] if item.is_paused else [])]
    return f"{item.name} {item.address}: {', '.join(found)}"
