"""Every address says which action it is, so that the role matrix can forget none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.views import View

from tests.architecture.source import PACKAGES
from treasury.core.access import ACTIONS


def patterns(entries: Sequence[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns)
        else:
            yield entry


def without_action(entries: Sequence[URLPattern | URLResolver]) -> Iterator[str]:
    """`required_action` is a known action; `method_actions` may name another for a method."""
    for pattern in patterns(entries):
        callback: Any = pattern.callback
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None) or callback
        if view.__module__.split(".")[0] not in {*PACKAGES, "tests"}:
            yield f"{pattern.pattern}: a view of {view.__module__}, subclass it here"
            continue
        named = [getattr(view, "required_action", None)]
        named += getattr(view, "method_actions", {}).values()
        if not set(named) <= ACTIONS:
            yield f"{pattern.pattern}: {view.__qualname__} requires {named}"


def test_every_view_has_its_action() -> None:
    entries = get_resolver().url_patterns
    assert len(list(patterns(entries))) >= 3
    assert list(without_action(entries)) == []


class Planted(View):
    """A view whose author forgot."""


class Misspelt(View):
    required_action = "ledger.raed"


class Fine(View):
    required_action = "ledger.read"


class FineByMethod(Fine):
    method_actions: ClassVar = {"POST": "breaker.trip"}


class MisspeltByMethod(Fine):
    method_actions: ClassVar = {"POST": "breaker.trap"}


def forgotten(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


def test_planted_views_are_caught() -> None:
    entries = [
        path("a", Planted.as_view()),
        path("b", Misspelt.as_view()),
        path("c", forgotten),
        path("d", View.as_view()),
        path("e", Fine.as_view()),
        path("f", FineByMethod.as_view()),
        path("g", MisspeltByMethod.as_view()),
    ]
    assert [line[0] for line in without_action(entries)] == ["a", "b", "c", "d", "g"]
