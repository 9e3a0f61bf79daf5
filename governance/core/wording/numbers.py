"""Durations, shares, fees and lists as people say them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from treasury.core.amounts import exact

GWEI = Decimal(10**9)
MEASURED = re.compile(
    r"(?P<number>-?[0-9]+(?:\.[0-9]+)?) (?P<unit>bps|USD|wei|s)(?P<rest>(?: .*)?)"
)


def span(seconds: int) -> str:
    """`21600` -> `6 hours`: whole days, hours or minutes where they fit."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def about(seconds: int) -> str:
    """`4923` -> `82 minutes`: to whole minutes, hours or days once it is longer than two of
    them."""
    for size in (86_400, 3_600, 60):
        if seconds >= 2 * size:
            return span(seconds // size * size)
    return span(seconds)


def short_span(seconds: int) -> str:
    """`11520` -> `3 h 12 min`: the two largest units, rounded down; nothing is less than `0 s`."""
    days, rest = divmod(max(seconds, 0), 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = [(days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts = parts[1:]
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count or len(parts) == 1)


def percent(bps: int | Decimal) -> str:
    text = f"{Decimal(bps) / 100:,.2f}".rstrip("0").rstrip(".")
    return f"{text} %"


def usd(amount: Decimal) -> str:
    text = f"{amount:,.2f}"
    return f"{text.removesuffix('.00')} USD"


def gwei(wei: int) -> str:
    text = f"{Decimal(wei) / GWEI:,.3f}".rstrip("0").rstrip(".")
    return f"{text} gwei"


def listed(names: Sequence[str], word: str = "and") -> str:
    """`a, b and c`."""
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


@exact
def rule_number(text: str) -> str:
    """What a rule read or allows as people say it: `941.281 bps` as `9.41 %`, `5000000000 wei` as
    `5 gwei`, `21610 s` as `6 hours`, USD with two decimals; what follows the unit, and other texts,
    as they are."""
    found = MEASURED.fullmatch(text)
    if found is None:
        return text
    number, unit, rest = Decimal(found["number"]), found["unit"], found["rest"]
    match unit:
        case "bps":
            said = percent(number)
        case "USD":
            said = f"{number:,.2f} USD"
        case "s":
            said = about(int(number))
        case _:
            said = f"{(number / GWEI).normalize():,f} gwei"
    return said + rest
