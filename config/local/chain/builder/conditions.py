"""Conditions of Zodiac Roles v2, written as trees and flattened to what the contract takes.

The contract wants a flat list, breadth first, in which each row names its parent; children of
`Matches` stand in the order of the parameters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode

# Parameter types.
_NONE, _STATIC, _DYNAMIC, _TUPLE, _ARRAY, _CALLDATA = range(6)
# Operators.
_PASS, _OR, _MATCHES, _EQUAL_TO_AVATAR, _EQUAL_TO = 0, 2, 5, 15, 16
_GREATER_THAN, _WITHIN_ALLOWANCE = 17, 28

SCOPE_FUNCTION: Final = "scopeFunction(bytes32,address,bytes4,(uint8,uint8,uint8,bytes)[],uint8)"
FlatCondition = tuple[int, int, int, bytes]


@dataclass(frozen=True)
class Condition:
    kind: int
    operator: int
    value: bytes = b""
    children: tuple[Condition, ...] = ()


def flatten(root: Condition) -> list[FlatCondition]:
    flat: list[FlatCondition] = []
    waiting: deque[tuple[int, Condition]] = deque([(0, root)])
    while waiting:
        parent, condition = waiting.popleft()
        position = len(flat)
        flat.append((parent, condition.kind, condition.operator, condition.value))
        waiting.extend((position, child) for child in condition.children)
    return flat


ANY: Final = Condition(_STATIC, _PASS)
AVATAR: Final = Condition(_STATIC, _EQUAL_TO_AVATAR)


def equal(kind: str, value: object) -> Condition:
    """A parameter of a static type has this value."""
    return Condition(_STATIC, _EQUAL_TO, encode([kind], [value]))


def equal_array(kind: str, value: Sequence[object], *, dynamic: bool = False) -> Condition:
    """An array has exactly these elements. The contract wants the element's type as a child."""
    element = Condition(_DYNAMIC if dynamic else _STATIC, _PASS)
    return Condition(_ARRAY, _EQUAL_TO, encode([f"{kind}[]"], [value]), (element,))


def above(floor: int) -> Condition:
    return Condition(_STATIC, _GREATER_THAN, encode(["uint256"], [floor]))


def within(allowance_key: bytes) -> Condition:
    """The parameter is taken from the allowance of this key."""
    return Condition(_STATIC, _WITHIN_ALLOWANCE, allowance_key)


def any_of(*alternatives: Condition) -> Condition:
    return alternatives[0] if len(alternatives) == 1 else Condition(_NONE, _OR, b"", alternatives)


def structure(*parameters: Condition) -> Condition:
    return Condition(_TUPLE, _MATCHES, b"", parameters)


def function(*parameters: Condition) -> Condition:
    return Condition(_CALLDATA, _MATCHES, b"", parameters)
