"""How amounts, venues, rules and states are said on the proposal page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from governance.selectors.dossiers import Dossier
from treasury.core.amounts import exact

VERBS: Final = {
    "SWAP": "sell",
    "DEPOSIT": "deposit",
    "WITHDRAW": "withdraw",
    "TRANSFER": "transfer",
}
SHOWN_DIGITS: Final = 6
ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class Amount:
    """A token amount as it is said: at least six significant digits, rounded down. `exact` has them
    all."""

    units: int
    decimals: int
    symbol: str

    def __str__(self) -> str:
        return f"{short_amount(self.units, self.decimals)} {self.symbol}"

    @property
    def exact(self) -> str:
        return f"{exact_amount(self.units, self.decimals)} {self.symbol}"


@exact
def exact_amount(units: int, decimals: int) -> str:
    """All digits of a token amount with separators, no trailing zeros."""
    text = f"{Decimal(units).scaleb(-decimals):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short_amount(units: int, decimals: int) -> str:
    """At least six significant digits, rounded down, never fewer than the whole part: for
    sentences. The exact amount stands beside it on the page."""
    whole, _, fraction = exact_amount(abs(units), decimals).partition(".")
    digits = len(whole.replace(",", "").lstrip("0"))
    leading = len(fraction) - len(fraction.lstrip("0")) if digits == 0 else 0
    kept = fraction[: max(SHOWN_DIGITS - digits, 2) + leading].rstrip("0")
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{kept}" if kept else f"{sign}{whole}"


def with_symbols(text: str, found: Dossier) -> str:
    """Asset addresses in a rule's text as symbols, and `a>b` as a pair in words."""
    named = ADDRESS.sub(lambda match: found.symbol(match[0]), text)
    return named.replace(">", " to ")


def rule_name(rule: str) -> str:
    return rule.replace("_", " ").capitalize()
