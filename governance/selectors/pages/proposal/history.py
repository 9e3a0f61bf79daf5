"""Who did what to the proposal, and when: audit rows and what people said, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.fields.json import KT

from governance.models import Comment, Proposal
from governance.selectors.audit import audit_events

SHOWN_MAX = 200
WORDS = {
    "proposal.proposed": "proposed it",
    "proposal.edited": "changed the legs of the one before",
    "proposal.collecting": "asked for signatures or an approval",
    "proposal.ready": "found everything that was asked for",
    "proposal.handed_over": "handed it over for execution",
    "proposal.done": "finished it",
    "proposal.vetoed": "vetoed it",
    "proposal.rejected": "rejected it",
    "proposal.expired": "let it expire",
    "proposal.superseded": "replaced it",
    "proposal.frozen": "froze it",
    "proposal.flag_acknowledged": "acknowledged a risk",
    "proposal.question_answered": "answered the question",
    "proposal.commented": "commented",
    "approval.approve": "approved it",
    "approval.decline": "declined",
    "approval.veto": "vetoed it",
    "safe_transaction.opened": "wrote the Safe transaction",
    "safe_transaction.confirmed": "signed",
    "confirmation.refused": "brought a signature that was refused",
    "confirmation.incident": "signed something else",
}
SKIPPED = frozenset({"proposal.vetoed"})
"""Told by the approval row beside it already."""


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One entry. `at` is the server's time, `block` the chain's at that moment (0: unknown)."""

    at: datetime
    block: int
    who: str
    is_person: bool
    what: str
    detail: str
    comment: str = ""


def time_line(proposal: Proposal, *, names: dict[str, str]) -> tuple[TimeLine, ...]:
    """One query. `names` are people by wallet."""
    ids = [proposal.public_id]
    if proposal.safe_transaction is not None:
        ids.append(proposal.safe_transaction.public_id)
    said = Comment.objects.filter(proposal=proposal, public_id=OuterRef("comment_id"))
    rows = (
        audit_events()
        .filter(payload__object_id__in=ids)
        .annotate(comment_id=KT("payload__after__comment"))
        .annotate(comment=Subquery(said.values("text")[:1]))
    )
    lines = (_line(row, names) for row in rows[:SHOWN_MAX] if row.payload["action"] not in SKIPPED)
    return tuple(lines)


def _line(row: Any, names: dict[str, str]) -> TimeLine:
    payload, after = row.payload, row.payload.get("after") or {}
    action, actor = payload["action"], payload["actor"]
    owner = str(after.get("owner", ""))
    who = names.get(owner) or names.get(actor) or actor
    return TimeLine(
        at=row.at,
        block=int((payload.get("block") or {}).get("number", 0)),
        who=who,
        is_person=payload["actor_kind"] != "SYSTEM",
        what=WORDS.get(action, action.replace(".", " ").replace("_", " ")),
        detail="" if action == "proposal.commented" else _detail(payload, after),
        comment=row.comment or "",
    )


def _detail(payload: dict[str, Any], after: dict[str, Any]) -> str:
    if "flag" in after:
        name = str(after["flag"]).replace("_", " ")
        return f"{name}: {payload['reason']}" if payload.get("reason") else name
    if "is_right" in after:
        return "right" if after["is_right"] else "wrong"
    return str(payload.get("reason", ""))
