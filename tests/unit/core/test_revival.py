from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treasury.core.canonical import LATER, canonical_bytes, digest, plain
from treasury.core.revival import RevivalError, revive
from treasury.core.types import Address, BlockRef


class Operation(IntEnum):
    CALL = 0
    DELEGATECALL = 1


class Kind(StrEnum):
    SWAP = "SWAP"
    TRANSFER = "TRANSFER"


@dataclass(frozen=True, slots=True)
class Call:
    to: Address
    value: int
    data: bytes
    operation: Operation


@dataclass(frozen=True, slots=True)
class Plan:
    """The shapes that stored execution plans and decision inputs use."""

    kind: Kind
    modifier: Address | None
    member_is_safe: bool
    depth_usd: Decimal | None
    parameters: tuple[tuple[str, str], ...]
    batch: tuple[Call, ...]
    block: BlockRef
    later: Later


@dataclass(frozen=True, slots=True)
class Later:
    """Declared after its user, as `Log` is after `Receipt`."""

    numbers: tuple[int, ...]


DECIMAL = st.decimals(allow_nan=False, allow_infinity=False, places=12)
ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: Address("0x" + raw.hex()))
INTEGER = st.integers(min_value=-(2**255), max_value=2**255)
CALLS = st.builds(
    Call,
    to=ADDRESS,
    value=INTEGER,
    data=st.binary(max_size=64),
    operation=st.sampled_from(Operation),
)
PLANS = st.builds(
    Plan,
    kind=st.sampled_from(Kind),
    modifier=st.none() | ADDRESS,
    member_is_safe=st.booleans(),
    depth_usd=st.none() | DECIMAL,
    parameters=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple),
    batch=st.lists(CALLS, max_size=3).map(tuple),
    block=st.builds(BlockRef, number=INTEGER, hash=st.text(max_size=5), timestamp=INTEGER),
    later=st.builds(Later, numbers=st.lists(INTEGER, max_size=3).map(tuple)),
)


def example() -> dict[str, Any]:
    call = Call(Address("0x" + "11" * 20), 2**60, b"\x00\xff", Operation.DELEGATECALL)
    value: dict[str, Any] = plain(
        Plan(
            kind=Kind.SWAP,
            modifier=None,
            member_is_safe=True,
            depth_usd=Decimal("1.5"),
            parameters=(("fee", "500"),),
            batch=(call,),
            block=BlockRef(1, "0xab", 5),
            later=Later((1, 2)),
        )
    )
    return value


@given(plan=PLANS)
@settings(max_examples=60)
def test_revive__of_plain__same_value_and_digest(plan: Plan) -> None:
    """D7: what was stored replays as what it was."""
    revived = revive(Plan, plain(plan))
    assert revived == plan
    assert digest(revived) == digest(plan)


def test_revive__bytes_and_int_enum__typed() -> None:
    call = revive(Plan, example()).batch[0]
    assert call.data == b"\x00\xff"
    assert call.operation is Operation.DELEGATECALL
    assert call.value == 2**60


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("kind",), "BUY", "/kind"),
        (("member_is_safe",), 1, "/member_is_safe"),
        (("depth_usd",), 1.5, "/depth_usd"),
        (("depth_usd",), "1e3", "/depth_usd"),
        (("depth_usd",), "NaN", "/depth_usd"),
        (("parameters", 0), ["fee"], "/parameters/0"),
        (("parameters", 0, 1), 5, "/parameters/0/1"),
        (("parameters",), "text", "/parameters"),
        (("batch", 0, "value"), True, "/batch/0/value"),
        (("batch", 0, "value"), "01", "/batch/0/value"),
        (("batch", 0, "value"), 1.0, "/batch/0/value"),
        (("batch", 0, "data"), "0xF", "/batch/0/data"),
        (("batch", 0, "operation"), True, "/batch/0/operation"),
        (("batch", 0, "operation"), 7, "/batch/0/operation"),
        (("block",), None, "/block"),
        (("modifier",), 5, "/modifier"),
    ],
)
def test_revive__ill_typed__refused_with_its_place(
    path: tuple[Any, ...], value: object, pointer: str
) -> None:
    document = example()
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(RevivalError) as error:
        revive(Plan, document)
    assert error.value.pointer == pointer


def test_revive__unknown_field__refused() -> None:
    document = example()
    document["block"]["a/b"] = 1
    with pytest.raises(RevivalError, match="unknown field") as error:
        revive(Plan, document)
    assert error.value.pointer == "/block/a~1b"


def test_revive__missing_field__refused() -> None:
    document = example()
    del document["later"]
    with pytest.raises(RevivalError, match="missing field") as error:
        revive(Plan, document)
    assert error.value.pointer == "/later"


def test_revive__no_dataclass__is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        revive(int, 5)


def test_canonical_bytes__of_a_revived_plan__identical() -> None:
    document = example()
    assert canonical_bytes(revive(Plan, document)) == canonical_bytes(document)


@dataclass(frozen=True, slots=True)
class Grown:
    """`Later` some releases on."""

    numbers: tuple[int, ...]
    limit: int = field(default=0, metadata=LATER)
    note: Later = field(default=Later(()), metadata=LATER)


def test_later__document_of_before__has_the_default_and_its_old_digest() -> None:
    before = Later((1, 2))
    revived = revive(Grown, plain(before))
    assert revived == Grown((1, 2), 0, Later(()))
    assert digest(revived) == digest(before)


def test_later__value_of_its_own__is_written_and_read() -> None:
    value = Grown((1,), 5, Later((3,)))
    assert plain(value) == {"numbers": [1], "limit": 5, "note": {"numbers": [3]}}
    assert revive(Grown, plain(value)) == value


def test_later__ill_typed_or_unknown__refused_as_ever() -> None:
    with pytest.raises(RevivalError, match="/limit"):
        revive(Grown, {"numbers": [], "limit": "x"})
    with pytest.raises(RevivalError, match="/limits"):
        revive(Grown, {"numbers": [], "limits": 1})
    with pytest.raises(RevivalError, match="missing field"):
        revive(Grown, {"limit": 1})
