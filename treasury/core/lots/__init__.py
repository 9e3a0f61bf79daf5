"""Tax lots. `matching` serves the ledger and the engine: one disposal, the open lots given.
`history` matches a whole list of events (`events`) at once, by any method of `queues`."""

from treasury.core.lots.events import EventKind, LotEvent, parse_events
from treasury.core.lots.history import Disposal, History, history_document, match_history
from treasury.core.lots.matching import (
    FrozenMatch,
    GoneLot,
    LotBookError,
    LotMatch,
    StaleLotsError,
    apply_slices,
    at_cost,
    book_frozen,
    carry_lots,
    gone_lots,
    match_lots,
    slices_at_cost,
    total_usd,
)
from treasury.core.lots.queues import HistoryMethod, HistoryRules

__all__ = [
    "Disposal",
    "EventKind",
    "FrozenMatch",
    "GoneLot",
    "History",
    "HistoryMethod",
    "HistoryRules",
    "LotBookError",
    "LotEvent",
    "LotMatch",
    "StaleLotsError",
    "apply_slices",
    "at_cost",
    "book_frozen",
    "carry_lots",
    "gone_lots",
    "history_document",
    "match_history",
    "match_lots",
    "parse_events",
    "slices_at_cost",
    "total_usd",
]
