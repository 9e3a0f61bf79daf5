"""Reads parameters of a price source strictly: an unknown, missing or ill-typed one is named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from treasury.adapters.prices.base import PriceParametersError
from treasury.adapters.rpc import checksum
from treasury.core.types import Address

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


def check_names(
    parameters: Mapping[str, Any], *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> None:
    for name in required:
        if name not in parameters:
            raise PriceParametersError(name, "is missing")
    for name in parameters:
        if name not in required + optional:
            raise PriceParametersError(name, "is not a parameter of this kind of source")


def address(parameters: Mapping[str, Any], name: str) -> Address:
    value = parameters[name]
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise PriceParametersError(name, f"{value!r} is not an address")
    checked = checksum(value)
    if value not in (checked, checked.lower()):
        raise PriceParametersError(name, f"{value} has a wrong checksum")
    return checked


def integer(parameters: Mapping[str, Any], name: str, *, low: int, high: int) -> int:
    """A whole number, as a number or (beyond 2^53) as text."""
    value = parameters[name]
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PriceParametersError(name, f"{value!r} is not a whole number")
    try:
        number = int(value)
    except ValueError:
        raise PriceParametersError(name, f"{value!r} is not a whole number") from None
    if not low <= number <= high:
        raise PriceParametersError(name, f"{number} is outside {low} to {high}")
    return number


def decimal(parameters: Mapping[str, Any], name: str) -> Decimal:
    """A positive decimal number, as text: JSON numbers lose digits."""
    value = parameters[name]
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise PriceParametersError(name, f"{value!r} is not a positive number as text")
    return number


def words(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters[name]
    if not isinstance(value, str) or not value:
        raise PriceParametersError(name, f"{value!r} is not text")
    return value
