"""How far the audit chain was seen to hold, remembered so that a page never reads it all.

The mark lives in the cache only: it saves work and proves nothing. What proves is the whole check
(`manage.py verify_audit`, or the offline program on an export).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.core.cache import cache

from governance.selectors.registers.anchors import AnchorMark, anchor_mark
from treasury.selectors.audit import chain_head, verify_after

KEY: Final = "governance.registers.trail_mark"
STEP: Final = 2_000
"""Events that one look reads at most."""


@dataclass(frozen=True, slots=True)
class TrailMark:
    """`verified` and `newest` are event ids; `problem` says what does not hold, empty when all
    that was read does. `anchor` None: nobody outside was told yet."""

    verified: int
    newest: int
    problem: str
    anchor: AnchorMark | None

    @property
    def is_complete(self) -> bool:
        return not self.problem and self.verified == self.newest


def trail_mark() -> TrailMark:
    """Goes on from the mark by at most `STEP` events. A mark that the chain contradicts is itself a
    finding: it is told and not overwritten."""
    head = chain_head()
    newest = head.event_id if head else 0
    event_id, event_hash = cache.get(KEY) or (0, "")
    found = verify_after(event_id=event_id, event_hash=event_hash, limit=STEP)
    if not found.problem and found.last_id != event_id:
        cache.set(KEY, (found.last_id, found.last_hash), None)
    return TrailMark(found.last_id, newest, found.problem, anchor_mark())
