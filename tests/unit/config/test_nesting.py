"""The depth of a JSON text is known before a parser meets it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treasury.core.canonical import DEPTH_MAX, is_too_deep

JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_is_too_deep__brackets_in_strings__do_not_count(value: object) -> None:
    quoted = json.dumps([value, "[{" * DEPTH_MAX, '"\\'])
    assert not is_too_deep(quoted)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_is_too_deep__at_the_limit__only_one_more_is_refused(opening: str, closing: str) -> None:
    at_limit = opening * DEPTH_MAX + "1" + closing * DEPTH_MAX
    assert not is_too_deep(at_limit)
    assert is_too_deep(opening + at_limit + closing)
    assert not is_too_deep(", ".join([at_limit] * 3))


def test_is_too_deep__a_string_that_never_ends__is_a_string() -> None:
    assert not is_too_deep('"' + "[" * 100_000)
    assert is_too_deep("[" * 100_000)
