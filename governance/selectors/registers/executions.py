"""Executions as their pages show them: intent beside chain truth, and the entry it became."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from execution.core.lifecycle import TransactionState
from execution.core.outcome.comparison import Comparison, Happened, Intended, compare
from execution.core.outcome.next_steps import NextSteps, next_steps
from execution.core.types import ExecutionPlan, Leg
from execution.selectors import executions as rows_of_execution
from execution.selectors.plans import plan_value
from execution.selectors.transactions import fills
from governance.core.following.progress import Step, Times, confirmations, steps
from governance.models import Proposal
from governance.selectors.registers.trail import AuditLine, trail_of
from treasury.core.types import Address
from treasury.selectors.journal import entries_of_transaction
from treasury.selectors.portfolio import assets

if TYPE_CHECKING:
    from execution.models import Attempt, Break, Fill, Transaction
    from treasury.models import Asset, JournalEntry

PAGE = 30
TABS = ("under-way", "all", "breaks")


@dataclass(frozen=True, slots=True)
class ExecutionLine:
    """One row. Costs are of its fills, USD; `seconds` from trigger to the books, block time."""

    row: Transaction
    proposal: Proposal | None
    estimated_usd: Decimal | None
    actual_usd: Decimal | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class ExecutionList:
    lines: tuple[ExecutionLine, ...]
    next_id: int | None


@dataclass(frozen=True, slots=True)
class LegLine:
    """`fill` and `found` are None while the leg has not happened."""

    leg: Leg
    sell: Asset
    buy: Asset
    safe: str
    fill: Fill | None
    found: Comparison | None


@dataclass(frozen=True, slots=True)
class BreakLine:
    """`difference` = actual - expected, signed base units; `decimals` of the asset, 0 without."""

    row: Break
    difference: int
    decimals: int
    symbol: str


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """All of one execution. `fee_wei` is what the gas cost, None until it is mined."""

    row: Transaction
    proposal: Proposal | None
    plan: ExecutionPlan
    steps: tuple[Step, ...]
    next: NextSteps
    confirmations: int | None
    legs: tuple[LegLine, ...]
    attempts: tuple[Attempt, ...]
    breaks: tuple[BreakLine, ...]
    entries: tuple[JournalEntry, ...]
    trail: tuple[AuditLine, ...]
    gas_estimated: int | None
    gas_estimated_usd: Decimal
    gas_actual_usd: Decimal | None
    fee_wei: int | None
    estimated_usd: Decimal
    actual_usd: Decimal | None
    seconds: int | None


def execution_list(
    *, treasury_ids: Iterable[int], tab: str, before: int | None = None
) -> ExecutionList:
    """Newest first; `before` is the `next_id` of the page before."""
    rows = rows_of_execution.executions(treasury_ids=treasury_ids)
    if tab == "under-way":
        rows = rows_of_execution.is_under_way(rows)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    proposals = _proposals(shown)
    costs = rows_of_execution.costs_by_execution(transaction_ids=[row.pk for row in shown])
    lines = []
    for row in shown:
        proposal = proposals.get(row.plan_id)
        estimated, actual = costs.get(row.pk, (None, None))
        lines.append(ExecutionLine(row, proposal, estimated, actual, _seconds(row, proposal)))
    return ExecutionList(tuple(lines), shown[-1].pk if len(found) > PAGE else None)


def break_lines(rows: Iterable[Break]) -> tuple[BreakLine, ...]:
    return tuple(
        BreakLine(
            row=row,
            difference=row.actual_units - row.expected_units,
            decimals=row.asset.decimals if row.asset else 0,
            symbol=row.asset.symbol if row.asset else "units",
        )
        for row in rows
    )


def execution_view(
    *, treasury_ids: Iterable[int], public_id: str, head: int | None, finality_depth: int
) -> ExecutionView | None:
    """`head` is the newest block's number, None when no node answers."""
    row = rows_of_execution.executions(treasury_ids=treasury_ids).filter(public_id=public_id)
    found = row.first()
    if found is None:
        return None
    plan, state = plan_value(found.plan), TransactionState(found.state)
    proposal = _proposals([found]).get(found.plan_id)
    done = {fill.leg_index: fill for fill in fills(transaction_id=found.pk)}
    treasury_id = found.plan.tier.treasury_id
    story = trail_of([found.public_id, *([proposal.public_id] if proposal else [])])
    times = Times(
        proposed_at=proposal.triggered_at if proposal else None,
        approved_at=_time_of(story, "transaction.started"),
        final_at=_time_of(story, "transaction.moved", to=TransactionState.FINAL),
        mined_at=found.mined_at,
        reconciled_at=found.reconciled_at,
        mined_block=found.mined_block_number,
        head=head,
        finality_depth=finality_depth,
    )
    return ExecutionView(
        row=found,
        proposal=proposal,
        plan=plan,
        steps=steps(state, times),
        next=next_steps(state),
        confirmations=confirmations(times),
        legs=_legs(plan, done, treasury_id),
        attempts=tuple(rows_of_execution.attempts(transaction_id=found.pk)),
        breaks=break_lines(
            rows_of_execution.breaks(treasury_ids=[treasury_id]).filter(transaction=found)
        ),
        entries=entries_of_transaction(treasury_id=treasury_id, tx_hash=found.mined_tx_hash),
        trail=story,
        gas_estimated=_simulated_gas(found.plan.simulation),
        gas_estimated_usd=sum((leg.cost.gas_usd for leg in plan.legs), Decimal(0)),
        gas_actual_usd=_total([fill.actual_gas_usd for fill in done.values()]),
        fee_wei=_fee(found),
        estimated_usd=sum((_estimate(leg) for leg in plan.legs), Decimal(0)),
        actual_usd=_total([fill.actual_cost_usd for fill in done.values()]),
        seconds=_seconds(found, proposal),
    )


