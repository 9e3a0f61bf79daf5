"""Every page of the service, found in its addresses, with somebody who may see it and a real
object to show. A new page is in by itself; one whose object nobody knows fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from governance.core.roles import MATRIX, Role
from governance.web.base import Page
from treasury.core import access

PEOPLE: Final[Mapping[str, Role]] = {
    "sofia": Role.SIGNER,
    "fiona": Role.FINANCE,
    "olga": Role.OPERATOR,
    "ada": Role.ADMIN,
    "arne": Role.AUDITOR,
}
PREFIXES: Final[Mapping[str, str]] = {
    "trs": "treasury.Treasury",
    "tier": "treasury.Tier",
    "prop": "governance.Proposal",
    "tx": "execution.Transaction",
    "ext": "governance.ImportedProposal",
    "addr": "governance.AddressEntry",
    "ntc": "governance.Notice",
    "wh": "governance.Channel",
    "key": "governance.ApiToken",
    "halt": "governance.Halt",
}
OBJECT: Final = re.compile(r"\(\?P<\w+>([a-z]+)_[^()]*\)")


@dataclass(frozen=True, slots=True)
class Place:
    """A page: the name of its route, its pattern, somebody who may look."""

    name: str
    pattern: str
    person: str

    def path(self) -> str:
        """With the newest object of the kind that the address names."""
        text = OBJECT.sub(lambda found: _newest(found[1]), self.pattern)
        return "/" + re.sub(r"/\?\$$|\$$|\^", "", text).lstrip("/")


def places() -> list[Place]:
    found = {}
    for pattern, text in _patterns(get_resolver().url_patterns, ""):
        view: Any = getattr(pattern.callback, "view_class", None)
        if isinstance(view, type) and issubclass(view, Page) and "get" in view.http_method_names:
            if not hasattr(view, "template_name"):
                continue  # it only takes a form
            name = pattern.name or text
            found[name] = Place(name, text, _somebody(view.required_action))
    return [found[name] for name in sorted(found)]


def _patterns(
    entries: list[URLPattern | URLResolver], before: str
) -> Iterator[tuple[URLPattern, str]]:
    for entry in entries:
        text = before + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, text)
        else:
            yield entry, text


def _somebody(action: str) -> str:
    if action == access.PUBLIC:
        return "fiona"
    return next(name for name, role in PEOPLE.items() if action in MATRIX[role])


def _newest(prefix: str) -> str:
    row: Any = apps.get_model(PREFIXES[prefix])._default_manager.order_by("-pk").first()
    assert row is not None, f"the story has no {PREFIXES[prefix]}: tell one"
    return str(row.public_id)
