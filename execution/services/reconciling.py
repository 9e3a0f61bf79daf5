"""Chain against intent, leg by leg, and into the books, in one database transaction.

Called at FINAL. The verdict comes from events, not from the receipt's status alone; what was
executed is booked as it happened, also when it differs from the intent: differences are Breaks,
never corrections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from execution.adapters import ethereum
from execution.adapters.venues.registry import VENUES
from execution.core.lifecycle import TransactionState
from execution.core.reconciliation import (
    Mismatch,
    MismatchKind,
    Verdict,
    changes_of,
    compare_balances,
    compare_changes,
    compare_fills,
    compare_lots,
    compare_nested,
    said_by_safe,
    transfer_changes,
    verdict,
)
from execution.core.types import ExecutionPlan, FillFact, Leg, Receipt
from execution.models import (
    Break,
    BreakStatus,
    Fill,
    SafeTransaction,
    SafeTransactionStatus,
    Transaction,
)
from execution.selectors.plans import decision_inputs, plan_value
from execution.selectors.transactions import transaction_by_id
from execution.selectors.treasuries import TreasuryView, treasury_view
from execution.services import booking
from execution.services.booking import Facts, LotPools
from execution.services.sending import MoveLostError, move
from execution.services.simulating import left_approvals
from treasury.adapters.rpc import Rpc
from treasury.core.amounts import quantize_usd
from treasury.core.types import NATIVE, Actor, Address, BlockRef
from treasury.selectors.prices import price_map
from treasury.services.crash_points import passage
from treasury.services.ledger import lock_books, post_entries
from treasury.services.prices import observe_prices
from treasury.services.record import emit_event, record_audit

S = TransactionState


class NotReadyError(RuntimeError):
    """The transaction is not FINAL, or its receipt has gone: track it first."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the chain says, read before anything is written."""

    receipt: Receipt
    verdict: Verdict
    fills: dict[int, FillFact]
    mismatches: tuple[Mismatch, ...]


def reconcile(
    *,
    transaction_id: int,
    block: BlockRef,
    rpc_url: str,
    actor: Actor,
    proposal_ref: str = "",
) -> TransactionState:
    """FINAL -> RECONCILED or FAILED_ONCHAIN. A state that is past this comes back unchanged."""
    row = transaction_by_id(transaction_id)
    state = S(row.state)
    if state in (S.RECONCILED, S.FAILED_ONCHAIN):
        return state
    if state is not S.FINAL:
        raise NotReadyError(f"the transaction is {state}")
    plan, view = plan_value(row.plan), treasury_view(row.plan.tier)
    with ethereum.connect(rpc_url) as rpc:
        found = _look(rpc, row, plan, view)
    observe_prices(treasury_id=view.id, block=found.receipt.block, rpc_url=rpc_url)
    facts = _facts(row, plan, view, found)
    passage("reconcile.before")
    with transaction.atomic():
        reached = _settle(row, facts, found, actor, block, proposal_ref)
    passage("reconcile.after")
    return reached


# ------------------------------------------------------------------------------------ looking
def _look(rpc: Rpc, row: Transaction, plan: ExecutionPlan, view: TreasuryView) -> Found:
    receipts = ethereum.receipts(rpc, [row.mined_tx_hash])
    if not receipts or receipts[0].block.hash != row.mined_block_hash:
        raise NotReadyError("its receipt is not where it was mined: track it first")
    (receipt,) = receipts
    signed = row.safe_transaction
    if signed is not None and signed.rejects_id is not None:
        said = said_by_safe(receipt, Address(signed.safe.address), signed.safe_tx_hash)
        return Found(receipt, said, {}, _compare_balances(rpc, receipt, view))
    signed_hash = signed.safe_tx_hash if signed else None
    judged = verdict(plan, receipt, safe_tx_hash=signed_hash)
    if not judged.executed:
        return Found(receipt, judged, {}, ())
    fills = _fills(plan.legs, receipt)
    changes = transfer_changes(receipt.logs, view.own_safes)
    mismatches = (
        *compare_fills(plan.legs, fills),
        *compare_changes(plan.legs, changes),
        *_compare_balances(rpc, receipt, view),
        *_left_over(rpc, plan, receipt.block),
        *_compare_nested(row, plan, receipt),
    )
    return Found(receipt, judged, fills, mismatches)


