"""Tokens and channels with what was said through them. Secrets are not among what is read here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Q, QuerySet

from governance.models import ApiToken, Channel, Notification, NotificationState

DELIVERIES = 50


class TokenState(StrEnum):
    LIVE = "LIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class TokenLine:
    row: ApiToken
    state: TokenState


def token_lines(*, treasury_ids: Iterable[int], now: datetime) -> tuple[TokenLine, ...]:
    """Live ones first, newest first."""
    rows = (
        ApiToken.objects.filter(treasury_id__in=list(treasury_ids))
        .defer("secret_hash")
        .select_related("treasury", "tier", "issuer")
        .order_by("-pk")
    )
    lines = [TokenLine(row, _state(row, now)) for row in rows]
    return tuple(sorted(lines, key=lambda line: line.state is not TokenState.LIVE))


def token_by_public_id(*, treasury_ids: Iterable[int], public_id: str) -> ApiToken | None:
    return ApiToken.objects.filter(treasury_id__in=list(treasury_ids), public_id=public_id).first()


def channels(*, user_id: int, own: Iterable[int], of_treasury: Iterable[int]) -> QuerySet[Channel]:
    """One's own channels in the treasuries `own`, and the treasuries' in `of_treasury`; with
    `failed` and `waiting`, how many messages are."""
    failed = Q(notifications__state=NotificationState.FAILED)
    waiting = Q(notifications__state=NotificationState.WAITING)
    return (
        Channel.objects.filter(
            Q(user_id=user_id, treasury_id__in=list(own))
            | Q(user=None, treasury_id__in=list(of_treasury))
        )
        .defer("secret", "previous_secret")
        .select_related("treasury", "user")
        .annotate(
            failed=Count("notifications", filter=failed),
            waiting=Count("notifications", filter=waiting),
            is_rotating=~Q(previous_secret=""),
        )
        .order_by("user_id", "pk")
    )


def deliveries(channel_id: int) -> list[Notification]:
    """The latest, newest first."""
    return list(Notification.objects.filter(channel_id=channel_id).order_by("-pk")[:DELIVERIES])


def _state(row: ApiToken, now: datetime) -> TokenState:
    if row.revoked_at is not None:
        return TokenState.REVOKED
    return TokenState.EXPIRED if row.expires_at <= now else TokenState.LIVE
