"""Whether each Safe is still set up as people accepted it, looked at once per block (RS-7).

A difference halts the treasury and freezes what is open before it can be signed, handed over or
sent; two people who close the halt accept the setup that it names. Every part may be run again
after a crash: the look is one transaction per treasury, and freezing follows from what is stored.
A node that does not answer keeps the look of the block before; the checks of a proposal say which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import QuerySet

from execution.selectors.pins import changed, changes_of, is_seen
from execution.services.signatures.configurations import (
    RosterUnknownError,
    SafeConfiguration,
    read_outlines,
)
from execution.services.signatures.pinning import observe
from governance.core.following.halt_words import SAFE_CHANGED
from governance.core.routing import Level
from governance.models import Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services import halts
from governance.services.guarding.freezing import FREEZABLE, freeze, may_act
from governance.services.halts import Trip
from governance.services.moves import PROCESS
from treasury.core.types import Address, BlockRef
from treasury.selectors.portfolio import safes_of, treasuries

if TYPE_CHECKING:
    from execution.models import ObservedConfiguration
    from treasury.models import SafeAccount

log = structlog.get_logger(__name__)


def watch_safes(*, block: BlockRef, rpc_url: str) -> int:
    """Compare every Safe of every treasury with its pin; at most one request to the node, none
    when this block was looked at. How many proposals were frozen."""
    by_treasury = {row.pk: list(safes_of(row.pk)) for row in treasuries()}
    safes = [safe for rows in by_treasury.values() for safe in rows]
    ids = frozenset(safe.pk for safe in safes)
    if safes and not is_seen(safe_ids=ids, block_number=block.number):
        for treasury_id, found in _read(by_treasury, block=block, rpc_url=rpc_url).items():
            _compare(treasury_id, found, block=block)
    return _freeze_open(block)


def _read(
    by_treasury: dict[int, list[SafeAccount]], *, block: BlockRef, rpc_url: str
) -> dict[int, list[SafeConfiguration]]:
    addresses = sorted({safe.address for rows in by_treasury.values() for safe in rows})
    try:
        read = read_outlines(
            safes=[Address(address) for address in addresses], block=block, rpc_url=rpc_url
        )
    except RosterUnknownError as unknown:
        log.warning("safes_unknown", block=block.number, error=str(unknown))
        return {}
    by_safe = {one.safe: one for one in read}
    return {
        treasury_id: [by_safe[Address(safe.address)] for safe in rows]
        for treasury_id, rows in by_treasury.items()
    }


def _compare(treasury_id: int, found: list[SafeConfiguration], *, block: BlockRef) -> None:
    with transaction.atomic():
        halts.hold(treasury_id=treasury_id)
        print_of_change = observe(treasury_id=treasury_id, found=found, block=block, actor=PROCESS)
        if not print_of_change:
            return
        rows = changed().filter(safe__treasury_id=treasury_id)
        halts.trip(
            treasury_id=treasury_id,
            tier_id=None,
            found=Trip(
                breaker=SAFE_CHANGED,
                level=Level.MONITOR,
                value=print_of_change,
                limit="as pinned",
                reason="; ".join(_words(row) for row in rows),
                is_exact=True,
            ),
            actor=PROCESS,
            block=block,
        )


def _freeze_open(block: BlockRef) -> int:
    """What may still lead to something being signed or sent by a Safe that is not as pinned."""
    frozen = 0
    for row in changed():
        for proposal_id in _open_proposals(row).values_list("pk", flat=True):
            proposal = proposal_by_id(proposal_id)
            if may_act(proposal):
                freeze(proposal, reason=f"{_words(row)}; not as pinned"[:300], block=block)
                frozen += 1
    return frozen


def _open_proposals(row: ObservedConfiguration) -> QuerySet[Proposal]:
    """A tier's Safe stands for its tiers; the main Safe owns every tier Safe, and operators act for
    any tier."""
    rows = Proposal.objects.filter(
        tier__treasury_id=row.safe.treasury_id, state__in=sorted(FREEZABLE)
    )
    return rows.filter(tier__safe=row.safe) if row.safe.kind == "TIER" else rows


def _words(row: ObservedConfiguration) -> str:
    return f"{row.safe.name} Safe: {', '.join(str(change) for change in changes_of(row))}"
