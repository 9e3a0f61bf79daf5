"""Answers to the question drawn from the proposal. Wrong ones are kept and told; guessing is
limited."""

from __future__ import annotations

from django.core.cache import cache
from django.db import transaction

from governance.core.approvals import ApprovalRefusedError
from governance.core.questions import Question, is_right
from governance.models import Answer, Proposal, User
from governance.selectors.proposals import plan_of
from treasury.core.types import Actor, BlockRef
from treasury.services.record import record_audit

WRONG_MAX = 3
WINDOW_SECONDS = 300
GIVEN_MAX = 120


class TooManyAnswersError(ApprovalRefusedError):
    """Reading helps, guessing does not."""

    problem_status = 429
    retry_after_seconds = WINDOW_SECONDS

    def __init__(self) -> None:
        super().__init__(
            "too_many_answers",
            f"{WRONG_MAX} wrong answers: read the proposal and try again in"
            f" {WINDOW_SECONDS // 60} minutes",
        )


def answer(
    *, proposal: Proposal, user: User, asked: Question, given: str, actor: Actor, block: BlockRef
) -> Answer:
    """Stored whether right or wrong. Nothing about the proposal changes. Without the cache nothing
    is taken: a limit that cannot count does not let pass."""
    if not given.strip():
        raise ApprovalRefusedError("question_unanswered", "answer the question")
    key = f"governance.wrong.{proposal.pk}.{user.pk}"
    cache.add(key, 0, WINDOW_SECONDS)
    if int(cache.get(key, 0)) >= WRONG_MAX:
        raise TooManyAnswersError
    right = is_right(asked, given)
    with transaction.atomic():
        row = Answer.objects.create(
            proposal=proposal,
            user=user,
            plan_digest=plan_of(proposal).digest,
            question=asked.key,
            given=given.strip()[:GIVEN_MAX],
            is_right=right,
        )
        record_audit(
            actor=actor,
            action="proposal.question_answered",
            object_type="proposal",
            object_id=proposal.public_id,
            block=block,
            after={"question": asked.key, "is_right": right, "plan_digest": row.plan_digest},
        )
    if not right:
        cache.incr(key)
    return row