def _fills(legs: Sequence[Leg], receipt: Receipt) -> dict[int, FillFact]:
    """Legs run in order, so each one's event stands behind that of the leg before."""
    found: dict[int, FillFact] = {}
    after = -1
    for leg in legs:
        logs = [log for log in receipt.logs if log.index > after]
        fill = VENUES[leg.venue].fill(leg, logs)
        if fill is not None:
            found[leg.index] = fill
            after = fill.log_index
    return found


def _compare_balances(rpc: Rpc, receipt: Receipt, view: TreasuryView) -> tuple[Mismatch, ...]:
    """All our token balances around the block against all Transfer events in it."""
    watched = [position for position in view.positions() if position[1] != NATIVE]
    before = ethereum.balances(rpc, watched, ethereum.block_at(rpc, receipt.block.number - 1))
    after = ethereum.balances(rpc, watched, receipt.block)
    seen = changes_of({position: after[position] - before[position] for position in watched})
    logs = ethereum.transfers_in_block(rpc, receipt.block.hash, sorted(view.own_safes))
    told = transfer_changes(logs, view.own_safes)
    known = [change for change in told if change.asset in view.assets]
    return compare_balances(known, seen)


def _left_over(rpc: Rpc, plan: ExecutionPlan, block: BlockRef) -> tuple[Mismatch, ...]:
    approvals = left_approvals(plan.legs)
    reads = [ethereum.allowance_read(*approval) for approval in approvals]
    answers = ethereum.read_all(rpc, reads, block) if reads else []
    return tuple(
        Mismatch(
            MismatchKind.ALLOWANCE, owner, token, 0, int(answer[0]), f"still approved to {spender}"
        )
        for (token, owner, spender), answer in zip(approvals, answers, strict=True)
        if answer[0]
    )


def _compare_nested(
    row: Transaction, plan: ExecutionPlan, receipt: Receipt
) -> tuple[Mismatch, ...]:
    nested = SafeTransaction.objects.filter(parent=row.safe_transaction, parent__isnull=False)
    return tuple(
        mismatch for item in nested for mismatch in compare_nested(plan, receipt, item.safe_tx_hash)
    )


def _facts(row: Transaction, plan: ExecutionPlan, view: TreasuryView, found: Found) -> Facts:
    """Prices of the block; where it has none, the latest one known before it."""
    inputs, receipt = decision_inputs(row.plan.decision), found.receipt
    prices = price_map(treasury_id=view.id, block_hash=receipt.block.hash)
    for address, asset in view.assets.items():
        if address not in prices:
            known = asset.prices.filter(
                price_usd__isnull=False, block_timestamp__lte=receipt.block.timestamp
            )
            latest = known.order_by("-block_timestamp").first()
            if latest is not None and latest.price_usd is not None:
                prices[address] = latest.price_usd
    return Facts(view, inputs, plan, receipt, found.fills, prices)


# ------------------------------------------------------------------------------------ writing
def _settle(
    row: Transaction, facts: Facts, found: Found, actor: Actor, block: BlockRef, proposal_ref: str
) -> TransactionState:
    lock_books(treasury_id=facts.view.id)
    executed = found.verdict.executed
    reached = S.RECONCILED if executed else S.FAILED_ONCHAIN
    current = S(Transaction.objects.select_for_update().get(id=row.id).state)
    if current is not S.FINAL:
        raise MoveLostError(f"transaction {row.id} is {current}")
    move(
        row.id,
        S.FINAL,
        reached,
        state_reason=found.verdict.reason[:300],
        reconciled_at=block.timestamp,
    )
    _store_fills(row, facts)
    if row.safe_transaction is not None:
        _settle_slots(row.safe_transaction, found)
    pools = LotPools(facts)
    drafts = booking.leg_entries(facts, pools) + booking.gas_entry(
        facts, pools, failed=not executed
    )
    found = replace(found, mismatches=(*found.mismatches, *compare_lots(pools.gone)))
    _store_breaks(row, facts.view, found, block)
    post_entries(
        treasury_id=facts.view.id,
        drafts=drafts,
        proposal_ref=proposal_ref,
        safe_tx_hash=row.safe_transaction.safe_tx_hash if row.safe_transaction else "",
        actor=actor,
        block=block,
    )
    _record(row, facts.view, found, reached, actor, block)
    return reached


