"""Read views: filters known by name, rows by public id. Nothing is changed over REST here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.generics import ListAPIView, RetrieveAPIView

from execution.api.serializers import BreakSerializer, TransactionSerializer
from execution.core.lifecycle import TransactionState
from execution.models import Break, BreakStatus, Transaction
from treasury.core import access
from treasury.core.types import moment

PAGING = frozenset({"limit", "cursor"})


class FilteredListView(ListAPIView[Any]):
    """`filters`: query parameter -> lookup. Any other parameter is an error: a filter that does
    nothing would show the wrong rows. `choices` names parameters that take one or several of
    them, `times` those that take a time (RFC 3339)."""

    required_action: str
    times: ClassVar[dict[str, str]] = {
        "created_at[gte]": "created_at__gte",
        "updated_at[gte]": "updated_at__gte",
    }
    filters: ClassVar[dict[str, str]] = {}
    choices: ClassVar[dict[str, frozenset[str]]] = {}
    treasury_path = "treasury_id"
    cursor_ordering = ("-created_at", "-id")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        # Where the caller may act, as the permission class found out; nowhere if it did not.
        allowed: frozenset[int] | None = getattr(self.request, "treasury_ids", frozenset())
        if allowed is not None:
            rows = rows.filter(**{f"{self.treasury_path}__in": allowed})
        for name in self.request.query_params:
            if name in PAGING:
                continue
            value = str(self.request.query_params[name])
            if "\0" in value:
                raise ParseError(f"{name} has a wrong value.", "invalid_filter")
            if name in self.choices:
                rows = rows.filter(**{f"{name}__in": self._chosen(name, value)})
            elif name in self.filters:
                rows = rows.filter(**{self.filters[name]: value})
            elif name in self.times:
                rows = rows.filter(**{self.times[name]: self._moment(name, value)})
            else:
                known = ", ".join(sorted({*self.filters, *self.choices, *self.times}))
                raise ParseError(f"Unknown filter {name}; known: {known}.", "unknown_filter")
        return rows

    def _moment(self, name: str, value: str) -> datetime:
        try:
            return moment(value)
        except ValueError as error:
            raise ParseError(f"{name}: {error}", "invalid_filter") from None

    def _chosen(self, name: str, value: str) -> list[str]:
        wanted = value.split(",")
        if not set(wanted) <= self.choices[name]:
            known = ", ".join(sorted(self.choices[name]))
            raise ParseError(f"{name} is one or several of: {known}.", "invalid_filter")
        return wanted


def _transactions() -> QuerySet[Transaction]:
    return Transaction.objects.select_related(
        "plan__tier__treasury", "safe_transaction__safe"
    ).prefetch_related("attempts", "fills__sell", "fills__buy", "breaks")


class Transactions(FilteredListView):
    required_action = access.PROPOSAL_READ
    serializer_class = TransactionSerializer
    queryset = _transactions()
    treasury_path = "plan__tier__treasury_id"
    filters = {
        "tier": "plan__tier__public_id",
        "treasury": "plan__tier__treasury__public_id",
        "tx_hash": "attempts__tx_hash",
        "safe_tx_hash": "safe_transaction__safe_tx_hash",
    }
    choices = {"state": frozenset(TransactionState)}


class TransactionDetail(RetrieveAPIView[Any]):
    required_action = access.PROPOSAL_READ
    serializer_class = TransactionSerializer
    queryset = _transactions()
    lookup_field = "public_id"


class Breaks(FilteredListView):
    required_action = access.LEDGER_READ
    serializer_class = BreakSerializer
    queryset = Break.objects.select_related("treasury", "transaction", "asset")
    filters = {
        "treasury": "treasury__public_id",
        "transaction": "transaction__public_id",
        "asset": "asset__public_id",
        "kind": "kind",
    }
    choices = {"status": frozenset(BreakStatus.values)}


class BreakDetail(RetrieveAPIView[Any]):
    required_action = access.LEDGER_READ
    serializer_class = BreakSerializer
    queryset = Break.objects.select_related("treasury", "transaction", "asset")
    lookup_field = "public_id"
