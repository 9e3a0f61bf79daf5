"""What the dashboard shows, as plain values: amounts quantised, times as datetimes of block
time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from execution.selectors.transactions import open_breaks
from governance.core.lifecycle import OPEN
from governance.models import Halt, Proposal
from governance.selectors.proposals import all_proposals
from treasury.selectors.portfolio import tiers, treasuries
from treasury.selectors.snapshots import latest, positions

RECENT = 12


@dataclass(frozen=True, slots=True)
class HoldingLine:
    symbol: str
    amount: str
    value_usd: Decimal | None
    share_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class TierLine:
    name: str
    objective: str
    value_usd: Decimal | None
    holdings: tuple[HoldingLine, ...]


@dataclass(frozen=True, slots=True)
class BreakLine:
    """An unexplained difference; `difference` is what the chain holds beyond what was expected."""

    holder: str
    symbol: str
    difference: str
    reason: str
    block: int


@dataclass(frozen=True, slots=True)
class TreasuryView:
    """`as_of` and `block` are None before the first snapshot."""

    name: str
    value_usd: Decimal | None
    as_of: datetime | None
    block: int | None
    tiers: tuple[TierLine, ...]
    halts: tuple[Halt, ...]
    breaks: tuple[BreakLine, ...]
    waiting: tuple[Proposal, ...]
    recent: tuple[Proposal, ...]


def overview(*, treasury_ids: Iterable[int]) -> tuple[TreasuryView, ...]:
    return tuple(_one(row.pk, row.name) for row in treasuries().filter(pk__in=list(treasury_ids)))


def _one(treasury_id: int, name: str) -> TreasuryView:
    snapshot = latest(treasury_id)
    rows = all_proposals().filter(tier__treasury_id=treasury_id).order_by("-pk")
    opened = sorted(OPEN)
    return TreasuryView(
        name=name,
        value_usd=snapshot.nav_usd if snapshot else None,
        as_of=datetime.fromtimestamp(snapshot.block_timestamp, UTC) if snapshot else None,
        block=snapshot.block_number if snapshot else None,
        tiers=_tiers(treasury_id, snapshot.pk) if snapshot else (),
        halts=tuple(
            Halt.objects.filter(scope__treasury_id=treasury_id, closed_at=None).select_related(
                "scope__tier", "scope__treasury"
            )
        ),
        breaks=tuple(_break(row) for row in open_breaks(treasury_id).select_related("asset")),
        waiting=tuple(rows.filter(state__in=opened)),
        recent=tuple(rows.exclude(state__in=opened)[:RECENT]),
    )


def _break(row: Any) -> BreakLine:
    decimals = row.asset.decimals if row.asset else 0
    difference = Decimal(row.actual_units - row.expected_units).scaleb(-decimals)
    symbol = row.asset.symbol if row.asset else ""
    return BreakLine(row.holder, symbol, f"{difference:+,f}", row.reason, row.block_number)


def _tiers(treasury_id: int, snapshot_id: int) -> tuple[TierLine, ...]:
    held = [row for row in positions(snapshot_id) if row.tier_id is not None]
    lines = []
    for tier in tiers(treasury_id):
        own = [row for row in held if row.tier_id == tier.pk]
        values = [row.value_usd for row in own]
        total = None if None in values else sum((v for v in values if v is not None), Decimal(0))
        lines.append(
            TierLine(
                name=tier.name,
                objective=tier.objective,
                value_usd=total,
                holdings=tuple(
                    HoldingLine(
                        symbol=row.asset.symbol,
                        amount=f"{Decimal(row.units).scaleb(-row.asset.decimals):,.4f}",
                        value_usd=row.value_usd,
                        share_percent=(
                            row.value_usd / total * 100 if total and row.value_usd else None
                        ),
                    )
                    for row in own
                ),
            )
        )
    return tuple(lines)
