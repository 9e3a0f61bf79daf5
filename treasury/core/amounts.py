"""Exact arithmetic on token units, prices and USD: the only place that rounds.

Shapes: `units` whole base units (int), `decimals` the token's decimals, `price_usd` Decimal per
whole token. Every function runs in its own context (`exact`), so the caller's ambient precision
changes nothing. Rounding is explicit: USD 8 decimals half even (AC-3, AC-13), prices 18 decimals
half even, units as asked. Not done: currencies other than USD, formatting for people.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

EXACT = Context(
    prec=100,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""2^256 units have 78 digits: sums of units and USD amounts are exact, quotients are good to 100
digits."""

USD_DECIMALS = 8
USD_QUANTUM = Decimal(1).scaleb(-USD_DECIMALS)
PRICE_QUANTUM = Decimal("1E-18")
BPS = Decimal(10_000)


def exact(function: Callable[P, R]) -> Callable[P, R]:
    """Runs the function in the `EXACT` context, whatever the caller's context is."""

    @wraps(function)
    def in_exact_context(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(EXACT):
            return function(*args, **kwargs)

    return in_exact_context


@exact
def to_decimal(*, units: int, decimals: int) -> Decimal:
    """Base units as whole tokens: 1_500_000 units of 6 decimals -> 1.5."""
    return Decimal(units).scaleb(-decimals)


@exact
def to_units(*, amount: Decimal, decimals: int, rounding: str) -> int:
    """Whole tokens as base units. `rounding` is one of `decimal`'s constants and has no default:
    who trades rounds toward less trade (ROUND_DOWN), who guards a limit rounds the other way."""
    return int(amount.scaleb(decimals).quantize(Decimal(1), rounding=rounding))


@exact
def quantize_usd(amount: Decimal) -> Decimal:
    """8 decimals, half even: what the journal stores (AC-9, AC-13)."""
    return amount.quantize(USD_QUANTUM)


@exact
def quantize_price(price: Decimal) -> Decimal:
    """18 decimals, half even: what a consensus price is stored with."""
    return price.quantize(PRICE_QUANTUM)


@exact
def value_usd(*, units: int, decimals: int, price_usd: Decimal) -> Decimal:
    """units x price, not rounded: quantise (`quantize_usd`) where it is stored or booked."""
    return (Decimal(units) * price_usd).scaleb(-decimals)


@exact
def bps_of(*, value: Decimal, bps: int | Decimal) -> Decimal:
    """The part of a value that so many basis points are: 100 bps of 50 -> 0.5. Not rounded."""
    return value * bps / BPS


@exact
def share_bps(*, part: Decimal, whole: Decimal) -> Decimal:
    """How many basis points of the whole a part is; 0 of nothing is 0. Not rounded."""
    if whole == 0:
        return Decimal(0)
    return part / whole * BPS
