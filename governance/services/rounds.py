"""One round of evaluations of a treasury: every tier at the same block."""

from __future__ import annotations

import structlog

from execution.services.checking_books import check_books
from governance.services.guarding.pinned import watch_safes
from governance.services.moves import GENERATOR
from governance.services.proposals import Evaluated, evaluate_tier
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.types import BlockRef
from treasury.selectors.policies import NoPolicyInForceError
from treasury.selectors.portfolio import tiers
from treasury.services.snapshots import take_snapshot
from treasury.services.watching import ChainMovedError, follow_logs

log = structlog.get_logger(__name__)


def generate_round(
    *, treasury_id: int, block: BlockRef, rpc_url: str
) -> dict[str, Evaluated | None]:
    """Tier name -> what its evaluation said. A tier that fails does not keep the others from
    theirs; one without a policy is only watched. Run again at the same block it finds what it
    did."""
    watch_safes(block=block, rpc_url=rpc_url)
    _follow(treasury_id, block, rpc_url)
    snapshot = take_snapshot(treasury_id=treasury_id, block=block, rpc_url=rpc_url)
    check_books(treasury_id=treasury_id, snapshot_id=snapshot.pk)
    found: dict[str, Evaluated | None] = {}
    for tier in tiers(treasury_id):
        try:
            found[tier.name] = evaluate_tier(
                tier_id=tier.pk, snapshot_id=snapshot.pk, rpc_url=rpc_url, actor=GENERATOR
            )
        except NoPolicyInForceError:
            log.debug("tier_without_policy", tier=tier.name)
        except Exception as error:
            log.warning("evaluation_failed", tier=tier.name, exc_info=error)
    return found


def _follow(treasury_id: int, block: BlockRef, rpc_url: str) -> None:
    """A node that cannot tell logs now does not keep the tiers from their evaluation: the cursor
    stays, and the next round goes on from there."""
    try:
        follow_logs(treasury_id=treasury_id, block=block, rpc_url=rpc_url)
    except (RpcError, RpcUnavailableError, ChainMovedError) as error:
        log.warning("logs_not_read", treasury=treasury_id, error=str(error))
