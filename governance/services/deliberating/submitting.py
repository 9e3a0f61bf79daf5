"""A whole form at once: acknowledged flags and the answer, before a signature or an approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from governance.core.approvals import ApprovalRefusedError
from governance.core.scrutiny import Demand
from governance.models import User
from governance.services.deliberating.answering import answer
from governance.services.deliberating.gate import said_by, still_missing
from governance.services.deliberating.scrutinising import Scrutiny
from governance.services.deliberating.stating import acknowledge
from treasury.core.types import Actor, BlockRef

WRONG = "That is not what the proposal says. Look again, then answer once more."


@dataclass(frozen=True, slots=True)
class Said:
    """`flags` are the names ticked, with the reason written beside (empty: none)."""

    flags: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""


def deliberate(
    scrutiny: Scrutiny, user: User, said: Said, *, actor: Actor, block: BlockRef
) -> dict[str, str]:
    """Stores what can be stored; errors by field: the flag's name, or `answer`. Empty when nothing
    is missing any more. What was right stays, whatever else was wrong."""
    proposal, errors = scrutiny.dossier.proposal, {}
    for flag, reason in said.flags.items():
        try:
            acknowledge(
                proposal=proposal,
                user=user,
                flag=flag,
                reason=reason,
                up=scrutiny.flags,
                actor=actor,
                block=block,
            )
        except ApprovalRefusedError as refused:
            errors[flag] = _sentence(str(refused))
    asked = scrutiny.question_for(user)
    if asked is not None and said.answer and not said_by(proposal, user).answered:
        try:
            row = answer(
                proposal=proposal,
                user=user,
                asked=asked,
                given=said.answer,
                actor=actor,
                block=block,
            )
        except ApprovalRefusedError as refused:
            errors["answer"] = _sentence(str(refused))
        else:
            if not row.is_right:
                errors["answer"] = WRONG
    return {_place(item): _sentence(item.text) for item in still_missing(scrutiny, user)} | errors


def _place(item: Demand) -> str:
    return item.flag or "answer"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
