"""Reads about executions for the packages above: turnover, failures in a row, fills,
calibration."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value

from execution.core.calibration import CostSample
from execution.core.lifecycle import TransactionState
from execution.models import (
    Attempt,
    Break,
    BreakStatus,
    Confirmation,
    Fill,
    MemberConfirmation,
    SafeTransaction,
    SafeTransactionStatus,
    Transaction,
)
from execution.selectors.plans import plan_value
from treasury.core.types import Address
from treasury.engine.breakers.facts import Spend

STREAK_MAX = 100
"""A streak is not counted further."""
ON_THE_WAY = sorted(
    {
        TransactionState.BROADCAST,
        TransactionState.UNKNOWN,
        TransactionState.MINED,
        TransactionState.FINAL,
    }
)


def transaction_by_id(transaction_id: int) -> Transaction:
    return Transaction.objects.select_related(
        "plan__tier__treasury", "plan__tier__safe", "plan__decision", "safe_transaction__safe"
    ).get(id=transaction_id)


def safe_transaction_by_id(safe_transaction_id: int) -> SafeTransaction:
    return SafeTransaction.objects.select_related(
        "plan__tier__treasury", "plan__tier__safe", "safe__treasury"
    ).get(id=safe_transaction_id)


def turnover_usd(*, tier_id: int, since: int) -> Decimal:
    """Value of all legs whose execution was mined at or after `since` and is reconciled. What is
    not reconciled yet is an open proposal, and those are counted by the layer that knows
    proposals."""
    rows = Transaction.objects.filter(
        plan__tier_id=tier_id,
        state=TransactionState.RECONCILED,
        mined_at__gte=since,
        safe_transaction__rejects__isnull=True,
    ).select_related("plan")
    legs = (leg for row in rows for leg in plan_value(row.plan).legs)
    return sum((leg.value_usd for leg in legs), Decimal(0))


def failed_streak(*, tier_id: int, known_by: int | None = None) -> int:
    """How many of the tier's latest executions failed on the chain, up to the first that did
    not. `known_by` (block time) counts those of them that were reconciled by then."""
    ended = (
        Transaction.objects.filter(
            plan__tier_id=tier_id,
            state__in=[TransactionState.RECONCILED, TransactionState.FAILED_ONCHAIN],
            safe_transaction__rejects__isnull=True,
        )
        .order_by("-id")
        .values_list("state", "reconciled_at")
    )
    streak = itertools.takewhile(
        lambda row: row[0] == TransactionState.FAILED_ONCHAIN, ended[:STREAK_MAX]
    )
    return sum(known_by is None or (at is not None and at <= known_by) for _, at in streak)


def fills(*, tier_id: int | None = None, transaction_id: int | None = None) -> QuerySet[Fill]:
    """Fills that stand: those of a block that a reorganisation dropped are left out."""
    rows = Fill.objects.filter(block_hash=F("transaction__mined_block_hash"))
    if tier_id is not None:
        rows = rows.filter(transaction__plan__tier_id=tier_id)
    if transaction_id is not None:
        rows = rows.filter(transaction_id=transaction_id)
    return rows.select_related("sell", "buy", "transaction").order_by("id")


def trading_losses(*, tier_id: int, since: int) -> tuple[Spend, ...]:
    """What each executed trade lost against the prices of its decision, gas left out, by the block
    time at which it was mined. A gain is no loss of 0: it does not refill a budget."""
    rows = fills(tier_id=tier_id).filter(
        transaction__mined_at__gte=since, actual_cost_usd__gt=F("actual_gas_usd")
    )
    return tuple(
        Spend(at or 0, cost - gas)
        for at, cost, gas in rows.values_list(
            "transaction__mined_at", "actual_cost_usd", "actual_gas_usd"
        )
    )


def cost_samples(*, tier_id: int) -> Iterable[CostSample]:
    """Input of `execution.core.calibration.calibrate`."""
    return (
        CostSample(fill.venue, fill.estimated_cost_usd, fill.actual_cost_usd)
        for fill in fills(tier_id=tier_id)
    )


def current_attempt(transaction_id: int) -> Attempt | None:
    return Attempt.objects.filter(transaction_id=transaction_id, is_current=True).first()


def open_breaks(treasury_id: int) -> QuerySet[Break]:
    return Break.objects.filter(treasury_id=treasury_id, status=BreakStatus.OPEN).order_by("id")


def is_unsettled(*, treasury_id: int, block_number: int) -> bool:
    """Whether an execution may stand on the chain at that block and not yet in the books, or the
    other way round."""
    rows = Transaction.objects.filter(plan__tier__treasury_id=treasury_id)
    return rows.filter(Q(state__in=ON_THE_WAY) | Q(mined_block_number__gt=block_number)).exists()


def is_rejection(row: Transaction) -> bool:
    """Whether it executes a rejection instead of its plan."""
    return row.safe_transaction is not None and row.safe_transaction.rejects_id is not None


def is_active(row: SafeTransaction) -> bool:
    """Whether it stands at its nonce and can be signed."""
    return row.status == SafeTransactionStatus.ACTIVE


def rejection_of(safe_transaction_id: int) -> SafeTransaction | None:
    """The transaction by which owners reject that one on the chain, if it was asked for."""
    return (
        SafeTransaction.objects.filter(rejects_id=safe_transaction_id)
        .select_related("plan__tier__treasury", "safe__treasury")
        .first()
    )


def safe_transactions(*, plan_id: int) -> QuerySet[SafeTransaction]:
    """The signed one first, then what is nested in it."""
    return (
        SafeTransaction.objects.filter(plan_id=plan_id)
        .select_related("safe", "parent")
        .order_by(F("parent_id").asc(nulls_first=True), "id")
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """One transaction that was put up for signatures at a nonce."""

    id: int
    nonce: int
    status: str
    is_signed: bool
    is_rejection: bool


def slot_rows(*, safe_id: int, nonce: int) -> QuerySet[SafeTransaction]:
    """Everything that ever stood at the nonce, and what still waits before it, with every field of
    a Slot."""
    signed = Confirmation.objects.filter(safe_transaction=OuterRef("pk"))
    return (
        SafeTransaction.objects.filter(
            Q(nonce=nonce) | Q(nonce__lt=nonce, status=SafeTransactionStatus.ACTIVE),
            safe_id=safe_id,
            parent__isnull=True,
        )
        .annotate(is_signed=Exists(signed), is_rejection=Q(rejects__isnull=False))
        .order_by("nonce", "id")
    )


@dataclass(frozen=True, slots=True)
class Given:
    """One signature that is stored for a Safe transaction: an owner's, or (`member` not empty) a
    member's inside an owner that is a Safe. `at` is wall time."""

    safe_transaction_id: int
    owner: str
    member: str
    kind: str
    is_valid: bool
    invalid_reason: str
    at: datetime


