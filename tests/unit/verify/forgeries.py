"""Exports of a server that lies without contradicting itself, one for each rule against them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from execution.adapters.venues.erc4626 import DEPOSIT, REDEEM
from execution.adapters.venues.uniswap_v3 import SWAP
from execution.core import planning
from execution.core.abi import encode_call, to_address
from execution.core.contracts import APPROVE, DEADLINE, IDENTITY, SWAP_ROUTER02, TRANSFER, ZERO
from execution.core.safe_tx import approved_by
from execution.core.types import Call, Operation
from tests.unit.verify.exports import (
    EVIL,
    MAIN,
    MODIFIER,
    OPERATOR,
    REASONS,
    ROUTER,
    TIER,
    UNTIL,
    USDC,
    VAULT,
    VERIFIER,
    WETH,
    exec_call,
    forged,
    middle_of,
    packed,
)

MULTISEND = to_address("0x38869bf66a61cF6bDB996A6aE40D5853Fd43B526")  # may delegatecall inside
FIELDS = ("to", "value", "data", "operation", "safe_tx_gas", "base_gas", "gas_price", "gas_token",
          "refund_receiver", "nonce")  # fmt: skip
Document = dict[str, Any]


def set_at(path: str, value: Any, kind: str = "nested") -> Document:
    document = forged(kind)
    *way, last = path.split(".")
    holder: Any = document
    for step in way:
        holder = holder[int(step)] if step.isdecimal() else holder[step]
    assert holder[last] != value
    holder[last] = value
    return document


def rehash(document: Document, **changes: Any) -> None:
    """The server states the hashes of the changed fields."""
    signed = document["safe_transaction"]
    signed["fields"] |= changes
    found = VERIFIER.read_fields(signed["chain_id"], signed["safe"], signed["fields"])
    names = ("domain_hash", "message_hash", "safe_tx_hash")
    signed |= dict(zip(names, VERIFIER.hashes(found), strict=True))


# ------------------------------------------------------------------------------------ batches
def swap(safe: Any = MAIN, **changes: Any) -> list[Call]:
    given = {"sell": USDC, "buy": WETH, "fee": 500, "recipient": safe, "deadline": UNTIL,
             "sold": 10**9, "least": 25 * 10**16, "limit": 0} | changes  # fmt: skip
    return [
        planning.approve_call(given["sell"], ROUTER, given["sold"]),
        Call(ROUTER, 0, encode_call(SWAP, tuple(given.values())), "swap"),
        planning.approve_call(given["sell"], ROUTER, 0),
    ]


def plus(call: Call, kind: str = "main") -> Document:
    return forged(kind, middle=[*middle_of(kind), call])


def call(to: Any, signature: str, *arguments: Any) -> Call:
    return Call(to, 0, encode_call(signature, *arguments), "")


def approved(token: Any, spender: Any, units: int) -> list[Call]:
    return [planning.approve_call(token, spender, units), planning.approve_call(token, spender, 0)]


def vault(*inner: Call, units: int = 5) -> list[Call]:
    give, take = approved(USDC, VAULT, units)
    return [give, *inner, take]


def lasting(until: int) -> Document:
    return forged(until=until, middle=swap(deadline=until))


def admin(signature: str, *arguments: Any) -> dict[str, Callable[[], Document]]:
    data = encode_call(signature, *arguments)
    name = signature.split("(")[0]
    return {
        f"{name} directly": lambda: forged(to=MAIN, data=data, operation=Operation.CALL),
        f"{name} in the batch": lambda: plus(Call(MAIN, 0, data, "")),
        f"{name} in a nested batch": lambda: plus(Call(TIER, 0, data, ""), "nested"),
        f"{name} by role": lambda: plus(Call(TIER, 0, data, ""), "role"),
    }


DEEP = packed([planning.deadline_call(UNTIL), swap(TIER)[0], planning.evidence_call("11" * 32)])
ADMIN = {
    "ATK-21": admin("addOwnerWithThreshold(address,uint256)", EVIL, 1),
    "ATK-22": admin("changeThreshold(uint256)", 1),
    "ATK-23": admin("enableModule(address)", EVIL),
    "ATK-24": admin("setGuard(address)", EVIL),
    "ATK-25": admin("setFallbackHandler(address)", EVIL),
}
FORGED: dict[str, tuple[Callable[[], Document], str]] = {
    "ATK-11 main": (lambda: forged(inner_operation=1), "inner operation 1"),
    "ATK-11 nested batch": (lambda: forged("nested", inner_operation=1), "inner operation 1"),
    "ATK-11 role batch": (lambda: forged("role", inner_operation=1), "inner operation 1"),
    "ATK-11 nested leg": (
        lambda: forged("nested", nested={"to": MULTISEND}),
        "delegatecall of multiSend with 0 wei at",
    ),
    "ATK-12 stranger": (lambda: plus(call(USDC, TRANSFER, EVIL, 1)), "no other Safe of yours"),
    "ATK-12 limit": (lambda: plus(call(USDC, TRANSFER, TIER, 15 * 10**10)), "above your limit"),
    "ATK-12 token": (lambda: plus(call(EVIL, TRANSFER, TIER, 1)), "is not in your file"),
    "ATK-13": (lambda: forged(to=MULTISEND), "delegatecall of multiSend with 0 wei at"),
    "ATK-13 role": (
        lambda: forged("role", role={"to": MULTISEND}),
        "delegatecall of multiSend with 0 wei at",
    ),
    "ATK-14": (lambda: forged(middle=swap(recipient=EVIL)), "is not the acting Safe"),
    "ATK-14 other Safe": (lambda: forged(middle=swap(recipient=TIER)), "is not the acting Safe"),
    "ATK-14 nested": (lambda: forged("nested", middle=swap(MAIN)), "is not the acting Safe"),
    "ATK-14 deposit": (
        lambda: forged(middle=vault(call(VAULT, DEPOSIT, 5, EVIL))),
        "is not the acting Safe",
    ),
    "ATK-14 redeem": (
        lambda: forged(middle=[call(VAULT, REDEEM, 5, EVIL, MAIN)]),
        "is not the acting Safe",
    ),
    "ATK-14 owner": (
        lambda: forged(middle=[call(VAULT, REDEEM, 5, MAIN, TIER)]),
        "is not the acting Safe",
    ),
    "ATK-15": (lambda: forged(middle=swap(least=0)), "minimum out is missing"),
    "ATK-15 one unit": (lambda: forged(middle=swap(least=1)), "below your min_price"),
    "ATK-15 pool": (lambda: forged(middle=swap(fee=10_000)), "fee 10000 is not in your file"),
    "ATK-16 swap": (lambda: forged(middle=swap(deadline=2**256 - 1)), "own deadline 1157920892"),
    "ATK-16 leg": (lambda: forged(until=2**256 - 1), "your file allows 172800"),
    "ATK-16 window": (lambda: lasting(UNTIL + 172_800), "your file allows 172800"),
    "ATK-16 late": (lambda: lasting(UNTIL - 3_700), "it is late"),
    "ATK-16 removed": (lambda: forged(first=swap()[0]), "deadline leg missing"),
    "ATK-16 leg with value": (
        lambda: forged(first=replace(planning.deadline_call(UNTIL), value=1)),
        "deadline leg missing",
    ),
    "ATK-16 price limit": (lambda: forged(middle=swap(limit=1)), "price limit 1"),
    "ATK-16 other router": (
        lambda: forged(first=replace(planning.deadline_call(UNTIL), to=ROUTER)),
        "deadline leg missing",
    ),
    "ATK-17": (lambda: forged(middle=approved(USDC, ROUTER, 2**256 - 1)), "unlimited, or above"),
    "ATK-17 left": (lambda: forged(middle=swap()[:2]), "allowance left behind"),
    "ATK-17 more than used": (
        lambda: forged(middle=[planning.approve_call(USDC, ROUTER, 10**9 + 1), *swap()[1:]]),
        "without exact allowance",
    ),
    "ATK-17 old allowance": (lambda: forged(middle=swap()[1:2]), "without exact allowance"),
    "ATK-17 not used": (lambda: forged(middle=approved(USDC, ROUTER, 5)), "or not used"),
    "ATK-17 twice": (lambda: forged(middle=[swap()[0], *swap()]), "a second allowance"),
    "ATK-18": (lambda: forged(middle=approved(USDC, EVIL, 5)), "is no venue of yours"),
    "ATK-18 vault": (
        lambda: forged(middle=[*approved(USDC, EVIL, 5), call(EVIL, DEPOSIT, 5, MAIN)]),
        "is no venue of yours",
    ),
    "ATK-19 selector": (lambda: plus(Call(USDC, 0, b"\xde\xad\xbe\xef", "")), "0xdeadbeef"),
    "ATK-19 no selector": (lambda: plus(Call(USDC, 0, b"", "")), "unknown function 0x"),
    "ATK-19 native": (lambda: plus(Call(EVIL, 1, b"", "")), "1 wei to"),
    "ATK-19 value": (lambda: plus(replace(call(USDC, TRANSFER, TIER, 1), value=1)), "1 wei to"),
    "ATK-19 unknown Safe": (
        lambda: forged("nested", nested={"safe": EVIL}),
        f"execTransaction at {EVIL}",
    ),
    "ATK-19 safeTxGas": (
        lambda: forged("nested", nested={"refund": (1, 0, 0, ZERO, ZERO)}),
        "nested: gas fields",
    ),
    "ATK-19 refund": (
        lambda: forged("nested", nested={"refund": (0, 0, 1, ZERO, EVIL)}),
        "nested: gas fields",
    ),
    "ATK-19 signature": (
        lambda: forged("nested", nested={"signatures": approved_by(EVIL)}),
        "another signature than v=1",
    ),
    "ATK-19 longer signature": (
        lambda: forged("nested", nested={"signatures": approved_by(MAIN) + bytes(65)}),
        "another signature than v=1",
    ),
    "ATK-19 nested value": (lambda: forged("nested", nested={"value": 1}), "with 1 wei"),
    "ATK-19 nested call": (lambda: forged("nested", nested={"operation": 0}), "call of multiSend"),
    "ATK-19 deeper": (
        lambda: plus(exec_call(DEEP), "nested"),
        f"execTransaction at {TIER}",
    ),
    "ATK-19 under a role": (lambda: plus(exec_call(DEEP), "role"), f"execTransaction at {TIER}"),
    "ATK-19 module": (
        lambda: plus(
            call(TIER, "execTransactionFromModule(address,uint256,bytes,uint8)", EVIL, 0, b"", 0)
        ),
        "execTransactionFromModule at",
    ),
    "ATK-19 role key": (lambda: forged("role", role={"key": b"\1" * 32}), "another role"),
    "ATK-19 silent role": (lambda: forged("role", role={"reverts": False}), "may fail silently"),
    "ATK-19 role value": (lambda: forged("role", role={"value": 1}), "with 1 wei"),
    "ATK-19 modifier": (lambda: forged("role", to=EVIL), "no modifier of this Safe"),
    "ATK-19 calls in the deadline": (
        lambda: forged(first=call(SWAP_ROUTER02, DEADLINE, UNTIL, [b"\x01"])),
        "calls hidden in the deadline leg",
    ),
    "ATK-19 evidence of 31 bytes": (
        lambda: forged(last=Call(IDENTITY, 0, b"\x22" * 31, "")),
        "not 32 bytes",
    ),
    "ATK-19 evidence with value": (
        lambda: forged(last=Call(IDENTITY, 1, b"\x22" * 32, "")),
        "evidence leg missing",
    ),
    "ATK-19 evidence to a stranger": (
        lambda: forged(last=Call(EVIL, 0, b"\x22" * 32, "")),
        "evidence leg missing",
    ),
    "ATK-19 role by delegatecall": (
        lambda: forged("role", operation=Operation.DELEGATECALL),
        "no modifier of this Safe",
    ),
    "ATK-19 transfer to itself": (
        lambda: plus(call(USDC, TRANSFER, MAIN, 1)),
        "no other Safe of yours",
    ),
    "ATK-19 transfer of nothing": (
        lambda: plus(call(USDC, TRANSFER, TIER, 0)),
        "nothing, or above your limit",
    ),
    "ATK-19 evidence elsewhere": (lambda: forged(last=swap()[2]), "evidence leg missing"),
    "ATK-19 evidence inside": (lambda: plus(planning.evidence_call("11" * 32)), "unknown function"),
    "ATK-19 nothing but the frame": (lambda: forged(middle=[]), "nothing between them"),
    "ATK-20 call": (
        lambda: plus(Call(USDC, 0, encode_call(TRANSFER, TIER, 1) + b"\0", "")),
        "trailing or missing bytes",
    ),
    "ATK-20 cut": (
        lambda: plus(Call(USDC, 0, encode_call(TRANSFER, TIER, 1)[:-1], "")),
        "no call of transfer",
    ),
    "ATK-20 batch": (lambda: forged(tail=bytes(32)), "trailing or missing bytes"),
    "ATK-20 dirty": (
        lambda: plus(Call(USDC, 0, encode_call(APPROVE, ROUTER, 0)[:4] + b"\1" * 64, "")),
        "dirty bytes",
    ),
    "ATK-20 nested": (
        lambda: forged("nested", nested={"tail": bytes(32)}),
        "trailing or missing bytes",
    ),
    "ATK-26": (
        lambda: forged(to=EVIL, data=encode_call(TRANSFER, EVIL, 0)),
        "delegatecall of transfer with 0 wei at",
    ),
    "ATK-36 another policy": (
        lambda: forged(reasons=REASONS | {"policy": {"number": 5, "hash": "ab" * 32}}),
        "is not in your file",
    ),
    "other chain": (lambda: forged(chain_id=10), "chain 10: your file says 1"),
    "reasons of another chain": (
        lambda: forged(reasons=REASONS | {"chain_id": 10}),
        "made for another chain",
    ),
    "other Safe": (lambda: forged(safe=EVIL), "neither your main Safe nor an operator Safe"),
    "tier Safe itself": (lambda: forged(safe=TIER), "neither your main Safe nor an operator"),
    "the operator Safe signs the main Safe's batch": (
        lambda: forged(safe=OPERATOR),
        "no modifier of this Safe",
    ),
    "the main Safe acts by a role": (
        lambda: forged("role", safe=MAIN),
        f"execTransactionWithRole with 0 wei at {MODIFIER}",
    ),
}  # fmt: skip
for number, cases in ADMIN.items():
    FORGED |= {f"{number} {name}": (make, name.split()[0]) for name, make in cases.items()}
