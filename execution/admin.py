"""Rows of execution, to look at. See `treasury.admin`."""

from __future__ import annotations

from django.contrib import admin

from execution.models import Attempt, Break, Confirmation, Fill, Plan, SafeTransaction, Transaction
from treasury.admin import ReadOnlyAdmin

admin.site.register(
    [Attempt, Break, Confirmation, Fill, Plan, SafeTransaction, Transaction], ReadOnlyAdmin
)
