"""Where an object's page is, by its public id; text alone where it has none."""

from __future__ import annotations

import re
from typing import Final

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.selectors.registers.naming import Names

register = template.Library()
PUBLIC_ID: Final = re.compile(r"[a-z]+_[0-9A-Z]{26}")

ROUTES: Final[dict[str, tuple[str, ...]]] = {
    "prop": ("proposal-page",),
    "tx": ("execution",),
    "halt": ("halt",),
    "wh": ("channel",),
}
"""Prefix of the public id -> names of routes that take it."""
PLACES: Final[dict[str, str]] = {
    "ntc": "notices",
    "addr": "addresses",
    "key": "integrations",
    "abs": "signers",
    "safe": "signers",
}
"""Prefix -> name of the page that shows all of its kind."""


@register.filter
def object_url(public_id: str) -> str:
    """Empty where no page shows such objects."""
    prefix = public_id.partition("_")[0]
    for name in ROUTES.get(prefix, ()):
        try:
            return reverse(name, args=[public_id])
        except NoReverseMatch:
            continue
    place = PLACES.get(prefix)
    return f"{reverse(place)}#{public_id}" if place else ""


@register.filter
def named(address: str, names: Names) -> SafeString:
    """What we call an address, and the whole of it."""
    name = names.name(address)
    if not name:
        return format_html('<span class="hash">{}</span>', address)
    return format_html('{} <span class="hash">{}</span>', name, address)


@register.filter
def allowance_name(key: str) -> str:
    """The key of an allowance is 32 bytes, by custom a name in ASCII filled up with zeros."""
    raw = bytes.fromhex(key.removeprefix("0x")).rstrip(b"\0")
    return raw.decode() if raw.isascii() and raw.decode("ascii").isprintable() else f"{key[:10]}…"


@register.filter
def object_link(public_id: str) -> SafeString:
    """The id's end, linked to the object's page; a name that is no id is told whole."""
    short = public_id[-8:] if PUBLIC_ID.fullmatch(public_id) else public_id
    url = object_url(public_id)
    if not url:
        return format_html('<span class="hash">{}</span>', short)
    return format_html('<a class="hash" href="{}">{}</a>', url, short)
