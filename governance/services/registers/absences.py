"""Who is away, and who is told instead. Nothing is delegated: a deputy acts by their own right,
so it has to be another person with the same right."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from governance.models import Absence, User
from governance.services.rights import treasuries_where
from treasury.core.access import BREAKER_RESET, POLICY_APPROVE, PROPOSAL_APPROVE, PROPOSAL_CONFIRM
from treasury.core.types import Actor
from treasury.services.record import record_audit

LONGEST = timedelta(days=366)
ASKED_OF_PEOPLE = (PROPOSAL_APPROVE, PROPOSAL_CONFIRM, POLICY_APPROVE, BREAKER_RESET)
"""What somebody is waited for; the deputy must be able to do whatever of it the absentee can."""


class AbsenceError(ValueError):
    """The absence cannot be like this; the text may be shown."""

    problem_status = 422

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = self.problem_code = code


def set_absence(
    *,
    user: User,
    deputy: User | None,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    rpc_url: str,
    actor: Actor,
) -> Absence:
    """Wall time. Without a deputy the absentee is told all the same. Raises AbsenceError, and
    OwnersUnknownError when the chain has to say who signs and does not."""
    _check_times(starts_at, ends_at, now)
    if deputy is not None:
        _check_deputy(user, deputy, rpc_url)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if Absence.objects.filter(user=user, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
            raise AbsenceError("absence_overlaps", "there is an absence in that time: end it first")
        row = Absence.objects.create(user=user, deputy=deputy, starts_at=starts_at, ends_at=ends_at)
        _record(row, "absence.set", actor)
    return row


def end_absence(*, absence_id: int, now: datetime, actor: Actor) -> Absence:
    """Back now; one that has not begun never does. Doing it twice is doing it once."""
    with transaction.atomic():
        row = Absence.objects.select_for_update().get(pk=absence_id)
        if row.ends_at <= now:
            return row
        row.starts_at = min(row.starts_at, now - timedelta(microseconds=1))
        row.ends_at = now
        row.save(update_fields=["starts_at", "ends_at"])
        _record(row, "absence.ended", actor)
    return row


def _check_times(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise AbsenceError("absence_backward", "an absence ends after it begins")
    if ends_at <= now:
        raise AbsenceError("absence_past", "the absence is over already: name a later end")
    if ends_at - starts_at > LONGEST:
        raise AbsenceError("absence_too_long", "an absence lasts a year at most")


def _check_deputy(user: User, deputy: User, rpc_url: str) -> None:
    if deputy.pk == user.pk:
        raise AbsenceError("deputy_is_absentee", "the deputy has to be another person")
    if not deputy.is_active:
        raise AbsenceError("deputy_inactive", f"{deputy} cannot sign in")
    for action in ASKED_OF_PEOPLE:
        own = treasuries_where(user=user, action=action, rpc_url=rpc_url)
        others = treasuries_where(user=deputy, action=action, rpc_url=rpc_url)
        if not own <= others:
            raise AbsenceError(
                "deputy_lacks_right",
                f"{deputy} may not do what is asked of {user} ({action}): name somebody who may",
            )


def _record(row: Absence, action: str, actor: Actor) -> None:
    record_audit(
        actor=actor,
        action=action,
        object_type="absence",
        object_id=row.public_id,
        block=None,
        after={
            "user": row.user.public_id,
            "deputy": row.deputy.public_id if row.deputy else None,
            "starts_at": row.starts_at.isoformat(),
            "ends_at": row.ends_at.isoformat(),
        },
    )
