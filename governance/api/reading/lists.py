"""Lists of governance's rows: kept to the caller's treasuries, filtered by name."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.generics import ListAPIView

from governance.api.permissions import TreasuryScope
from treasury.core.types import moment

PAGING = frozenset({"limit", "cursor"})


class FilteredList(ListAPIView[Any]):
    """`filters`: query parameter -> lookup; `choices` take one or several of the named words,
    `times` a time (RFC 3339). Any other parameter is an error: a filter that does nothing would
    show the wrong rows."""

    filter_backends = [TreasuryScope]
    cursor_ordering: ClassVar[tuple[str, ...]] = ("-created_at", "-id")
    filters: ClassVar[dict[str, str]] = {}
    choices: ClassVar[dict[str, frozenset[str]]] = {}
    times: ClassVar[dict[str, str]] = {
        "created_at[gte]": "created_at__gte",
        "updated_at[gte]": "updated_at__gte",
    }

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        for name, value in self.request.query_params.items():
            if name not in PAGING:
                rows = rows.filter(**self._condition(name, str(value)))
        return rows

    def _condition(self, name: str, value: str) -> dict[str, str | list[str] | datetime]:
        if "\0" in value:  # which the database cannot hold
            raise ParseError(f"{name} has a wrong value.", "invalid_filter")
        if name in self.choices:
            wanted = value.split(",")
            if not set(wanted) <= self.choices[name]:
                known = ", ".join(sorted(self.choices[name]))
                raise ParseError(f"{name} is one or several of: {known}.", "invalid_filter")
            return {f"{name}__in": wanted}
        if name in self.times:
            try:
                return {self.times[name]: moment(value)}
            except ValueError as error:
                raise ParseError(f"{name}: {error}", "invalid_filter") from None
        if name not in self.filters:
            known = ", ".join(sorted({*self.filters, *self.choices, *self.times}))
            raise ParseError(f"Unknown filter {name}; known: {known}.", "unknown_filter")
        return {self.filters[name]: value}
