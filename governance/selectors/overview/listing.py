"""Proposals as rows of a list: one sentence each, with what a person needs to choose the next one
to look at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from execution.selectors.signing import confirmed_members, confirmed_owners
from governance.core.lifecycle import OPEN, ProposalState
from governance.core.procedure import venue_name
from governance.models import Approval, Proposal, Route
from governance.selectors.proposals import all_proposals
from treasury.core.amounts import share_bps, to_decimal
from treasury.core.revival import READING_ERRORS
from treasury.selectors.portfolio import assets_of

COST_NEAR_CAP = Decimal("0.8")
UNREADABLE = "What is stored of it cannot be read back: do not sign"
APPROVABLE = (ProposalState.PROPOSED.value, ProposalState.COLLECTING.value)
Names = Mapping[tuple[int, str], tuple[str, int]]
"""(treasury, address of an asset) -> (symbol, decimals)."""
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\b")
TABS = ("mine", "others", "all", "done")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: what they may do where, and which Safes they sign for."""

    user_id: int
    treasury_ids: frozenset[int]
    wallets: frozenset[str] = frozenset()
    safes: frozenset[str] = frozenset()
    approve_in: frozenset[int] = frozenset()
    execute_in: frozenset[int] = frozenset()
    reset_in: frozenset[int] = frozenset()
    policy_in: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty: not filtered. `tier` is a public id; `before` the key of the last row shown."""

    tab: str = "all"
    tier: str = ""
    state: str = ""
    route: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """A chip: a word and how loud it is (good, warn, bad)."""

    tone: str
    word: str


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """`why` is the trigger's reason, `note` the state's; `task` what the viewer can do with it
    now: sign, approve, or nothing (empty)."""

    row: Any
    action: str
    why: str
    note: str
    cost_bps: Decimal
    cap_bps: int
    risk: Risk
    signatures: int
    task: str

    @property
    def is_open(self) -> bool:
        return self.row.state in OPEN


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first, and the key to go on from (None at the end)."""

    rows: tuple[ProposalRow, ...]
    next_before: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def visible(viewer: Viewer) -> QuerySet[Proposal]:
    """Proposals of the viewer's treasuries with the signatures that stand."""
    said = Approval.objects.filter(proposal=OuterRef("pk"), user_id=viewer.user_id)
    return (
        all_proposals()
        .filter(tier__treasury_id__in=viewer.treasury_ids)
        .defer("decision__inputs", "plan__evidence", "safe_transaction__data", "transaction__data")
        .annotate(
            owners=confirmed_owners("safe_transaction_id"),
            members=confirmed_members("safe_transaction_id"),
            is_answered=Exists(said),
        )
    )


def waits_for(viewer: Viewer) -> Q:
    """What the viewer can sign or approve, as a condition on proposals: the same rule as `task`,
    but for the signature they may have given already."""
    return _to_sign(viewer) | _to_approve(viewer)


def page(viewer: Viewer, filters: Filters, *, limit: int) -> Page:
    """Three queries: the rows, the counts of the tabs, the symbols."""
    rows = narrowed(visible(viewer), viewer, filters)
    found = list(rows.order_by("-pk")[: limit + 1])
    shown = found[:limit]
    return Page(
        rows=as_rows(shown, viewer, symbols(viewer.treasury_ids)),
        next_before=shown[-1].pk if len(found) > limit else None,
        counts=counts(viewer, filters),
    )


def narrowed(rows: QuerySet[Any], viewer: Viewer, filters: Filters) -> QuerySet[Any]:
    rows = _filtered(rows, filters)
    tab = _tab_condition(viewer)[filters.tab]
    if filters.before is not None:
        rows = rows.filter(pk__lt=filters.before)
    return rows.filter(tab)


def counts(viewer: Viewer, filters: Filters) -> dict[str, int]:
    rows = Proposal.objects.filter(tier__treasury_id__in=viewer.treasury_ids)
    conditions = _tab_condition(viewer)
    said = Approval.objects.filter(proposal=OuterRef("pk"), user_id=viewer.user_id)
    counted = (
        _filtered(rows, filters)
        .annotate(owners=confirmed_owners("safe_transaction_id"))
        .annotate(members=confirmed_members("safe_transaction_id"), is_answered=Exists(said))
        .aggregate(**{tab: Count("pk", filter=conditions[tab]) for tab in TABS})
    )
    return {tab: int(count) for tab, count in counted.items()}


def as_rows(found: Iterable[Any], viewer: Viewer, names: Names) -> tuple[ProposalRow, ...]:
    return tuple(_row(row, viewer, names) for row in found)


def symbols(treasury_ids: Iterable[int]) -> Names:
    """One query."""
    rows = assets_of(treasury_ids)
    return {(row.treasury_id, row.address): (row.symbol, row.decimals) for row in rows}


