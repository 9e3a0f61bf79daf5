"""Rows for people who look after the service: readable, never writable. Local settings mount it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from treasury.models import (
    Account,
    Asset,
    Decision,
    JournalEntry,
    Lot,
    PolicyVersion,
    Posting,
    Price,
    SafeAccount,
    Snapshot,
    Tier,
    Treasury,
)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Staff may look. Every change to money and state goes through a service and its audit row."""

    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


admin.site.register(
    [
        Account,
        Asset,
        Decision,
        JournalEntry,
        Lot,
        PolicyVersion,
        Posting,
        Price,
        SafeAccount,
        Snapshot,
        Tier,
        Treasury,
    ],
    ReadOnlyAdmin,
)
