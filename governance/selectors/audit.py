"""The audit chain as the record keeper's table holds it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import QuerySet


def audit_events() -> QuerySet[Any]:
    """All events, oldest first. One chain for the whole service: what it proves, it proves
    together."""
    rows: QuerySet[Any] = apps.get_model("treasury", "AuditEvent")._default_manager.order_by("id")
    return rows
