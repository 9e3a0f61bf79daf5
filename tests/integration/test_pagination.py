"""Cursors: every row once, whatever is inserted meanwhile; forged or foreign ones are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.views import APIView

from config.pagination import SequenceCursorPagination

pytestmark = pytest.mark.django_db


class ByKey(APIView):
    cursor_ordering = ("session_key",)


class Newest(APIView):
    """Not unique in its first field: the second decides."""

    cursor_ordering = ("-expire_date", "session_key")


def page(view: APIView, path: str = "/rows", **parameters: object) -> dict[str, Any]:
    paginator = SequenceCursorPagination()
    request = Request(RequestFactory().get(path, {k: str(v) for k, v in parameters.items()}))
    rows = paginator.paginate_queryset(Session.objects.all(), request, view)
    response = paginator.get_paginated_response([row.session_key for row in rows])
    assert ("Link" in response.headers) is response.data["has_more"]
    data: dict[str, Any] = response.data
    return data


def pages(view: APIView, limit: int) -> Iterator[list[str]]:
    got = page(view, limit=limit)
    yield got["data"]
    while got["has_more"]:
        got = page(view, limit=limit, cursor=got["next_cursor"])
        yield got["data"]
    assert got["next_cursor"] is None


def add(*keys: str) -> None:
    now = timezone.now()
    Session.objects.bulk_create(Session(session_key=key, expire_date=now) for key in keys)


@pytest.mark.parametrize("view", [ByKey(), Newest()])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 200])
def test_every_row_once_in_order(view: APIView, limit: int) -> None:
    add("a", "b", "c")
    add("d", "e", "f")
    wanted = list("abcdef") if isinstance(view, ByKey) else list("defabc")
    assert [key for rows in pages(view, limit) for key in rows] == wanted


def test_rows_inserted_meanwhile_move_nothing() -> None:
    add("b", "d", "f", "h")
    first = page(ByKey(), limit=2)
    add("a", "c", "e", "z")
    second = page(ByKey(), limit=200, cursor=first["next_cursor"])
    assert first["data"] == ["b", "d"]
    assert second["data"] == ["e", "f", "h", "z"]


def test_an_empty_list() -> None:
    assert page(ByKey()) == {"data": [], "has_more": False, "next_cursor": None}


@pytest.mark.parametrize("limit", ["0", "-1", "201", "x", "", "1e1", "99999999999999999999"])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    with pytest.raises(ParseError) as caught:
        page(ByKey(), limit=limit)
    assert caught.value.get_codes() == "invalid_limit"


def test_a_cursor_is_bound_to_its_list() -> None:
    add("a", "b", "c")
    cursor = page(ByKey(), limit=1)["next_cursor"]
    assert page(ByKey(), limit=2, cursor=cursor)["data"] == ["b", "c"]  # the size may change
    for wrong in (
        {"view": Newest(), "cursor": cursor},
        {"view": ByKey(), "cursor": cursor, "state": "a"},
        {"view": ByKey(), "cursor": cursor, "path": "/other"},
        {"view": ByKey(), "cursor": cursor[:-1] + ("A" if cursor[-1] != "A" else "B")},
        {"view": ByKey(), "cursor": "garbage"},
    ):
        with pytest.raises(ParseError) as caught:
            page(**wrong)
        assert caught.value.get_codes() == "invalid_cursor"
