"""What everybody may see of a treasury whose people published it: no person, nothing pending."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from governance.core.lifecycle import ProposalOutcome, ProposalState
from governance.models import Proposal, Publication
from governance.selectors.overview.listing import Names, action
from treasury.core.amounts import share_bps
from treasury.selectors.standing.reading import standings
from treasury.selectors.standing.shapes import Standing

FINISHED = 20
FORCED = "FORCED"


@dataclass(frozen=True, slots=True)
class FinishedLine:
    """An executed proposal. `why` is the kind of its trigger: a reason in words may be a
    person's."""

    action: str
    tier: str
    why: str
    value_usd: Decimal
    cost_usd: Decimal | None
    cost_bps: Decimal | None
    done_at: int | None
    tx_hash: str


@dataclass(frozen=True, slots=True)
class PublicView:
    standing: Standing
    finished: tuple[FinishedLine, ...]


def live_publication(slug: str) -> Publication | None:
    """Both people stand, and neither withdrew it."""
    rows = Publication.objects.filter(slug=slug, withdrawn_at=None, approver__isnull=False)
    return rows.first()


def publications(treasury_id: int) -> QuerySet[Publication]:
    """Newest first, withdrawn ones too."""
    rows = Publication.objects.filter(treasury_id=treasury_id)
    return rows.select_related("author", "approver", "treasury").order_by("-pk")


def public_view(publication: Publication) -> PublicView:
    """Four queries."""
    (standing,) = standings([publication.treasury_id])
    names: Names = {
        (standing.row.pk, str(line.asset)): (line.symbol, line.decimals) for line in standing.prices
    }
    rows = (
        Proposal.objects.filter(
            tier__treasury_id=publication.treasury_id,
            state=ProposalState.DONE,
            outcome=ProposalOutcome.EXECUTED.value,
        )
        .select_related("tier", "plan", "decision", "transaction")
        .defer("decision__inputs", "plan__evidence", "transaction__data")
        .order_by("-done_at", "-pk")[:FINISHED]
    )
    return PublicView(standing, tuple(_line(row, names) for row in rows))


def _line(row: Any, names: Names) -> FinishedLine:
    cost = row.actual_cost_usd
    kind = row.decision.trigger_kind
    return FinishedLine(
        action=action(row, names),
        tier=row.tier.name,
        why="by decision" if kind == FORCED else kind,
        value_usd=row.value_usd,
        cost_usd=cost,
        cost_bps=None if cost is None else share_bps(part=cost, whole=row.value_usd),
        done_at=row.done_at,
        tx_hash=row.transaction.mined_tx_hash if row.transaction else "",
    )
