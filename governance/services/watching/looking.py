"""One look at a tier's breakers at one block: before each decision, and before everything that is
authorised, signed or sent.

A look that fails raises: nothing is sent on an old reading. Looking twice at one block changes
nothing, so whoever needs a look takes one.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from governance.services.halts import lock_scope
from governance.services.watching.facts import Place, gather_facts
from governance.services.watching.judging import Watched, is_looked_at, judge
from treasury.core.types import Actor, BlockRef
from treasury.engine.breakers import TIER_BREAKERS, TREASURY_BREAKERS
from treasury.engine.breakers.facts import TreasuryFacts, WitnessFact
from treasury.selectors.policies import policy_in_force
from treasury.selectors.portfolio import tier_by_id
from treasury.services.snapshots import take_snapshot
from treasury.services.witnesses import hear_witnesses


def look(*, tier_id: int, block: BlockRef, rpc_url: str, actor: Actor) -> None:
    """The treasury's breakers and the tier's own. Raises NoPolicyInForceError, and what the node
    raises."""
    tier = tier_by_id(tier_id)
    _look_at_treasury(tier.treasury, block=block, rpc_url=rpc_url, actor=actor)
    if is_looked_at(treasury_id=tier.treasury_id, tier_id=tier_id, block=block):
        return
    version, policy = policy_in_force(tier_id=tier_id, now=block.timestamp)
    snapshot = take_snapshot(treasury_id=tier.treasury_id, block=block, rpc_url=rpc_url)
    place = Place(tier, policy, version.effective_at, snapshot, block, rpc_url, actor)
    facts = gather_facts(place)
    rules = policy.halts
    watched = [
        Watched(key, breaker.read(facts), rules.patience_seconds if breaker.has_patience else 0)
        for key, breaker in TIER_BREAKERS.items()
    ]
    with transaction.atomic():
        scope = lock_scope(treasury_id=tier.treasury_id, tier_id=tier_id)
        judge(scope, watched, min_clean_seconds=rules.min_clean_seconds, actor=actor, block=block)


def _look_at_treasury(treasury: object, *, block: BlockRef, rpc_url: str, actor: Actor) -> None:
    """Nothing is asked twice at one block. With one provider there is nobody to ask, and the
    reading says so."""
    treasury_id: int = treasury.pk  # type: ignore[attr-defined]
    if is_looked_at(treasury_id=treasury_id, tier_id=None, block=block):
        return
    urls = [url for url in settings.RPC_URLS if url != rpc_url]
    witnesses: tuple[WitnessFact, ...] = ()
    if urls:
        snapshot = take_snapshot(treasury_id=treasury_id, block=block, rpc_url=rpc_url)
        witnesses = hear_witnesses(snapshot_id=snapshot.pk, block=block, urls=urls)
    facts = TreasuryFacts(scope=str(treasury), witnesses=witnesses)
    watched = [Watched(key, breaker.read(facts), 0) for key, breaker in TREASURY_BREAKERS.items()]
    with transaction.atomic():
        scope = lock_scope(treasury_id=treasury_id, tier_id=None)
        judge(scope, watched, min_clean_seconds=0, actor=actor, block=block)
