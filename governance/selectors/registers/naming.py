"""What an address is called: our own Safes, people's wallets, the address book, tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from governance.models import AddressEntry
from governance.selectors.people import names_of_wallets

if TYPE_CHECKING:
    from treasury.models import Asset, SafeAccount, Treasury


@dataclass(frozen=True, slots=True)
class Names:
    """`known` maps an address to its name and what gives it: "Safe", "person", "book", "token"."""

    known: dict[str, tuple[str, str]]

    def name(self, address: str) -> str:
        return self.known.get(address, ("", ""))[0]

    def kind(self, address: str) -> str:
        return self.known.get(address, ("", ""))[1]


def names(
    *,
    treasury: Treasury,
    safes: Iterable[SafeAccount],
    tokens: Iterable[Asset],
    asked: Iterable[str],
    now: datetime,
) -> Names:
    """`asked`: addresses that may be wallets of people. What we know ourselves wins over the book,
    so that a label never covers a Safe. Two queries."""
    book = AddressEntry.objects.filter(
        treasury=treasury, approver__isnull=False, withdrawn_at=None, expires_at__gt=now
    )
    known = {row.address: (row.label, "book") for row in book}
    known |= {address: (name, "person") for address, name in names_of_wallets(asked).items()}
    known |= {row.address: (f"{row.symbol} token", "token") for row in tokens}
    for safe in safes:
        known[safe.address] = (f"{safe.name} Safe", "Safe")
        if safe.modifier_address:
            known[safe.modifier_address] = (f"Roles modifier of the {safe.name} Safe", "Safe")
    known[treasury.executor_address] = ("executor", "Safe")
    return Names(known)
