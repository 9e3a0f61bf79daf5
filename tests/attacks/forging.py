"""The bytes of ATK-11 to ATK-26 on the local treasury, each with the rules that may refuse it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from execution.adapters.venues.uniswap_v3 import SWAP
from execution.core import planning
from execution.core.abi import decode_call, encode_call
from execution.core.contracts import (
    APPROVE,
    DEADLINE,
    IDENTITY,
    SWAP_ROUTER,
    SWAP_ROUTER02,
    TRANSFER,
)
from execution.core.safe_tx import approved_by
from execution.core.types import Call, Operation, Rule, SafeTxFields
from tests.attacks.scene import EVIL, OPEN_MULTISEND, Scene, plus
from tests.unit.verify.exports import packed

Make = Callable[[Scene], SafeTxFields]
FOREVER = 2**256 - 1


def swapped(scene: Scene, **changes: Any) -> list[Call]:
    """The plan's calls with arguments of the first swap changed: recipient, deadline, least."""
    places = {"recipient": 3, "deadline": 4, "least": 6}
    middle = list(scene.calls[1:-1])
    at = next(i for i, call in enumerate(middle) if call.to == SWAP_ROUTER)
    (values,) = decode_call(SWAP, middle[at].data)
    new = list(values)
    for name, value in changes.items():
        new[places[name]] = value
    middle[at] = replace(middle[at], data=encode_call(SWAP, tuple(new)))
    return middle


def approved(scene: Scene, spender: str | None = None, units: int | None = None) -> list[Call]:
    """The first approval to somebody else, or of another amount."""
    middle = list(scene.calls[1:-1])
    to, amount = decode_call(APPROVE, middle[0].data)
    data = encode_call(APPROVE, spender or to, amount if units is None else units)
    middle[0] = replace(middle[0], data=data)
    return middle


def admin(signature: str, *arguments: Any) -> tuple[Make, ...]:
    data = encode_call(signature, *arguments)
    return (
        lambda s: s.raw(to=s.fields.safe, data=data, operation=Operation.CALL),
        lambda s: plus(s, Call(s.fields.safe, 0, data, "")),
        lambda s: s.nested(packed([s.calls[0], Call(s.tier_safe, 0, data, ""), s.calls[-1]])),
    )


def framed(scene: Scene, first: Call | None = None, last: Call | None = None) -> SafeTxFields:
    calls = scene.calls
    return scene.batch([first or calls[0], *calls[1:-1], last or calls[-1]])


def nested_batch(scene: Scene, **changes: Any) -> bytes:
    token = scene.calls[1].to
    pay = Call(token, 0, encode_call(TRANSFER, scene.fields.safe, 5), "")
    calls = [scene.calls[0], pay, pay, scene.calls[-1]]
    return packed(calls, changes.get("operation", 0))


FORGERIES: dict[str, tuple[tuple[Make, ...], frozenset[Rule]]] = {
    "ATK-11": (
        (
            lambda s: s.batch(s.calls, inner_operation=1),
            lambda s: s.nested(nested_batch(s, operation=1)),
            lambda s: s.nested(to=OPEN_MULTISEND),
            lambda s: s.nested(to=EVIL),
        ),
        frozenset({Rule.OPERATION}),
    ),
    "ATK-12": (
        (lambda s: plus(s, Call(s.calls[1].to, 0, encode_call(TRANSFER, EVIL, 1), "")),),
        frozenset({Rule.RECIPIENT}),
    ),
    "ATK-13": ((lambda s: s.raw(to=OPEN_MULTISEND),), frozenset({Rule.OPERATION})),
    "ATK-14": (
        (lambda s: s.with_middle(swapped(s, recipient=EVIL)),),
        frozenset({Rule.RECIPIENT}),
    ),
    "ATK-15": (
        (
            lambda s: s.with_middle(swapped(s, least=0)),
            lambda s: s.with_middle(swapped(s, least=1)),
        ),
        frozenset({Rule.MINIMUM}),
    ),
    "ATK-16": (
        (
            lambda s: s.with_middle(swapped(s, deadline=FOREVER)),
            lambda s: framed(s, first=planning.deadline_call(FOREVER)),
            lambda s: s.batch(s.calls[1:]),
        ),
        frozenset({Rule.DEADLINE}),
    ),
    "ATK-17": (
        (lambda s: s.with_middle(approved(s, units=FOREVER)),),
        frozenset({Rule.ALLOWANCE}),
    ),
    "ATK-18": ((lambda s: s.with_middle(approved(s, EVIL)),), frozenset({Rule.SPENDER})),
    "ATK-19": (
        (
            lambda s: plus(s, Call(s.calls[1].to, 0, b"\xde\xad\xbe\xef", "")),
            lambda s: s.nested(safe=EVIL),
            lambda s: s.nested(signatures=approved_by(EVIL)),
            lambda s: s.nested(packed([s.calls[0], _nested_call(s), s.calls[-1]])),
            lambda s: plus(s, Call(s.tier_safe, 0, _from_module(), "")),
            lambda s: framed(
                s,
                first=Call(SWAP_ROUTER02, 0, encode_call(DEADLINE, 2**40, [b"\1"]), ""),
            ),
            lambda s: framed(s, last=Call(IDENTITY, 0, b"\x22" * 31, "")),
        ),
        frozenset({Rule.SELECTOR, Rule.NESTING, Rule.DEADLINE, Rule.EVIDENCE}),
    ),
    "ATK-20": ((lambda s: s.batch(s.calls, tail=bytes(32)),), frozenset({Rule.BYTES})),
    "ATK-21": (
        admin("addOwnerWithThreshold(address,uint256)", EVIL, 1),
        frozenset({Rule.ADMINISTRATION}),
    ),
    "ATK-22": (admin("changeThreshold(uint256)", 1), frozenset({Rule.ADMINISTRATION})),
    "ATK-23": (admin("enableModule(address)", EVIL), frozenset({Rule.ADMINISTRATION})),
    "ATK-24": (admin("setGuard(address)", EVIL), frozenset({Rule.ADMINISTRATION})),
    "ATK-25": (admin("setFallbackHandler(address)", EVIL), frozenset({Rule.ADMINISTRATION})),
    "ATK-26": (
        (lambda s: s.raw(to=EVIL, data=encode_call(TRANSFER, EVIL, 0)),),
        frozenset({Rule.OPERATION}),
    ),
}


def _nested_call(scene: Scene) -> Call:
    """One level deeper than allowed: the tier Safe calls itself."""
    data = encode_call(
        "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
        *(scene.tier_safe, 0, b"", 0, 0, 0, 0, "0x" + "00" * 20, "0x" + "00" * 20, b""),
    )
    return Call(scene.tier_safe, 0, data, "")


def _from_module() -> bytes:
    name = "execTransactionFromModule(address,uint256,bytes,uint8)"
    return encode_call(name, EVIL, 0, b"", 0)
