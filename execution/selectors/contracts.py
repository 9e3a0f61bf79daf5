"""Contracts that a tier's money depends on, and how they were found last."""

from __future__ import annotations

import re
from collections.abc import Sequence

from execution.core.contracts import QUOTER_V2, SWAP_ROUTER
from execution.models import PinnedContract
from execution.selectors.markets import market_of, pair_rows
from treasury.core.types import NATIVE, Address
from treasury.engine.breakers.facts import ContractFact
from treasury.selectors.portfolio import tier_assets, tier_by_id

ROUTERS: dict[str, tuple[tuple[str, Address], ...]] = {
    "uniswap_v3": (("Uniswap v3 router", SWAP_ROUTER), ("Uniswap v3 quoter", QUOTER_V2)),
}
"""Contracts that a venue's calls go to and no market of the allow-list names."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


def watched_contracts(*, tier_id: int, venues: Sequence[str]) -> tuple[tuple[str, Address], ...]:
    """(name, address): the tier's tokens, its venues' routers, and whatever address the parameters
    of an allowed market of the tier's tokens name. Sorted by address, each once."""
    tokens = {Address(row.asset.address): row.asset.symbol for row in tier_assets(tier_id)}
    found = {address: symbol for address, symbol in tokens.items() if address != NATIVE}
    for venue in venues:
        found |= {address: name for name, address in ROUTERS.get(venue, ())}
    treasury_id = tier_by_id(tier_id).treasury_id
    for row in pair_rows(treasury_id=treasury_id, venues=venues):
        market = market_of(row)
        if market.base in tokens and market.quote in tokens:
            for key, value in market.parameters:
                if _ADDRESS.fullmatch(value):
                    found.setdefault(Address(value), f"{market.venue} {key}")
    return tuple((found[address], address) for address in sorted(found))


def contract_facts(*, treasury_id: int, addresses: Sequence[Address]) -> tuple[ContractFact, ...]:
    """Each contract as it was found last, against its pin."""
    rows = PinnedContract.objects.filter(treasury_id=treasury_id, address__in=list(addresses))
    return tuple(
        ContractFact(row.name, row.address, _differences(row), row.is_paused)
        for row in rows.order_by("address")
    )


def _differences(row: PinnedContract) -> tuple[str, ...]:
    parts = sorted({*row.pinned, *row.found})
    return tuple(
        f"{part} is {row.found.get(part, 'empty')}, pinned {row.pinned.get(part, 'empty')}"
        for part in parts
        if row.pinned.get(part) != row.found.get(part)
    )