def _legs(plan: ExecutionPlan, done: dict[int, Fill], treasury_id: int) -> tuple[LegLine, ...]:
    known = {Address(asset.address): asset for asset in assets(treasury_id)}
    lines = []
    for leg in plan.legs:
        fill = done.get(leg.index)
        found = None
        if fill is not None:
            intended = Intended(
                leg.sell_units, leg.expected_buy_units, leg.min_buy_units, _estimate(leg)
            )
            happened = Happened(fill.sell_units, fill.buy_units, fill.actual_cost_usd)
            found = compare(intended, happened)
        lines.append(LegLine(leg, known[leg.sell], known[leg.buy], leg.safe, fill, found))
    return tuple(lines)


def _time_of(story: Sequence[AuditLine], action: str, *, to: str = "") -> int | None:
    """Block time of the latest such event; `to` is the state that it led to."""
    found = [line for line in story if line.action == action and f'"{to}' in f'"{line.after}']
    return found[-1].block_timestamp if found else None


def _estimate(leg: Leg) -> Decimal:
    """The part of the estimate that a fill's actual cost answers: gas, venue fee, impact."""
    return leg.cost.gas_usd + leg.cost.fee_usd + leg.cost.impact_usd


def _proposals(rows: Sequence[Transaction]) -> dict[int, Proposal]:
    """Plan id -> the proposal that is, or was, executed by it."""
    found = Proposal.objects.filter(
        Q(plan_id__in=[row.plan_id for row in rows])
        | Q(transaction_id__in=[row.pk for row in rows])
    ).select_related("tier", "transaction")
    by_plan = {row.plan_id: row for row in found if row.plan_id is not None}
    by_plan |= {row.transaction.plan_id: row for row in found if row.transaction is not None}
    return by_plan


def _seconds(row: Transaction, proposal: Proposal | None) -> int | None:
    if proposal is None or row.reconciled_at is None:
        return None
    return row.reconciled_at - proposal.triggered_at


def _fee(row: Transaction) -> int | None:
    if row.gas_used is None or row.effective_gas_price_wei is None:
        return None
    return row.gas_used * row.effective_gas_price_wei


def _simulated_gas(simulation: dict[str, Any]) -> int | None:
    found = simulation.get("gas_used")
    return int(found) if found else None


def _total(amounts: Sequence[Decimal]) -> Decimal | None:
    return sum(amounts, Decimal(0)) if amounts else None
