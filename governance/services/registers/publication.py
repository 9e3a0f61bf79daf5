"""The public page of a treasury: one person asks, a second one publishes, anyone of them who may
approve policies withdraws it at once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from governance.models import Publication, User
from treasury.core.types import Actor, BlockRef
from treasury.services.record import emit_event, record_audit

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,58}[a-z0-9])", re.ASCII)


class PublicationError(ValueError):
    """The page cannot be asked for, published or withdrawn like this; nothing was changed."""

    problem_status = 409

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = self.problem_code = code


def ask_publication(
    *, treasury_id: int, slug: str, user: User, actor: Actor, block: BlockRef
) -> Publication:
    """Nothing is public yet. One live page per treasury, one treasury per address."""
    if not SLUG.fullmatch(slug):
        raise PublicationError(
            "slug_invalid",
            "The address has 3 to 60 small letters, digits and hyphens, and no hyphen at its ends.",
        )
    try:
        with transaction.atomic():
            row = Publication.objects.create(treasury_id=treasury_id, slug=slug, author=user)
            _record("publication.asked", row, actor=actor, block=block)
    except IntegrityError as error:
        raise PublicationError(
            "already_published",
            "This address is taken, or the treasury has a page already: withdraw that one first.",
        ) from error
    return row


def approve_publication(
    *, publication_id: int, user: User, actor: Actor, block: BlockRef
) -> Publication:
    """From here on everybody may read it. The author alone is not enough."""
    with transaction.atomic():
        row = Publication.objects.select_for_update().get(pk=publication_id)
        if row.withdrawn_at is not None:
            raise PublicationError("withdrawn", "The page was withdrawn: ask for it anew.")
        if row.approver_id is not None:
            raise PublicationError("already_published", "The page is public already.")
        if row.author_id == user.pk:
            raise PublicationError(
                "second_person_required", "Another person than the one who asked publishes it."
            )
        row.approver = user
        row.save(update_fields=["approver"])
        _record("publication.approved", row, actor=actor, block=block)
    return row


def withdraw_publication(
    *, publication_id: int, now: datetime, actor: Actor, block: BlockRef
) -> Publication:
    """One person is enough to end it. `now` is wall time: readers live there."""
    with transaction.atomic():
        row = Publication.objects.select_for_update().get(pk=publication_id)
        if row.withdrawn_at is not None:
            raise PublicationError("withdrawn", "The page was withdrawn already.")
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        _record("publication.withdrawn", row, actor=actor, block=block)
    return row


def _record(action: str, row: Publication, *, actor: Actor, block: BlockRef) -> None:
    after: dict[str, Any] = {"slug": row.slug, "treasury": row.treasury.public_id}
    emit_event(treasury_id=row.treasury_id, kind=action, payload=after)
    record_audit(
        actor=actor,
        action=action,
        object_type="publication",
        object_id=row.slug,
        block=block,
        after=after,
    )
