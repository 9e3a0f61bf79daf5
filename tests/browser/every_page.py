"""Every page of the service, found in its addresses, with somebody who may see it and a real
object to show. A new page is in by itself; one whose object nobody knows fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from governance.core.roles import MATRIX, Role
from governance.web.base import Page
from tests.browser.story import SLUG

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
NAMED: Final = re.compile(r"\(\?P<(\w+)>([a-z]+)_")
OTHERS: Final[Mapping[str, str]] = {"tab": "all"}
"""What an address wants besides an object's name."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page: the name of its route, its pattern, somebody who may look (nobody: "")."""

    name: str
    pattern: str
    person: str

    def path(self) -> str:
        """With the newest object of the kind that the address names, if it has to name one."""
        try:
            return reverse(self.name)
        except NoReverseMatch:
            pass
        wanted = {name: value for name, value in OTHERS.items() if f"<{name}>" in self.pattern}
        for name, prefix in NAMED.findall(self.pattern):
            wanted[name] = _newest(prefix)
        if "<slug>" in self.pattern:
            wanted["slug"] = SLUG
        return reverse(self.name, kwargs=wanted)


OPEN: Final = (
    Place("login", "login/?$", ""),
    Place("public", "public/(?P<slug>[a-z0-9-]+)/?$", ""),
)
"""Those that nobody has to be signed in for."""
FORMS: Final = frozenset(
    {
        "account-wallets",
        "account-wallet-text",
        "account-sessions",
        "account-factor",
        "account-factor-removal",
        "account-recovery-codes",
    }
)
"""They only take a form of another page, or lead there for somebody without a second factor; the
tests of identity look at them."""


def places() -> list[Place]:
    found = {place.name: place for place in OPEN}
    for pattern, text in _patterns(get_resolver().url_patterns, ""):
        view: Any = getattr(pattern.callback, "view_class", None)
        if isinstance(view, type) and issubclass(view, Page) and hasattr(view, "template_name"):
            name = pattern.name or text
            if name not in FORMS and "get" in _methods(view):
                found[name] = Place(name, text, _somebody(view.required_action))
    return [found[name] for name in sorted(found)]


def _methods(view: type[Page]) -> list[str]:
    return [method for method in view.http_method_names if hasattr(view, method)]


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
    able = (name for name, role in PEOPLE.items() if action in MATRIX[role])
    return next(able, "fiona")  # what everybody may, whoever they are


def _newest(prefix: str) -> str:
    row: Any = apps.get_model(PREFIXES[prefix])._default_manager.order_by("-pk").first()
    assert row is not None, f"the story has no {PREFIXES[prefix]}: tell one"
    return str(row.public_id)
