"""Lists of the REST API: keyset paging with a signed, opaque cursor.

`?limit=50&cursor=...` -> `{"data": [...], "has_more": true, "next_cursor": "..."}` and a `Link`
header. The cursor names the last row shown by its key, so a row inserted meanwhile neither appears
twice nor pushes another one out of sight. It is bound to the path, the filters and the order it
was made for: elsewhere it is refused, as is a forged one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

SALT = "ballast.pagination"


class SequenceCursorPagination(BasePagination):
    """Orders by `sequence` where the model has one, else by `(created_at, id)`, else by `id`.

    A view chooses another order with `cursor_ordering = ("-created_at", "-id")`; its last field
    must be unique and none may be null. Only QuerySets can be paged.
    """

    default_limit = 50
    max_limit = 200
    limit_param = "limit"
    cursor_param = "cursor"

    def paginate_queryset(
        self,
        queryset: QuerySet[Any] | Sequence[Any],
        request: Request,
        view: APIView | None = None,
    ) -> list[Any]:
        if not isinstance(queryset, QuerySet):
            raise TypeError(f"{type(view).__name__}: only a QuerySet can be paged by its keys")
        self.request = request
        ordering = getattr(view, "cursor_ordering", None) or default_ordering(queryset.model)
        limit = self._limit(request)
        scope = self._scope(request, ordering)
        rows = queryset.order_by(*ordering)
        cursor = request.query_params.get(self.cursor_param)
        if cursor:
            rows = self._after(rows, ordering, self._read(cursor, scope))
        page = list(rows[: limit + 1])
        self.has_more = len(page) > limit
        page = page[:limit]
        self.next_cursor = self._write(page[-1], ordering, scope) if self.has_more else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        headers = {}
        if self.next_cursor:
            here = self.request.build_absolute_uri()
            link = replace_query_param(here, self.cursor_param, self.next_cursor)
            headers["Link"] = f'<{link}>; rel="next"'
        body = {"data": data, "has_more": self.has_more, "next_cursor": self.next_cursor}
        return Response(body, headers=headers)

    # -------------------------------------------------------------------------------- parameters
    def _limit(self, request: Request) -> int:
        given = request.query_params.get(self.limit_param)
        if given is None:
            return self.default_limit
        if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= self.max_limit):
            raise ParseError(f"limit must be a number from 1 to {self.max_limit}.", "invalid_limit")
        return int(given)

    def _scope(self, request: Request, ordering: Sequence[str]) -> str:
        """What the cursor belongs to: the path, the order, every filter; not the page size."""
        filters = sorted(
            (name, value)
            for name, values in request.query_params.lists()
            if name not in {self.limit_param, self.cursor_param}
            for value in values
        )
        text = repr((request.path.rstrip("/"), tuple(ordering), filters))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    # -------------------------------------------------------------------------------- cursor
    def _write(self, row: Model, ordering: Sequence[str], scope: str) -> str:
        fields = (row._meta.get_field(name.removeprefix("-")) for name in ordering)
        key = [field.value_to_string(row) for field in fields]  # type: ignore[union-attr]
        return signing.dumps({"key": key, "scope": scope}, salt=SALT, compress=False)

    def _read(self, cursor: str, scope: str) -> list[str]:
        try:
            content = signing.loads(cursor, salt=SALT)
        except signing.BadSignature:
            raise ParseError("The cursor is not one of ours.", "invalid_cursor") from None
        if content["scope"] != scope:
            raise ParseError("The cursor belongs to another list or filter.", "invalid_cursor")
        key: list[str] = content["key"]
        return key

    def _after(
        self, rows: QuerySet[Any], ordering: Sequence[str], key: Sequence[str]
    ) -> QuerySet[Any]:
        """`a > x OR (a = x AND b > y) OR ...`; field by field, because directions may differ."""
        condition, equal = Q(), Q()
        try:
            for name, text in zip(ordering, key, strict=True):
                field = name.removeprefix("-")
                value = rows.model._meta.get_field(field).to_python(text)
                side = "lt" if name.startswith("-") else "gt"
                condition |= equal & Q(**{f"{field}__{side}": value})
                equal &= Q(**{field: value})
        except (ValueError, ValidationError):  # signed by us, but before the model changed
            raise ParseError("The cursor is out of date.", "invalid_cursor") from None
        return rows.filter(condition)

    # -------------------------------------------------------------------------------- OpenAPI
    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["data", "has_more", "next_cursor"],
            "properties": {
                "data": schema,
                "has_more": {"type": "boolean"},
                "next_cursor": {"type": ["string", "null"]},
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {
                "name": self.limit_param,
                "in": "query",
                "description": "Rows per page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_limit,
                    "default": self.default_limit,
                },
            },
            {
                "name": self.cursor_param,
                "in": "query",
                "description": "`next_cursor` of the page before.",
                "schema": {"type": "string"},
            },
        ]


def default_ordering(model: type[Model]) -> tuple[str, ...]:
    for names in (("sequence",), ("created_at", "id")):
        try:
            for name in names:
                model._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        return names
    return (model._meta.pk.name,)
