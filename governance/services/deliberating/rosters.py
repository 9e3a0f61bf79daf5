"""Who can sign a Safe's transactions, as of the last seconds: what the page shows beside stored
signatures."""

from __future__ import annotations

from django.core.cache import cache

from execution.services.signatures.rosters import Roster, RosterUnknownError, read_rosters
from treasury.core.types import Address

KEPT_SECONDS = 15


def roster_of(safe: Address, *, rpc_url: str) -> Roster | None:
    """None when no node answers: stored signatures are shown then, and nobody is called missing."""
    key = f"governance.roster.{safe}"
    found: Roster | None = cache.get(key)
    if found is None:
        try:
            found = read_rosters(safes=[safe], block=None, rpc_url=rpc_url)[safe]
        except RosterUnknownError:
            return None
        cache.set(key, found, KEPT_SECONDS)
    return found
