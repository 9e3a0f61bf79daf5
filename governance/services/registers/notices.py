"""Notices: written by operators and finance, never edited, withdrawn when they no longer hold
(G10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction

from governance.models import Notice, NoticeKind, User
from treasury.core.types import Actor, BlockRef
from treasury.selectors.portfolio import assets
from treasury.services.record import emit_event, record_audit

TITLE_MAX: Final = 120
BODY_MAX: Final = 2_000
URL_MAX: Final = 300
LATEST_END: Final = 4_102_444_800
"""The year 2100: a notice that ends later is a typing mistake."""


class NoticeRefusedError(ValueError):
    """`problems`: field -> what is wrong with it and how to mend it."""

    problem_code = "notice_refused"
    problem_status = 422

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in problems.items()))
        self.problems = problems
        self.problem_members = {
            "errors": [
                {"pointer": f"/{field}", "code": "invalid", "detail": text}
                for field, text in problems.items()
            ]
        }


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """`starts_at` and `ends_at` are block time; None where the caller could not read a time.
    Without `assets` (public ids) it concerns the whole treasury."""

    kind: str
    title: str
    body: str
    source_url: str
    starts_at: int | None
    ends_at: int | None
    assets: Sequence[str] = ()


def write_notice(
    *, treasury_id: int, draft: NoticeDraft, author: User, actor: Actor, block: BlockRef
) -> Notice:
    """In force from its first second to its last. One that has ended already is refused: nobody
    would ever be shown it."""
    known = {asset.public_id: asset for asset in assets(treasury_id)}
    problems = _problems(draft, known=frozenset(known), now=block.timestamp)
    if problems or draft.starts_at is None or draft.ends_at is None:
        raise NoticeRefusedError(problems)
    with transaction.atomic():
        notice = Notice.objects.create(
            treasury_id=treasury_id,
            kind=draft.kind,
            title=draft.title.strip(),
            body=draft.body.strip(),
            source_url=draft.source_url.strip(),
            starts_at=draft.starts_at,
            ends_at=draft.ends_at,
            author=author,
        )
        affected = [known[public_id] for public_id in sorted(set(draft.assets))]
        notice.assets.set(affected)
        payload = {
            "notice": notice.public_id,
            "kind": notice.kind,
            "title": notice.title,
            "starts_at": notice.starts_at,
            "ends_at": notice.ends_at,
            "assets": [asset.public_id for asset in affected],
        }
        emit_event(treasury_id=treasury_id, kind="notice.written", payload=payload)
        record_audit(
            actor=actor,
            action="notice.written",
            object_type="notice",
            object_id=notice.public_id,
            block=block,
            after={**payload, "source_url": notice.source_url},
        )
    return notice


def withdraw_notice(*, notice_id: int, reason: str, actor: Actor, block: BlockRef) -> Notice:
    """Idempotent: withdrawing twice changes nothing the second time."""
    if not reason.strip():
        raise NoticeRefusedError({"reason": "Say why it no longer holds."})
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=notice_id)
        if notice.withdrawn_at is None:
            notice.withdrawn_at = block.timestamp
            notice.save()
            payload = {"notice": notice.public_id, "title": notice.title}
            emit_event(treasury_id=notice.treasury_id, kind="notice.withdrawn", payload=payload)
            record_audit(
                actor=actor,
                action="notice.withdrawn",
                object_type="notice",
                object_id=notice.public_id,
                block=block,
                reason=reason.strip()[:300],
            )
    return notice


def _problems(draft: NoticeDraft, *, known: frozenset[str], now: int) -> dict[str, str]:
    found = _text_problems(draft)
    if draft.starts_at is None:
        found["starts_at"] = "Write day and time in UTC, as 2026-01-31T14:00."
    if draft.ends_at is None:
        found["ends_at"] = "Write day and time in UTC, as 2026-01-31T14:00."
    elif draft.starts_at is not None and draft.ends_at <= draft.starts_at:
        found["ends_at"] = "It has to end after it starts."
    elif draft.ends_at <= now:
        found["ends_at"] = "It is over already: nobody would be shown it."
    elif draft.ends_at > LATEST_END:
        found["ends_at"] = "After the year 2100: mistyped?"
    unknown = sorted(set(draft.assets) - known)
    if unknown:
        found["assets"] = f"This treasury has no asset {', '.join(unknown)}."
    return found


def _text_problems(draft: NoticeDraft) -> dict[str, str]:
    found = {}
    if draft.kind not in NoticeKind.values:
        found["kind"] = f"One of {', '.join(NoticeKind.values)}."
    for field, longest in (("title", TITLE_MAX), ("body", BODY_MAX), ("source_url", URL_MAX)):
        text = getattr(draft, field).strip()
        if not text:
            found[field] = "This is needed."
        elif len(text) > longest:
            found[field] = f"At most {longest} characters; these are {len(text)}."
        elif "\0" in text:
            found[field] = "Only text, no control characters."
    if "source_url" not in found and not _is_web_address(draft.source_url.strip()):
        found["source_url"] = "The address of the announcement, beginning with https://."
    return found


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and " " not in text
