"""Channels and their messages, for those who may handle them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Prefetch, Q, QuerySet

from governance.models import Channel, DeliveryTry, Notification, User


def channels_for(
    *, user: User, treasury_ids: Iterable[int], shared_in: Iterable[int]
) -> QuerySet[Channel]:
    """The person's own in these treasuries, and the treasury's own in those of `shared_in`."""
    own = Q(user=user, treasury_id__in=list(treasury_ids))
    shared = Q(user__isnull=True, treasury_id__in=list(shared_in))
    return Channel.objects.filter(own | shared).select_related("treasury", "user")


def deliveries(*, channel_id: int) -> QuerySet[Notification]:
    """Messages to a channel, each with its tries, oldest try first."""
    tries = Prefetch("delivery_tries", DeliveryTry.objects.order_by("pk"))
    rows = Notification.objects.filter(channel_id=channel_id)
    return rows.select_related("channel").prefetch_related(tries)
