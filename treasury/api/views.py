"""What all read views of this package share: filters that are known by name, rows by public id.

Who may act where is decided by the permission class of the settings; this package only obeys.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView

from treasury.core.types import moment

PAGING = frozenset({"limit", "cursor"})
MAX_DIGITS = 19  # of a bigint


class Scoped(GenericAPIView[Any]):
    """Rows of the treasuries in which the caller may act; others are as if they did not exist. The
    permission class leaves them in `request.treasury_ids`; None means all, absence means none."""

    required_action: str
    treasury_path: ClassVar[str] = "treasury"

    def get_queryset(self) -> QuerySet[Any]:
        allowed: frozenset[int] | None = getattr(self.request, "treasury_ids", frozenset())
        rows = super().get_queryset()
        return rows if allowed is None else rows.filter(**{f"{self.treasury_path}__in": allowed})


class ListView(Scoped, ListAPIView[Any]):
    """`filters`: query parameter -> lookup. Any other parameter is an error, never ignored: a
    filter that does nothing would show the wrong rows. `whole_numbers` names those that take
    one; `times` are filters that take a time (RFC 3339). Rows here never change, so that they
    were updated when they were made."""

    filters: ClassVar[dict[str, str]] = {}
    times: ClassVar[dict[str, str]] = {
        "created_at[gte]": "created_at__gte",
        "updated_at[gte]": "created_at__gte",
    }
    whole_numbers: ClassVar[frozenset[str]] = frozenset()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        for name, value in self.request.query_params.items():
            if name in PAGING:
                continue
            lookup = self.filters.get(name) or self.times.get(name)
            if lookup is None:
                known = ", ".join(sorted({*self.filters, *self.times})) or "none"
                raise ParseError(f"Unknown filter {name}; known: {known}.", "unknown_filter")
            try:
                rows = rows.filter(**{lookup: self._value(name, value)})
            except (ValueError, ValidationError):
                raise ParseError(f"{name} has a wrong value.", "invalid_filter") from None
        return rows

    def _value(self, name: str, given: object) -> str | int | datetime:
        text = str(given)
        if name in self.times:
            return moment(text)
        if "\0" in text:  # which the database cannot hold
            raise ParseError(f"{name} has a wrong value.", "invalid_filter")
        if name not in self.whole_numbers:
            return text
        if not (text.isascii() and text.isdigit() and len(text) < MAX_DIGITS):
            raise ParseError(f"{name} must be a whole number.", "invalid_filter")
        return int(text)


class SequencedListView(ListView):
    """Rows numbered per treasury: `after_sequence` gives all behind the last one that was seen.
    The number means nothing without its treasury, so callers who see several name one."""

    whole_numbers: ClassVar[frozenset[str]] = frozenset({"after_sequence"})
    cursor_ordering = ("treasury", "sequence")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        if "after_sequence" in self.request.query_params and "treasury" not in (
            self.request.query_params
        ):
            seen = rows.order_by().values_list("treasury", flat=True).distinct()[:2]
            if len(seen) > 1:
                raise ParseError("after_sequence needs treasury=.", "treasury_needed")
        return rows


class DetailView(Scoped, RetrieveAPIView[Any]):
    lookup_field = "public_id"
    queryset: QuerySet[Model]
