"""Halts that somebody closed past the service: they stand, and are opened again for all to see."""

from __future__ import annotations

from django.db import transaction

from governance.models import Halt
from governance.selectors.halts import unproven_halts
from governance.services.halts import announce_reopened
from treasury.core.types import Actor, BlockRef


def reopen_unproven(*, actor: Actor, block: BlockRef) -> int:
    """Every closed halt without the audit events of its closing becomes an open one: an incident.
    Where the same breaker is open again on that scope, that one covers it. How many."""
    reopened = 0
    for halt_id in unproven_halts().values_list("pk", flat=True):
        reopened += _reopen(halt_id, actor=actor, block=block)
    return reopened


def _reopen(halt_id: int, *, actor: Actor, block: BlockRef) -> bool:
    with transaction.atomic():
        halt = unproven_halts().select_for_update(of=("self",)).filter(pk=halt_id).first()
        if halt is None:
            return False
        same = Halt.objects.filter(scope_id=halt.scope_id, breaker=halt.breaker, closed_at=None)
        if same.exists():
            return False
        before: dict[str, object] = {
            "closed_at": halt.closed_at,
            "first_closer": halt.first_closer.public_id if halt.first_closer else None,
            "second_closer": halt.second_closer.public_id if halt.second_closer else None,
        }
        Halt.objects.filter(pk=halt.pk).update(
            closed_at=None, first_closer=None, second_closer=None, close_reason=""
        )
        announce_reopened(halt, before=before, actor=actor, block=block)
    return True
