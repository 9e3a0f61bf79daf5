"""What all read views of this package share: filters that are known by name, rows by public id.

Which rows a caller may see is decided by the filter backends and permissions of the settings.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.generics import ListAPIView, RetrieveAPIView

PAGING = frozenset({"limit", "cursor"})


class ListView(ListAPIView[Any]):
    """`filters`: query parameter -> lookup. Any other parameter is an error, never ignored: a
    filter that does nothing would show the wrong rows. `whole_numbers` names those that take
    one."""

    required_action: str
    filters: ClassVar[dict[str, str]] = {}
    whole_numbers: ClassVar[frozenset[str]] = frozenset()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        for name, value in self.request.query_params.items():
            if name in PAGING:
                continue
            if name not in self.filters:
                known = ", ".join(sorted(self.filters)) or "none"
                raise ParseError(f"Unknown filter {name}; known: {known}.", "unknown_filter")
            if name in self.whole_numbers and not _is_whole(value):
                raise ParseError(f"{name} must be a whole number.", "invalid_filter")
            try:
                rows = rows.filter(**{self.filters[name]: value})
            except (ValueError, ValidationError):
                raise ParseError(f"{name} has a wrong value.", "invalid_filter") from None
        return rows


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


class DetailView(RetrieveAPIView[Any]):
    required_action: str
    lookup_field = "public_id"
    queryset: QuerySet[Model]


def _is_whole(value: object) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit() and len(text) < 19
