"""Entries for tests: a purchase that opens a lot, a sale that takes lots."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Sum

from tests.integration.treasury.world import ACTOR, World
from treasury.core.entries import EntrySource, ValuedUnits, inflow, swap
from treasury.core.journal import EntryDraft
from treasury.core.lots import match_lots
from treasury.core.policies import LotMethod
from treasury.core.types import Address, BlockRef
from treasury.models import Account, AuditEvent, Disposal, JournalEntry, Lot, OutboxEvent, Posting
from treasury.selectors.lots import open_lots
from treasury.services.ledger import post_entries

BLOCK = BlockRef(100, "0x" + "ab" * 32, 1_767_600_000)
DAY = 86_400
WETH_UNIT = 10**18
USDC_UNIT = 10**6


def tx(number: int) -> str:
    return f"0x{number:064x}"


def source(world: World, number: int, *, at: int = BLOCK.timestamp, log: int = 0) -> EntrySource:
    return EntrySource(
        external_ref=f"{world.treasury.chain_id}:{tx(number)}:{log}",
        occurred_at=at,
        description=f"fact {number}",
        tx_hash=tx(number),
        block_number=BLOCK.number,
        log_index=log,
    )


def safe_of(world: World) -> Address:
    return Address(world.safes["core"].address)


def purchase(
    world: World, number: int, units: int, price: str, *, at: int = BLOCK.timestamp
) -> EntryDraft:
    """WETH that comes in at a price."""
    return inflow(
        source=source(world, number, at=at),
        holder=safe_of(world),
        received=ValuedUnits(world.address("WETH"), 18, units, Decimal(price)),
    )


def sale(
    world: World, number: int, units: int, price: str, *, at: int = BLOCK.timestamp + DAY
) -> EntryDraft:
    """WETH sold for USDC at its price less 0.1 %, lots taken as they are now."""
    sold = ValuedUnits(world.address("WETH"), 18, units, Decimal(price))
    bought_units = int(sold.fair_value_usd * USDC_UNIT * 999 / 1000)
    match = match_lots(
        lots=open_lots(
            treasury_id=world.treasury.id, holder=safe_of(world), asset=world.address("WETH")
        ),
        units=units,
        proceeds_usd=sold.fair_value_usd,
        method=LotMethod.FIFO,
        at=at,
        long_term_days=365,
    )
    return swap(
        source=source(world, number, at=at),
        holder=safe_of(world),
        sold=sold,
        bought=ValuedUnits(world.address("USDC"), 6, bought_units, Decimal(1)),
        disposal=match,
    )


def post(world: World, *drafts: EntryDraft) -> list[JournalEntry]:
    return post_entries(
        treasury_id=world.treasury.id,
        drafts=drafts,
        proposal_ref="prop_42",
        safe_tx_hash="0x" + "cd" * 32,
        actor=ACTOR,
        block=BLOCK,
    )


def balances(world: World) -> dict[str, Decimal]:
    rows = Account.objects.filter(treasury=world.treasury).annotate(
        total=Sum("postings__amount_usd")
    )
    return {row.code: row.total for row in rows}


def lots(world: World, symbol: str = "WETH") -> list[tuple[int, Decimal, int]]:
    found = open_lots(
        treasury_id=world.treasury.id, holder=safe_of(world), asset=world.address(symbol)
    )
    return [(lot.units, lot.cost_usd, lot.acquired_at) for lot in found]


def counts() -> list[int]:
    models: list[Any] = [JournalEntry, Posting, Lot, Disposal, Account, OutboxEvent, AuditEvent]
    return [model.objects.count() for model in models]