def given_for(safe_transaction_ids: Iterable[int]) -> tuple[Given, ...]:
    """As last judged, oldest first. One query."""
    rows = (Given(*row) for row in given_rows(safe_transaction_ids))
    return tuple(sorted(rows, key=lambda one: one.at))


def given_rows(safe_transaction_ids: Iterable[int]) -> QuerySet[Any, tuple[Any, ...]]:
    """Rows of `given_for`, the fields of a Given in their order; to be united with others."""
    ids = list(safe_transaction_ids)
    own = Confirmation.objects.filter(safe_transaction_id__in=ids).order_by()
    inner = MemberConfirmation.objects.filter(safe_transaction_id__in=ids).order_by()
    return own.values_list(
        "safe_transaction_id",
        "owner",
        Value(""),
        "kind",
        "is_valid",
        "invalid_reason",
        "created_at",
    ).union(
        inner.values_list(
            "safe_transaction_id",
            "owner",
            "member",
            "kind",
            Value(True),
            Value(""),
            "created_at",
        ),
        all=True,
    )


def signatories(safe_transaction_ids: Iterable[int]) -> tuple[QuerySet[Any, Any], ...]:
    """Addresses of those who gave something, to be looked for elsewhere: owners, then members."""
    ids = list(safe_transaction_ids)
    own = Confirmation.objects.filter(safe_transaction_id__in=ids).order_by()
    inner = MemberConfirmation.objects.filter(safe_transaction_id__in=ids).order_by()
    return own.values("owner"), inner.values("owner"), inner.values("member")


def attempts_at_nonce(*, executor: Address, eoa_nonce: int) -> int:
    """How often the executor has signed for this nonce of its account."""
    return Attempt.objects.filter(executor=executor, eoa_nonce=eoa_nonce).count()
