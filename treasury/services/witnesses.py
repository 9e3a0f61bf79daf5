"""Other providers asked about the same block (reliability reference, section 5). Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from treasury.adapters.chain import Pair
from treasury.adapters.witness import Testimony, testify
from treasury.core.types import Address, BlockRef
from treasury.engine.breakers.facts import WitnessFact
from treasury.selectors.snapshots import positions


def hear_witnesses(
    *, snapshot_id: int, block: BlockRef, urls: Sequence[str]
) -> tuple[WitnessFact, ...]:
    """Each provider's block hash and balances against those of the snapshot."""
    rows = list(positions(snapshot_id))
    pairs = [Pair(Address(row.holder), Address(row.asset.address)) for row in rows]
    ours = [(f"{row.asset.symbol} in {row.holder}", int(row.units)) for row in rows]
    return tuple(_compared(testify(url, pairs, block=block), ours, block) for url in urls)


def _compared(told: Testimony, ours: list[tuple[str, int]], block: BlockRef) -> WitnessFact:
    if told.problem:
        return WitnessFact(told.name, (), told.problem)
    if told.block_hash != block.hash:
        return WitnessFact(told.name, (f"block {block.number} is {told.block_hash} there",), "")
    differences = tuple(
        f"{name}: {theirs} units there, {units} here"
        for (name, units), theirs in zip(ours, told.units, strict=True)
        if theirs != units
    )
    return WitnessFact(told.name, differences, "")
