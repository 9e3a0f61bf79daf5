"""Columns that keep money exact and identities well-formed, in the database and not only in
Python."""

from __future__ import annotations

import os
import time
from decimal import Decimal
from functools import partial
from typing import Any, Literal, TypeVar, overload

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

RequiredDecimalField = models.DecimalField[Decimal, Decimal]
NullableDecimalField = models.DecimalField[Decimal | None, Decimal | None]

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


SetType = TypeVar("SetType", bound=int | None)
GetType = TypeVar("GetType", bound=int | None)


class UnitsField(models.Field[SetType, GetType]):
    """Whole base units of a token: unscaled `numeric` with a CHECK, Python `int`.

    A declared scale such as numeric(78, 0) would round .5 silently; this column refuses it.
    `signed` allows |x| < 2^256 (postings), otherwise 0 <= x < 2^256 (balances).
    """

    description = "Whole token units, exact"
    _pyi_private_set_type: int  # read by the type checker: int, or int | None with null=True
    _pyi_private_get_type: int

    def __init__(self, *args: Any, signed: bool = False, **kwargs: Any) -> None:
        self.signed = signed
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        if self.signed:
            kwargs["signed"] = True
        return name, path, list(args), dict(kwargs)

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        column = f'"{self.column}"'
        low = f"abs({column})" if self.signed else column
        positive = "" if self.signed else f" AND {column} >= 0"
        return f"{column} = trunc({column}) AND {low} < 2::numeric ^ 256{positive}"

    def from_db_value(self, value: Decimal | None, *_: object) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> Decimal | None:
        value = super().get_prep_value(value)
        if value is None:
            return None
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError(f"token units are whole numbers, not {value!r}")
        return Decimal(value)

    def to_python(self, value: Any) -> int | None:
        return None if value is None else int(value)


def address_field(**kwargs: Any) -> models.CharField[str, str]:
    """EIP-55 text; the CHECK is `address_check` on the model."""
    return models.CharField(max_length=42, **kwargs)


def hash_field(**kwargs: Any) -> models.CharField[str, str]:
    """0x-prefixed 32-byte hash, lower case."""
    return models.CharField(max_length=66, **kwargs)


@overload
def price_field(*, null: Literal[True]) -> NullableDecimalField: ...
@overload
def price_field() -> RequiredDecimalField: ...
def price_field(**kwargs: Any) -> models.DecimalField[Any, Any]:
    """USD per whole token: 18 decimals, quantised half even before it gets here."""
    return models.DecimalField(max_digits=56, decimal_places=18, **kwargs)


@overload
def usd_field(*, null: Literal[True]) -> NullableDecimalField: ...
@overload
def usd_field() -> RequiredDecimalField: ...
def usd_field(**kwargs: Any) -> models.DecimalField[Any, Any]:
    """USD: 8 decimals, quantised half even before it gets here."""
    return models.DecimalField(max_digits=38, decimal_places=8, **kwargs)


def ulid() -> str:
    """Time-ordered opaque identifier: 48 bits of milliseconds, 80 random bits, Crockford base
    32."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_public_id(prefix: str) -> str:
    return f"{prefix}_{ulid()}"


def public_id_field(prefix: str) -> models.CharField[str, str]:
    """What the outside world calls the row. Never a database key, never part of a digest."""
    return models.CharField(
        max_length=40, unique=True, editable=False, default=partial(new_public_id, prefix)
    )


def address_check(column: str, *, model: str, optional: bool = False) -> models.CheckConstraint:
    pattern = r"^(0x[0-9a-fA-F]{40})?$" if optional else r"^0x[0-9a-fA-F]{40}$"
    return models.CheckConstraint(
        condition=models.Q(**{f"{column}__regex": pattern}), name=f"{model}_{column}_is_address"
    )
