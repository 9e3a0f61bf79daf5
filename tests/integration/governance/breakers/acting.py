"""What the tests of breakers do with the stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from governance.models import BreakerState, Halt, Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.halts import close
from governance.services.process import advance
from tests.integration.governance.conftest import FINALITY, Stage
from treasury.adapters.rpc import Rpc
from treasury.core.types import Actor, ActorKind
from treasury.selectors.policies import policy_in_force

ACTOR = Actor(ActorKind.SYSTEM, "test")


def with_rules(stage: Stage, tier: str, **rules: Any) -> None:
    """The tier's policy with other halt rules, in force now."""
    _, policy = policy_in_force(tier_id=stage.tier_id(tier), now=stage.head().timestamp)
    stage.seeded.publish(tier, replace(policy, halts=replace(policy.halts, **rules)))


def step(stage: Stage, proposal: Proposal) -> Proposal:
    advance(proposal_id=proposal.pk, block=stage.head(), rpc_url=stage.url, finality_depth=FINALITY)
    return proposal_by_id(proposal.pk)


def signed(stage: Stage, tier: str = "yield") -> Proposal:
    """Authorised, signed and stored; not sent."""
    proposal = stage.propose(tier)
    for _ in range(6):
        proposal = step(stage, proposal)
        if proposal.transaction and proposal.transaction.state == "SIGNED_RAW":
            return proposal
    raise AssertionError(f"{proposal.state}: {proposal.state_reason}")


def executor_nonce(stage: Stage) -> int:
    with Rpc(stage.url) as rpc:
        return int(
            rpc.call("eth_getTransactionCount", stage.seeded.treasury.executor_address, "latest"),
            16,
        )


def state_of(stage: Stage, breaker: str, tier: str | None = "yield") -> BreakerState:
    rows = BreakerState.objects.filter(breaker=breaker)
    if tier is None:
        return rows.get(scope__tier=None)
    return rows.get(scope__tier_id=stage.tier_id(tier))


def open_halt(breaker: str) -> Halt:
    return Halt.objects.get(breaker=breaker, closed_at=None)


def ask_to_end(stage: Stage, halt: Halt, name: str) -> Halt:
    return close(
        halt_id=halt.pk,
        user=stage.people[name],
        reason="looked at",
        actor=ACTOR,
        block=stage.head(),
    )
