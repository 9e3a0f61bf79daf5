"""Rows of execution, one file per aggregate."""

from execution.models.pins import ObservedConfiguration, PinnedConfiguration, PinnedContract
from execution.models.plans import Plan, Quote, TradingPair
from execution.models.reconciliation import Break, BreakStatus, Fill
from execution.models.transactions import (
    Attempt,
    Confirmation,
    ConfirmationKind,
    MemberConfirmation,
    SafeTransaction,
    SafeTransactionStatus,
    Transaction,
)

__all__ = [
    "Attempt",
    "Break",
    "BreakStatus",
    "Confirmation",
    "ConfirmationKind",
    "Fill",
    "MemberConfirmation",
    "ObservedConfiguration",
    "PinnedConfiguration",
    "PinnedContract",
    "Plan",
    "Quote",
    "SafeTransaction",
    "SafeTransactionStatus",
    "TradingPair",
    "Transaction",
]
