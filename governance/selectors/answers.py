"""What the price sources of a tier's assets answered at a block, as far as they were fresh and
sound."""

from __future__ import annotations

from decimal import Decimal

from treasury.selectors.portfolio import tier_assets

OUTLYING = "from the median"
"""How the refusal of an outlier reads (treasury.core.prices); others are stale, broken or
counted twice."""


def answers_at(*, tier_id: int, block_hash: str) -> tuple[tuple[str, tuple[Decimal, ...]], ...]:
    """(symbol, prices) per asset that at least two sources answered."""
    found: list[tuple[str, tuple[Decimal, ...]]] = []
    for row in tier_assets(tier_id):
        observed = row.asset.price_sources.filter(
            observations__block_hash=block_hash, observations__price_usd__isnull=False
        ).values_list(
            "observations__price_usd", "observations__is_accepted", "observations__reason"
        )
        prices = tuple(
            price
            for price, accepted, reason in observed
            if price is not None and (accepted or OUTLYING in reason)
        )
        if len(prices) > 1:
            found.append((row.asset.symbol, prices))
    return tuple(found)
