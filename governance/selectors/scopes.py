"""Foreign rows by the names the outside knows, within what the caller may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from treasury.selectors.portfolio import tiers

if TYPE_CHECKING:
    from treasury.models import Tier


def find_tier(public_id: str, *, within: Iterable[int]) -> Tier | None:
    """The tier with that id in one of the treasuries."""
    for treasury_id in within:
        found = tiers(treasury_id).filter(public_id=public_id).first()
        if found is not None:
            return found
    return None
