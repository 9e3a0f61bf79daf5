"""Address book & allow-lists: markets with their last use, labels with who gave them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from execution.selectors.markets import pair_uses
from governance.core.conformity import look_alikes
from governance.models import AddressEntry

if TYPE_CHECKING:
    from execution.models import TradingPair

ENDED_SHOWN = 30


class LabelState(StrEnum):
    ASKED = "ASKED"
    IN_FORCE = "IN_FORCE"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class LabelLine:
    """`twins`: known addresses that look like it."""

    row: AddressEntry
    state: LabelState
    twins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarketLine:
    """`used_at`: wall time of the latest fill on that venue and pair, None when never."""

    row: TradingPair
    used_at: datetime | None
    places: tuple[tuple[str, str], ...]


def label_lines(*, treasury_id: int, known: Iterable[str], now: datetime) -> tuple[LabelLine, ...]:
    """Live ones first, then the latest that ended."""
    rows = AddressEntry.objects.filter(treasury_id=treasury_id).select_related("author", "approver")
    live = list(rows.filter(withdrawn_at=None).order_by("label", "pk"))
    ended = list(rows.filter(withdrawn_at__isnull=False).order_by("-withdrawn_at")[:ENDED_SHOWN])
    others = {*known, *(row.address for row in live)}
    return tuple(
        LabelLine(
            row, _state(row, now), tuple(twin for _, twin in look_alikes([row.address], others))
        )
        for row in [*live, *ended]
    )


def label_by_public_id(*, treasury_ids: Iterable[int], public_id: str) -> AddressEntry | None:
    rows = AddressEntry.objects.filter(treasury_id__in=list(treasury_ids), public_id=public_id)
    return rows.select_related("author", "approver").first()


def market_lines(treasury_id: int) -> tuple[MarketLine, ...]:
    """Every market that was ever allowed; switched-off ones too."""
    return tuple(
        MarketLine(row, used_at, tuple(sorted((str(k), str(v)) for k, v in row.parameters.items())))
        for row, used_at in pair_uses(treasury_id)
    )


def _state(row: AddressEntry, now: datetime) -> LabelState:
    if row.withdrawn_at is not None:
        return LabelState.WITHDRAWN
    if row.expires_at <= now:
        return LabelState.EXPIRED
    return LabelState.ASKED if row.approver_id is None else LabelState.IN_FORCE
