"""What needs a person now, in the order in which it began (M2, G3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from execution.selectors.executions import open_breaks
from governance.core.following.halt_words import halt_words
from governance.core.lifecycle import OPEN, ProposalState
from governance.models import Halt, Publication, Route
from governance.selectors.overview.figures import TreasuryFigures
from governance.selectors.overview.listing import ProposalRow, Viewer, as_rows, visible
from treasury.core.amounts import to_decimal

OPEN_MAX = 100
"""So many open proposals are looked at: one per tier is the rule of the database."""

KINDS = {
    "sign": ("to sign", "warn"),
    "approve": ("to approve", "warn"),
    "execute": ("ready to send", "good"),
    "frozen": ("frozen", "bad"),
    "halt": ("halted", "bad"),
    "break": ("unexplained", "bad"),
    "feed": ("without a price", "bad"),
    "band": ("outside a band", "warn"),
    "publication": ("to publish", "warn"),
}
"""(words, tone) of each kind of need."""


@dataclass(frozen=True, slots=True)
class Need:
    """`since` and `until` are block times; `page` and `ref` name where it is settled. `is_yours`:
    the viewer can do something about it, else it is only told."""

    kind: str
    text: str
    detail: str
    page: str
    ref: str
    since: int
    until: int | None
    is_yours: bool
    row: ProposalRow | None = None

    @property
    def words(self) -> str:
        return KINDS[self.kind][0]

    @property
    def tone(self) -> str:
        return KINDS[self.kind][1]


@dataclass(frozen=True, slots=True)
class Needs:
    """`yours` first what began first; `known` what others have to settle. `under_way` are open
    proposals that wait for somebody else."""

    yours: tuple[Need, ...]
    known: tuple[Need, ...]
    under_way: tuple[ProposalRow, ...]

    @property
    def counts(self) -> tuple[tuple[int, str, str], ...]:
        """(how many, words, tone) per kind of what the viewer can do."""
        found = Counter(need.kind for need in self.yours)
        return tuple((found[kind], *KINDS[kind]) for kind in KINDS if found[kind])

    @property
    def oldest(self) -> Need | None:
        return self.yours[0] if self.yours else None


def needs(viewer: Viewer, figures: Iterable[TreasuryFigures]) -> Needs:
    """Four queries beside what `figures` took: proposals, halts, breaks, publications."""
    given = tuple(figures)
    names = {
        (item.standing.row.pk, str(line.asset)): (line.symbol, line.decimals)
        for item in given
        for line in item.standing.prices
    }
    rows = visible(viewer).filter(state__in=sorted(OPEN)).exclude(route=Route.RECORD_ONLY)
    proposals = as_rows(rows.order_by("pk")[:OPEN_MAX], viewer, names)
    told = [need for row in proposals if (need := _of_proposal(row, viewer)) is not None]
    told += _of_halts(viewer)
    told += _of_breaks(viewer)
    told += [need for item in given for need in (*_of_feeds(item), *_of_bands(item, proposals))]
    told += _of_publications(viewer)
    ordered = sorted(told, key=lambda need: (need.since, need.ref))
    needed = {need.row.row.pk for need in ordered if need.row is not None}
    return Needs(
        yours=tuple(need for need in ordered if need.is_yours),
        known=tuple(need for need in ordered if not need.is_yours),
        under_way=tuple(row for row in proposals if row.row.pk not in needed),
    )


def _of_proposal(found: ProposalRow, viewer: Viewer) -> Need | None:
    row = found.row
    kind = found.task
    if row.state == ProposalState.FROZEN:
        kind = "frozen"
    elif row.state == ProposalState.READY and row.tier.treasury_id in viewer.execute_in:
        kind = "execute"
    if not kind:
        return None
    return Need(
        kind=kind,
        text=found.action,
        detail=found.note,
        page="proposal",
        ref=row.public_id,
        since=row.triggered_at,
        until=row.expires_at,
        is_yours=kind != "execute" and (kind != "frozen" or _may_reset(row, viewer)),
        row=found,
    )


def _may_reset(row: Any, viewer: Viewer) -> bool:
    return row.tier.treasury_id in viewer.reset_in


def _of_halts(viewer: Viewer) -> list[Need]:
    rows = Halt.objects.filter(
        scope__treasury_id__in=viewer.treasury_ids, closed_at=None
    ).select_related("scope__tier", "scope__treasury", "first_closer")
    found = []
    for halt in rows:
        asked = f" {halt.first_closer} asked to end it." if halt.first_closer else ""
        title = halt_words(halt.breaker).title
        page, ref = ("treasury", halt.scope.treasury.public_id)
        if halt.scope.tier is not None:
            page, ref = "tier", halt.scope.tier.public_id
        found.append(
            Need(
                kind="halt",
                text=f"{halt.scope}: {title[:1].lower()}{title[1:]}, now {halt.level}",
                detail=f"{_sentence(halt)}{asked}",
                page=page,
                ref=ref,
                since=halt.tripped_at,
                until=None,
                is_yours=halt.scope.treasury_id in viewer.reset_in
                and halt.first_closer_id != viewer.user_id,
            )
        )
    return found


def _of_breaks(viewer: Viewer) -> list[Need]:
    found = []
    for row in open_breaks(treasury_ids=viewer.treasury_ids).select_related("asset"):
        decimals, symbol = (row.asset.decimals, row.asset.symbol) if row.asset else (0, "")
        difference = to_decimal(units=row.actual_units - row.expected_units, decimals=decimals)
        found.append(
            Need(
                kind="break",
                text=f"{difference:+,f} {symbol} in {row.holder}",
                detail=f"{row.reason}. Books and chain differ at block {row.block_number}.",
                page="breaks",
                ref="",
                since=int(row.created_at.timestamp()),
                until=None,
                is_yours=row.treasury_id in viewer.reset_in,
            )
        )
    return found


def _of_feeds(figures: TreasuryFigures) -> list[Need]:
    """Assets of the latest snapshot without a price: nothing is traded on them."""
    block = figures.standing.block
    if block is None:
        return []
    return [
        Need(
            kind="feed",
            text=f"{line.symbol} has no price",
            detail=line.reason,
            page="treasury",
            ref=figures.standing.row.public_id,
            since=block.timestamp,
            until=None,
            is_yours=False,
        )
        for line in figures.standing.prices
        if line.price_usd is None
    ]


def _of_bands(figures: TreasuryFigures, proposals: Iterable[ProposalRow]) -> list[Need]:
    """Tiers outside a band for which nothing is proposed: told, because the next check decides."""
    block = figures.standing.block
    if block is None:
        return []
    proposed = {row.row.tier_id for row in proposals}
    return [
        Need(
            kind="band",
            text=f"{tier.row.name}: {', '.join(line.symbol for line in tier.outside)}",
            detail="Nothing is proposed for it: the tier's latest evaluation says why.",
            page="tier",
            ref=tier.row.public_id,
            since=block.timestamp,
            until=None,
            is_yours=False,
        )
        for tier in figures.standing.tiers
        if tier.outside and tier.row.pk not in proposed
    ]


def _of_publications(viewer: Viewer) -> list[Need]:
    rows = Publication.objects.filter(
        treasury_id__in=viewer.treasury_ids, approver=None, withdrawn_at=None
    ).select_related("treasury", "author")
    return [
        Need(
            kind="publication",
            text=f"Public page of {row.treasury}",
            detail=f"{row.author} asks to publish it as /public/{row.slug}/",
            page="publishing",
            ref=row.treasury.public_id,
            since=int(row.created_at.timestamp()),
            until=None,
            is_yours=row.treasury_id in viewer.policy_in and row.author_id != viewer.user_id,
        )
        for row in rows
    ]


def _sentence(halt: Halt) -> str:
    """A halt by hand has no reading to tell."""
    reason = halt.reason.rstrip(".")
    if halt.limit in {"", "-"}:
        return f"{reason}."
    return f"{reason}. Value {halt.value}, limit {halt.limit}."
