"""Watched contracts and the logs that wait for an evaluation."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, Subquery

from treasury.core.triggering.observed import SeenLog
from treasury.core.triggering.rules import WatchedContract
from treasury.core.types import Address
from treasury.models import LogAnswer, PolicyVersion, Tier, WatchedLog
from treasury.selectors.policies import readable_policy


def watched_contracts(*, treasury_id: int, now: int) -> tuple[WatchedContract, ...]:
    """What the policies in force at `now` (block time) watch, each once, in a stable order. One
    that cannot be read watches nothing until it is mended, and the others go on."""
    version = PolicyVersion.objects.filter(tier_id=OuterRef("pk"), effective_at__lte=now)
    documents = (
        Tier.objects.filter(treasury_id=treasury_id)
        .annotate(document=Subquery(version.order_by("-number").values("document")[:1]))
        .filter(document__contains='"logs":[{')
        .values_list("document", flat=True)
    )
    found = {
        watched
        for document in documents
        if (policy := readable_policy(document)) is not None
        for watched in policy.trigger.events.logs
    }
    return tuple(sorted(found, key=lambda item: (item.contract, item.topic)))


def waiting_rows(
    *, tier_id: int, watched: tuple[WatchedContract, ...], until: int
) -> list[WatchedLog]:
    """Logs on the chain up to block `until` that no evaluation of the tier has answered, in the
    chain's order."""
    if not watched:
        return []
    wanted = Q()
    for item in watched:
        wanted |= Q(watch__contract=item.contract, watch__topic=item.topic)
    answered = LogAnswer.objects.filter(log_id=OuterRef("pk"), tier_id=tier_id)
    tier = Tier.objects.filter(pk=tier_id)
    return list(
        WatchedLog.objects.filter(wanted, ~Exists(answered), is_dropped=False)
        .filter(watch__treasury_id=Subquery(tier.values("treasury_id")), block_number__lte=until)
        .select_related("watch")
        .order_by("block_number", "tx_hash", "ordinal")
    )


def seen_log(row: WatchedLog) -> SeenLog:
    return SeenLog(
        contract=Address(row.watch.contract),
        topic=row.watch.topic,
        block_number=row.block_number,
        block_hash=row.block_hash,
        tx_hash=row.tx_hash,
        ordinal=row.ordinal,
    )
