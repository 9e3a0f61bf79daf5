"""What stands in the main menu, in this order. A page adds its line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.urls import reverse


@dataclass(frozen=True, slots=True)
class MenuItem:
    label: str
    url: str
    is_current: bool


MENU: Final[tuple[tuple[str, str], ...]] = (
    ("home", "Home"),
    ("proposals", "Proposals"),
    ("executions", "Executions"),
    ("monitoring", "Monitoring"),
    ("signers", "Signers"),
    ("addresses", "Addresses"),
    ("notices", "Notices"),
    ("audit", "Audit"),
    ("integrations", "Integrations"),
)
"""(name of the route, label)."""


def menu(path: str) -> tuple[MenuItem, ...]:
    """`path` is the request's: the longest entry that it begins with is the current one."""
    entries = [(label, reverse(name)) for name, label in MENU]
    fitting = [url for _, url in entries if path == url or (url != "/" and path.startswith(url))]
    current = max(fitting, key=len, default="")
    return tuple(MenuItem(label, url, url == current) for label, url in entries)
