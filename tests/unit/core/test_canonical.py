from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treasury.core.canonical import NotCanonicalError, canonical_bytes, decimal_text, digest

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@given(number=FLOATS, depth=st.integers(min_value=0, max_value=3))
def test_canonical__float_anywhere__refused(number: float, depth: int) -> None:
    value: object = number
    for _ in range(depth):
        value = {"inside": [value]}
    with pytest.raises(NotCanonicalError):
        canonical_bytes(value)


@pytest.mark.parametrize(
    ("value", "text"), [("1E+3", "1000"), ("1.50", "1.5"), ("-0", "0"), ("1E-8", "0.00000001")]
)
def test_decimal_text__any_notation__plain_and_short(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


def test_digest__key_order_and_trailing_zeros__same() -> None:
    first = {"a": Decimal("1.0"), "b": 2}
    second = {"b": 2, "a": Decimal(1)}
    assert digest(first) == digest(second)
    assert len(digest(first)) == 64


def test_canonical_bytes__large_int__text() -> None:
    assert canonical_bytes([2**53 - 1, 2**53]) == b'[9007199254740991,"9007199254740992"]'


def test_canonical__key_that_is_no_text__refused() -> None:
    with pytest.raises(NotCanonicalError):
        canonical_bytes({1: 2})