def _filtered(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.tier:
        rows = rows.filter(tier__public_id=filters.tier)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.route:
        rows = rows.filter(route=filters.route)
    return rows


def _tab_condition(viewer: Viewer) -> dict[str, Q]:
    is_open, mine = Q(state__in=sorted(OPEN)), waits_for(viewer)
    return {"mine": mine, "others": is_open & ~mine, "all": Q(), "done": ~is_open}


def _to_sign(viewer: Viewer) -> Q:
    if not viewer.safes or not viewer.wallets:
        return Q(pk__in=[])
    signed = Q(owners__overlap=sorted(viewer.wallets)) | Q(members__overlap=sorted(viewer.wallets))
    return (
        Q(state=ProposalState.COLLECTING, safe_transaction__safe__address__in=sorted(viewer.safes))
        & ~signed
        & Q(is_answered=False)
    )


def _to_approve(viewer: Viewer) -> Q:
    if not viewer.approve_in:
        return Q(pk__in=[])
    by_click = Q(tier__member_address="") | Q(
        tier__member_address=F("tier__treasury__executor_address")
    )
    waiting = Q(
        route=Route.OPERATOR,
        state__in=APPROVABLE,
        safe_transaction=None,
        tier__treasury_id__in=sorted(viewer.approve_in),
        is_answered=False,
    )
    is_own = Q(author_id=viewer.user_id, author__isnull=False)
    return waiting & by_click & ~is_own


def _row(row: Any, viewer: Viewer, names: Names) -> ProposalRow:
    cost_bps = share_bps(part=row.estimated_cost_usd, whole=row.value_usd)
    try:
        policy = json.loads(row.policy_version.document)
        cap_bps, risk = policy["cost_cap_bps"], _risk(row, cost_bps, policy)
    except READING_ERRORS:
        cap_bps, risk = 0, Risk("bad", "Unreadable")
    return ProposalRow(
        row=row,
        action=action(row, names),
        why=named(row.decision.trigger_reason, row.tier.treasury_id, names),
        note=named(row.state_reason, row.tier.treasury_id, names),
        cost_bps=cost_bps,
        cap_bps=cap_bps,
        risk=risk,
        signatures=len(row.owners),
        task=task(row, viewer),
    )


def task(row: Any, viewer: Viewer) -> str:
    """What the viewer can do with an open proposal now: "sign", "approve" or ""."""
    if row.is_answered:
        return ""
    signed = row.safe_transaction
    if row.state == ProposalState.COLLECTING and signed is not None:
        done = viewer.wallets & {*row.owners, *row.members}
        return "sign" if signed.safe.address in viewer.safes and not done else ""
    is_operators = row.route == Route.OPERATOR and row.state in APPROVABLE
    by_click = row.tier.member_address in {"", row.tier.treasury.executor_address}
    is_others = row.author_id != viewer.user_id
    allowed = row.tier.treasury_id in viewer.approve_in
    return "approve" if is_operators and by_click and is_others and allowed else ""


def named(text: str, treasury_id: int, names: Names) -> str:
    """The engine names assets by address; people read symbols where the address is one of ours."""
    return ADDRESS.sub(lambda found: names.get((treasury_id, found[0]), (found[0], 0))[0], text)


def action(row: Any, names: Names) -> str:
    """What it does, in one sentence, from the legs of its plan (or what was decided, without
    one). What somebody changed past the service says so: a list never fails for one of its rows."""
    try:
        return _sentence(row, names)
    except READING_ERRORS:
        return UNREADABLE


def _sentence(row: Any, names: Names) -> str:
    if row.plan is not None:
        parts = json.loads(row.plan.document)["legs"]
        least = "min_buy_units"
    else:
        parts = json.loads(row.decision.result)["trades"]
        least = "expected_buy_units"
    if not parts:
        return "Moves nothing"
    said = [_part(part, least, row.tier.treasury_id, names) for part in parts[:2]]
    more = f"; and {len(parts) - 2} more" if len(parts) > 2 else ""
    text = "; ".join(said) + more
    return text[:1].upper() + text[1:]


def _part(
    part: Mapping[str, Any],
    least: str,
    treasury_id: int,
    names: Names,
) -> str:
    sells = _amount(part["sell"], int(part["sell_units"]), treasury_id, names)
    if part["sell"] == part["buy"]:
        return f"move {sells}"
    buys = _amount(part["buy"], int(part[least]), treasury_id, names)
    bound = "at least" if least == "min_buy_units" else "about"
    return f"sell {sells} for {bound} {buys} on {venue_name(part['venue'])}"


def _amount(asset: str, units: int, treasury_id: int, names: Names) -> str:
    symbol, decimals = names.get((treasury_id, asset), (asset, 0))
    amount = to_decimal(units=units, decimals=decimals)
    digits = 2 if amount >= 1_000 else 4
    return f"{amount:,.{digits}f} {symbol}"


def _risk(row: Any, cost_bps: Decimal, policy: Mapping[str, Any]) -> Risk:
    """The loudest of what the row itself shows; the proposal's page has the whole list."""
    if row.state == ProposalState.FROZEN:
        return Risk("bad", "Frozen")
    if policy["escalation"]["strategic"] or "strategic" in row.route_reason:
        return Risk("warn", "Strategic")
    if cost_bps >= COST_NEAR_CAP * policy["cost_cap_bps"]:
        return Risk("warn", "Near the cost cap")
    if row.value_usd >= Decimal(policy["review"]["question_value_usd"]):
        return Risk("warn", "Large")
    if row.route == Route.MULTISIG and policy["mode"] != "MANUAL":
        return Risk("warn", "Escalated")
    return Risk("good", "Routine")
