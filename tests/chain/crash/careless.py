"""A worker that is wrong on purpose: it sends first and writes down afterwards what it has sent.

Everybody writes it this way once, and it works until a process is killed between the two lines:
then nobody knows that anything is on its way, and the restarted worker does it again.
"""

from __future__ import annotations

from django.db import transaction

from execution.adapters import ethereum
from execution.core.lifecycle import TransactionState
from execution.services.sending import store_attempt
from execution.services.submission import build_attempt
from governance.selectors.proposals import transaction_of
from governance.services.steps import driving
from governance.services.steps.step import Step
from tests.chain.crash.entry import app
from treasury.selectors.policies import revive_policy
from treasury.services.crash_points import passage

__all__ = ["app"]


def send_then_store(step: Step) -> None:
    policy = revive_policy(step.proposal.policy_version)
    signed = build_attempt(
        transaction_id=transaction_of(step.proposal).pk,
        block=step.block,
        rpc_url=step.rpc_url,
        max_fee_per_gas_wei=policy.max_fee_per_gas_wei,
        max_slippage_bps=policy.max_slippage_bps,
    )
    with ethereum.connect(step.rpc_url) as rpc:
        ethereum.send_raw(rpc, signed.raw)
    passage("broadcast.after")
    with transaction.atomic():
        store_attempt(transaction_id=signed.transaction_id, signed=signed, block=step.block)


driving.STEPS[TransactionState.EXEC_INTENT] = send_then_store
