"""Acquisitions and disposals of one asset, as a file of `manage.py lots`: never more sold than
held, over years, so that lots of both terms are open."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from treasury.core.lots import EventKind, LotEvent

NS = 10**9
YEARS = 4


def lot_events(count: int) -> Iterator[LotEvent]:
    """The same ones in each run."""
    chance, held = random.Random(20_240_229), 0  # noqa: S311
    step = YEARS * 365 * 86_400 // count
    for index in range(count):
        amount = chance.randrange(1, 10**9)
        is_sale = amount <= held and chance.random() < 0.45
        held += -amount if is_sale else amount
        yield LotEvent(
            ref=f"event-{index}",
            kind=EventKind.OUT if is_sale else EventKind.IN,
            at_ns=(1_600_000_000 + index * step) * NS,
            asset="ETH",
            amount=Decimal(amount).scaleb(-8),
            unit_price=Decimal(chance.randrange(10_000, 500_000)).scaleb(-2),
            fee=Decimal(chance.randrange(1_000)).scaleb(-2),
        )


def write_events(path: Path, events: list[LotEvent]) -> None:
    with path.open("w") as file:
        json.dump(
            {
                "events": [
                    {
                        "id": item.ref,
                        "kind": item.kind.value,
                        "timestamp": item.at_ns // NS,
                        "asset": item.asset,
                        "amount": f"{item.amount:f}",
                        "unit_price": str(item.unit_price),
                        "fee": str(item.fee),
                    }
                    for item in events
                ]
            },
            file,
        )