def _settle_slots(signed: SafeTransaction, found: Found) -> None:
    """EXECUTED with what is nested in it. What waited at the same nonce beside it (a rejection, or
    what is rejected) can never be executed any more: DEAD. ExecutionFailure burns the nonce, so
    there all of them are dead."""
    active = SafeTransaction.objects.filter(
        plan_id=signed.plan_id, status=SafeTransactionStatus.ACTIVE
    )
    if found.verdict.executed:
        own = Q(pk=signed.pk) | Q(parent=signed)
        active.filter(own).update(status=SafeTransactionStatus.EXECUTED)
    if found.verdict.executed or "nonce is burnt" in found.verdict.reason:
        active.update(status=SafeTransactionStatus.DEAD)


def _store_fills(row: Transaction, facts: Facts) -> None:
    legs = [leg for leg in facts.plan.legs if leg.index in facts.fills]
    gas = booking.gas_usd(facts)
    total = sum((leg.value_usd for leg in legs), Decimal(0))
    Fill.objects.bulk_create(_fill(row, facts, leg, _share(gas, leg, total)) for leg in legs)


def _share(gas_usd: Decimal, leg: Leg, total: Decimal) -> Decimal:
    """Gas of a batch is split by value."""
    return quantize_usd(gas_usd * leg.value_usd / total) if total else Decimal(0)


def _fill(row: Transaction, facts: Facts, leg: Leg, gas_usd: Decimal) -> Fill:
    fact, view = facts.fills[leg.index], facts.view
    given = booking.valued(facts, leg.sell, fact.sell_units).fair_value_usd
    received = booking.valued(facts, leg.buy, fact.buy_units).fair_value_usd
    return Fill(
        transaction=row,
        leg_index=leg.index,
        venue=leg.venue,
        kind=leg.kind.value,
        safe_id=view.safes[leg.safe].id,
        sell_id=view.assets[leg.sell].id,
        buy_id=view.assets[leg.buy].id,
        sell_units=fact.sell_units,
        buy_units=fact.buy_units,
        tx_hash=facts.receipt.tx_hash,
        block_hash=facts.receipt.block.hash,
        log_index=fact.log_index,
        estimated_cost_usd=quantize_usd(leg.cost.gas_usd + leg.cost.fee_usd + leg.cost.impact_usd),
        actual_cost_usd=quantize_usd(given - received + gas_usd),
        actual_gas_usd=gas_usd,
    )


def _store_breaks(row: Transaction, view: TreasuryView, found: Found, block: BlockRef) -> None:
    for mismatch in found.mismatches:
        asset = None if mismatch.asset is None else view.assets.get(mismatch.asset)
        foreign = mismatch.asset is not None and asset is None
        reason = f"{mismatch.asset}: {mismatch.reason}" if foreign else mismatch.reason
        Break.objects.get_or_create(
            treasury_id=view.id,
            kind=mismatch.kind.value,
            holder=mismatch.safe,
            asset=asset,
            status=BreakStatus.OPEN,
            defaults={
                "transaction": row,
                "expected_units": mismatch.expected_units,
                "actual_units": mismatch.actual_units,
                "block_number": block.number,
                "reason": reason[:300],
            },
        )


def _record(
    row: Transaction,
    view: TreasuryView,
    found: Found,
    reached: TransactionState,
    actor: Actor,
    block: BlockRef,
) -> None:
    emit_event(
        treasury_id=view.id,
        kind=f"execution.{reached.value.lower()}",
        payload={
            "transaction": row.public_id,
            "tx_hash": found.receipt.tx_hash,
            "breaks": len(found.mismatches),
            "reason": found.verdict.reason,
        },
    )
    record_audit(
        actor=actor,
        action=f"transaction.{reached.value.lower()}",
        object_type="transaction",
        object_id=row.public_id,
        block=block,
        after={"tx_hash": found.receipt.tx_hash, "breaks": len(found.mismatches)},
        reason=found.verdict.reason,
    )
