"""Rows of the treasury, one file per aggregate."""

from treasury.models.decisions import Decision, EvaluationDay
from treasury.models.ledger import Account, Disposal, JournalEntry, Lot, Posting
from treasury.models.policies import PolicyVersion
from treasury.models.portfolio import (
    Asset,
    AssetKind,
    SafeAccount,
    SafeKind,
    Tier,
    TierAsset,
    Treasury,
)
from treasury.models.prices import Price, PriceObservation, PriceSource
from treasury.models.record import AuditEvent, OutboxEvent
from treasury.models.snapshots import Position, Snapshot, TierNav
from treasury.models.watching import LogAnswer, LogCheckpoint, LogWatch, WatchedLog

__all__ = [
    "Account",
    "Asset",
    "AssetKind",
    "AuditEvent",
    "Decision",
    "Disposal",
    "EvaluationDay",
    "JournalEntry",
    "LogAnswer",
    "LogCheckpoint",
    "LogWatch",
    "Lot",
    "OutboxEvent",
    "PolicyVersion",
    "Position",
    "Posting",
    "Price",
    "PriceObservation",
    "PriceSource",
    "SafeAccount",
    "SafeKind",
    "Snapshot",
    "Tier",
    "TierAsset",
    "TierNav",
    "Treasury",
    "WatchedLog",
]
