#!/usr/bin/env python3
"""Tells, without any server, what a signer of a Safe is about to sign: hashes, calls, verdict.

    python3 -I -S verify_safe_tx.py --policy my-policy.json verification.json [more.json ...]

The policy file is the signer's own: written once, kept on the signer's machine, never downloaded.
What it does not name is refused. Exit 0: these bytes do what is printed and stay inside the file
(not: they are wise). 1: the same, with warnings. 2: do not sign. See README.md beside this file.
Not done: signatures are not checked, balances and nonces of the chain are not read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

GREEN, WARNINGS, REFUSE = 0, 1, 2
COLOURS = {"green": "32", "yellow": "33", "red": "1;31"}
HURRY_SECONDS = 300


class RefusedError(Exception):
    """Why these bytes must not be signed."""


# -------------------------------------------------------------------------------------- keccak
RC = (
    0x1, 0x8082, 0x800000000000808A, 0x8000000080008000, 0x808B, 0x80000001, 0x8000000080008081,
    0x8000000000008009, 0x8A, 0x88, 0x80008009, 0x8000000A, 0x8000808B, 0x800000000000008B,
    0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x800A,
    0x800000008000000A, 0x8000000080008081, 0x8000000000008080, 0x80000001, 0x8000000080008008,
)  # fmt: skip
TURNS = (
    0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14,
)  # fmt: skip
MOVES = tuple((lane, lane // 5 + 5 * ((2 * lane + 3 * (lane // 5)) % 5)) for lane in range(25))
ROWS = tuple((i, i - i % 5 + (i + 1) % 5, i - i % 5 + (i + 2) % 5) for i in range(25))
WORD, RATE = 2**64 - 1, 136


def keccak(data: bytes) -> bytes:
    """Keccak-256 with the original padding, as Ethereum uses it."""
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % RATE))
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), RATE):
        for lane in range(RATE // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        state = _permuted(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permuted(a: list[int]) -> list[int]:
    b = [0] * 25
    for constant in RC:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ (c[(x + 1) % 5] << 1 & WORD | c[(x + 1) % 5] >> 63) for x in range(5)]
        for lane, target in MOVES:
            value, turn = a[lane] ^ d[lane % 5], TURNS[lane]
            b[target] = value << turn & WORD | value >> (64 - turn)
        a = [b[i] ^ ~b[j] & b[k] for i, j, k in ROWS]
        a[0] ^= constant
    return a


DOMAIN_TYPE = b"EIP712Domain(uint256 chainId,address verifyingContract)"
SAFE_TX_TYPE = (
    b"SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,"
    b"uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
)
DOMAIN_TYPEHASH = "47e79534a245952e8b16893a336b85a3d9ea9fa8c573f3d803afb92a79469218"
SAFE_TX_TYPEHASH = "bb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d8"
VECTORS = (
    (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    (b"\xa3" * 200, "3a57666b048777f2c953dc4456f45a2588e1cb6f2da760122d530ac2ce607d4a"),
    (DOMAIN_TYPE, DOMAIN_TYPEHASH),
    (SAFE_TX_TYPE, SAFE_TX_TYPEHASH),
)


def self_test() -> None:
    for data, wanted in VECTORS:
        if keccak(data).hex() != wanted:
            raise RefusedError("the keccak of this file fails its test vectors: the file is damaged")


# -------------------------------------------------------------------------------- strict reading
def load(text: str) -> Any:
    """JSON without doubled names and without floats: both read differently in other programs."""
    return json.loads(text, object_pairs_hook=_once, parse_float=_float, parse_constant=_float)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedError(f"a name stands twice in one JSON object: {sorted(k for k, _ in pairs)}")
    return found


def _float(text: str) -> Any:
    raise RefusedError(f"{text} is not an integer; amounts have no point here")


def need(holder: Any, name: str, kind: type) -> Any:
    """A missing field is an error, never zero."""
    value = holder.get(name) if isinstance(holder, dict) else None
    if type(value) is not kind:
        raise RefusedError(f"field {name} is missing or is no {kind.__name__}")
    return value


def number(value: Any, name: str, bits: int = 256) -> int:
    if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,77}", value):
        value = int(value)
    if type(value) is not int or not 0 <= value < 2**bits:
        raise RefusedError(f"{name} is missing or is no whole number below 2^{bits}")
    return int(value)


def octets(value: Any, name: str, size: int | None = None) -> bytes:
    if not isinstance(value, str) or not re.fullmatch("0x(?:[0-9a-fA-F]{2})*", value):
        raise RefusedError(f"{name} is missing or is no 0x-hex")
    raw = bytes.fromhex(value[2:])
    if size is not None and len(raw) != size:
        raise RefusedError(f"{name} has {len(raw)} bytes, not {size}")
    return raw


def address(value: Any, name: str) -> str:
    """Lower case inside; a checksum, where there is one, must be right."""
    found = "0x" + octets(value, name, 20).hex()
    if value[2:] not in (value[2:].lower(), value[2:].upper()) and value != checksum(found):
        raise RefusedError(f"{name} {value} has a wrong checksum: mistyped or swapped")
    return found


@lru_cache(maxsize=1024)
def checksum(lower: str) -> str:
    marks = keccak(lower[2:].encode()).hex()
    letters = (c.upper() if int(marks[i], 16) > 7 else c for i, c in enumerate(lower[2:]))
    return "0x" + "".join(letters)


def units(text: Any, decimals: int, name: str) -> int:
    """An amount of the policy file, "12.5", in base units."""
    match = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))?", text) if isinstance(text, str) else None
    if match is None or len(match[2] or "") > decimals:
        raise RefusedError(f"policy: {name} is no amount with at most {decimals} decimals")
    return int(match[1] + (match[2] or "").ljust(decimals, "0"))


# ---------------------------------------------------------------------------------- policy file
@dataclass(frozen=True)
class Token:
    symbol: str
    decimals: int
    max_units: int


@dataclass(frozen=True)
class Role:
    safe: str
    member: str
    key: bytes


POLICY_KEYS = {
    "format", "chain_id", "safe_version", "main_safe", "tier_safes", "operator_safes", "modifiers",
    "multisend_call_only", "deadline_router", "max_deadline_seconds", "policy_hashes", "tokens",
    "markets", "vaults",
}  # fmt: skip


class Policy:
    """All that the signer is willing to sign for. A key too many is a typing error, so refused."""

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict) or set(raw) != POLICY_KEYS or raw["format"] != 1:
            raise RefusedError(f"policy: format 1 has exactly the keys {sorted(POLICY_KEYS)}")
        version = [number(part, "policy: safe_version") for part in raw["safe_version"].split(".")]
        if version < [1, 3, 0]:
            raise RefusedError("Safe below 1.3.0: its hash does not name the chain")
        self.chain_id = number(raw["chain_id"], "policy: chain_id")
        self.window = number(raw["max_deadline_seconds"], "policy: max_deadline_seconds", 32)
        for name in ("main_safe", "multisend_call_only", "deadline_router"):
            setattr(self, name, address(raw[name], f"policy: {name}"))
        self.tiers = self._addresses(raw, "tier_safes")
        self.operators = self._addresses(raw, "operator_safes")
        self.hashes = set(need(raw, "policy_hashes", list))
        self.tokens = {address(k, "policy: token"): self._token(v) for k, v in raw["tokens"].items()}
        self.roles = {address(k, "policy: modifier"): self._role(v) for k, v in raw["modifiers"].items()}
        self.markets = dict(self._market(row) for row in need(raw, "markets", list))
        self.vaults = {
            address(vault, "policy: vault"): address(asset, "policy: asset of a vault")
            for vault, asset in raw["vaults"].items()
        }
        self.own_safes = self.tiers | {self.main_safe}

    main_safe: str
    multisend_call_only: str
    deadline_router: str

    def _addresses(self, raw: Any, name: str) -> set[str]:
        return {address(one, f"policy: {name}") for one in need(raw, name, list)}

    def _token(self, raw: Any) -> Token:
        decimals = number(need(raw, "decimals", int), "policy: decimals", 8)
        limit = units(raw.get("max_amount"), decimals, "max_amount")
        return Token(need(raw, "symbol", str), decimals, limit)

    def _role(self, raw: Any) -> Role:
        safe, member = (address(need(raw, name, str), f"policy: {name}") for name in ("safe", "member"))
        if safe not in self.tiers or member not in self.operators:
            raise RefusedError("policy: a modifier's safe is a tier Safe, its member an operator Safe")
        return Role(safe, member, octets(raw.get("role_key"), "policy: role_key", 32))

    def _market(self, raw: Any) -> tuple[tuple[str, str, str, int], Fraction]:
        router, sell, buy = (address(need(raw, n, str), f"policy: {n}") for n in ("router", "sell", "buy"))
        if sell not in self.tokens or buy not in self.tokens:
            raise RefusedError("policy: a market trades a token that is not in tokens")
        floor = Fraction(units(raw.get("min_price"), 18, "min_price"), 10**18)
        if not floor:
            raise RefusedError("policy: a min_price of 0 bounds nothing")
        return (router, sell, buy, number(need(raw, "fee", int), "policy: fee", 24)), floor


# ----------------------------------------------------------------------------------- ten fields
@dataclass(frozen=True)
class Fields:
    chain_id: int
    safe: str
    to: str
    value: int
    data: bytes
    operation: int
    safe_tx_gas: int
    base_gas: int
    gas_price: int
    gas_token: str
    refund_receiver: str
    nonce: int


TEN = tuple(Fields.__dataclass_fields__)[2:]
NOBODY = "0x" + "00" * 20


def fields(chain_id: Any, safe: Any, given: Any) -> Fields:
    if not isinstance(given, dict) or set(given) != set(TEN):
        raise RefusedError(f"the ten fields are exactly {', '.join(TEN)}: one is missing or too much")
    places = {name: address(given[name], name) for name in ("to", "gas_token", "refund_receiver")}
    counts = {
        name: number(given[name], name, 8 if name == "operation" else 256)
        for name in ("value", "operation", "safe_tx_gas", "base_gas", "gas_price", "nonce")
    }
    whole: dict[str, Any] = {**places, **counts, "data": octets(given["data"], "data")}
    return Fields(number(chain_id, "chain_id"), address(safe, "safe"), **whole)


def _word(value: Any) -> bytes:
    if isinstance(value, str):
        value = int(value, 16)
    return value if isinstance(value, bytes) else bytes(value.to_bytes(32, "big"))


def hashes(f: Fields) -> tuple[str, str, str]:
    """Domain hash, message hash, safeTxHash (EIP-712, Safe 1.3.0 and later)."""
    typed = (DOMAIN_TYPEHASH, f.chain_id, f.safe)
    domain = keccak(b"".join(map(_word, typed)))
    content = [keccak(f.data) if name == "data" else getattr(f, name) for name in TEN]
    message = keccak(b"".join(map(_word, [SAFE_TX_TYPEHASH, *content])))
    return tuple("0x" + raw.hex() for raw in (domain, message, keccak(b"\x19\x01" + domain + message)))  # type: ignore[return-value]


# ------------------------------------------------------------------------------------- calldata
EXEC = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
ROLE = "execTransactionWithRole(address,uint256,bytes,uint8,bytes32,bool)"
MULTISEND, DEADLINE = "multiSend(bytes)", "multicall(uint256,bytes[])"
SWAP = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
EVIDENCE = "0x" + "4".rjust(40, "0")
NEVER = (
    "addOwnerWithThreshold(address,uint256)", "removeOwner(address,address,uint256)",
    "swapOwner(address,address,address)", "changeThreshold(uint256)", "enableModule(address)",
    "disableModule(address,address)", "setGuard(address)", "setModuleGuard(address)",
    "setFallbackHandler(address)", "approveHash(bytes32)", "changeMasterCopy(address)",
    "execTransactionFromModule(address,uint256,bytes,uint8)", "transferOwnership(address)",
    "execTransactionFromModuleReturnData(address,uint256,bytes,uint8)", "delegatecall(address)",
    "transferFrom(address,address,uint256)", "increaseAllowance(address,uint256)",
    "setApprovalForAll(address,bool)", EXEC, ROLE, MULTISEND, DEADLINE,
)  # fmt: skip


@lru_cache(maxsize=64)
def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


def named(data: bytes) -> str:
    known = {selector(signature): signature.split("(")[0] for signature in NEVER}
    return known.get(data[:4], f"unknown function 0x{data[:4].hex()}")


def decode(signature: str, data: bytes) -> list[Any]:
    """The arguments, from the one canonical encoding only: nothing can hide behind them."""
    kinds = re.sub(r"[()]", "", signature[signature.index("(") :]).split(",")
    body, values, tail = data[4:], [], 32 * len(kinds)
    if data[:4] != selector(signature) or len(body) < tail:
        raise RefusedError(f"no call of {signature.split('(')[0]}")
    for position, kind in enumerate(kinds):
        raw = body[32 * position : 32 * position + 32]
        if not kind.startswith("bytes") or kind == "bytes32":
            values.append(_static(kind, raw))
            continue
        length = int.from_bytes(body[tail : tail + 32], "big")
        if int.from_bytes(raw, "big") != tail or len(body) < tail + 32 + length:
            raise RefusedError(f"{signature.split('(')[0]}: bytes that are not where they belong")
        if kind == "bytes[]" and length:
            raise RefusedError("calls hidden in the deadline leg")
        end = tail + 32 + length
        values.append(body[tail + 32 : end])
        tail = end + -length % 32
        if any(body[end:tail]):
            raise RefusedError(f"{signature.split('(')[0]}: padding that is not zero")
    if tail != len(body):
        raise RefusedError(f"{signature.split('(')[0]}: trailing or missing bytes")
    return values


def _static(kind: str, raw: bytes) -> Any:
    if kind == "bytes32":
        return raw
    bits = {"address": 160, "bool": 1}.get(kind) or int(kind[4:])
    value = int.from_bytes(raw, "big")
    if value >= 2**bits:
        raise RefusedError(f"dirty bytes before a value of type {kind}")
    return f"0x{value:040x}" if kind == "address" else value


@dataclass(frozen=True)
class Call:
    to: str
    value: int
    data: bytes


@dataclass
class Batch:
    """What one Safe does: the calls between the deadline leg and the evidence leg."""

    safe: str
    data: bytes
    calls: list[Call]
    deadline: int | None = None
    evidence: str | None = None
    nested: dict[int, Batch] = field(default_factory=dict)
    allowed: dict[tuple[str, str], int] = field(default_factory=dict)  # given and not yet used
    open: set[tuple[str, str]] = field(default_factory=set)  # given and not yet taken back

    def flat(self) -> list[tuple[str, Call]]:
        """(acting Safe, call) of everything that moves something."""
        found = []
        for index, call in enumerate(self.calls):
            inner = self.nested.get(index)
            found += inner.flat() if inner else [(self.safe, call)]
        return found


def split(packed: bytes) -> list[Call]:
    calls, at = [], 0
    while at < len(packed):
        length = int.from_bytes(packed[at + 53 : at + 85], "big")
        end = at + 85 + length
        if end > len(packed):
            raise RefusedError("a batch that ends within a call")
        if packed[at]:
            raise RefusedError(f"inner delegatecall (operation {packed[at]}) in a batch")
        to, value = "0x" + packed[at + 1 : at + 21].hex(), packed[at + 21 : at + 53]
        calls.append(Call(to, int.from_bytes(value, "big"), packed[at + 85 : end]))
        at = end
    return calls


# -------------------------------------------------------------------------------------- judging
class Judge:
    """Reads one transaction, prints as it goes, and remembers the worst that it saw."""

    def __init__(self, policy: Policy, now: int, paint: bool) -> None:
        self.policy, self.now, self.paint = policy, now, paint
        self.level, self.lines, self.indent = GREEN, [], ""  # type: ignore[var-annotated]
        self.spent: dict[str, int] = {}

    def say(self, text: str, colour: str = "") -> None:
        """What the server wrote may hold control characters: they never reach the terminal."""
        clean = self.indent + "".join(c if " " <= c <= "~" else "?" for c in text)
        self.lines.append(f"\x1b[{COLOURS[colour]}m{clean}\x1b[0m" if self.paint and colour else clean)

    def warn(self, text: str) -> None:
        self.level = max(self.level, WARNINGS)
        self.say(f"WARNING  {text}", "yellow")

    def refuse(self, text: str) -> None:
        self.level = REFUSE
        self.say(f"REFUSE   {text}", "red")

    def attempt(self, step: Any, *arguments: Any) -> Any:
        """One failed check does not hide the others."""
        try:
            return step(*arguments)
        except RefusedError as error:
            self.refuse(str(error))
            return None

    # ------------------------------------------------------------------------- the transaction
    def transaction(self, f: Fields) -> Batch:
        policy = self.policy
        if f.chain_id != policy.chain_id:
            self.refuse(f"chain {f.chain_id}, your file says {policy.chain_id}")
        for name in ("safe_tx_gas", "base_gas", "gas_price", "gas_token", "refund_receiver"):
            if getattr(f, name) not in (0, NOBODY):
                self.refuse(f"{name} is not zero: the Safe would pay, or burn its nonce on failure")
        if f.value:
            self.refuse(f"sends {f.value} wei of native currency")
        if f.safe == policy.main_safe:
            return self.batch(self.inside(f.to, 0, f.operation, f.data), f.safe, nests=True)
        if f.safe in policy.operators:
            return self.by_role(f)
        raise RefusedError(f"Safe {checksum(f.safe)} is neither your main Safe nor an operator Safe")

    def inside(self, to: str, value: int, operation: int, data: bytes) -> bytes:
        """Only a delegatecall to the pinned MultiSendCallOnly acts."""
        if (to, value, operation) != (self.policy.multisend_call_only, 0, 1):
            way = {0: "call", 1: "delegatecall"}.get(operation, f"operation {operation}")
            raise RefusedError(f"{way} of {named(data)} at {checksum(to)}: only your pinned "
                               "MultiSendCallOnly acts, by delegatecall")  # fmt: skip
        return data

    def by_role(self, f: Fields) -> Batch:
        role = self.policy.roles.get(f.to)
        if role is None or f.operation or role.member != f.safe:
            raise RefusedError(f"{named(f.data)} at {checksum(f.to)}: no modifier of this operator Safe")
        to, value, data, operation, key, reverts = decode(ROLE, f.data)
        if key != role.key or not reverts:
            raise RefusedError("another role than in your file, or a call that may fail silently")
        self.say(f"by role of modifier {checksum(f.to)}")
        return self.batch(self.inside(to, value, operation, data), role.safe, nests=False)

    def batch(self, data: bytes, safe: str, *, nests: bool) -> Batch:
        calls = split(decode(MULTISEND, data)[0])
        batch = Batch(safe, data, calls[1:-1])
        self.say(f"Safe {checksum(safe)} does:")
        self.indent += "  "
        if len(calls) < 3:
            self.refuse("a batch needs a deadline leg, a call and an evidence leg")
        if calls:
            batch.deadline = self.attempt(self.deadline, calls[0])
        for index, call in enumerate(batch.calls):
            self.attempt(self.call, call, index, batch, nests)
        for token, spender in sorted(batch.open):
            self.refuse(f"allowance left behind: {self.symbol(token)} to {checksum(spender)}")
        if calls:
            batch.evidence = self.attempt(self.evidence_leg, calls[-1])
        self.indent = self.indent[2:]
        return batch

    def deadline(self, call: Call) -> int:
        if call.to != self.policy.deadline_router or call.value:
            raise RefusedError("deadline leg missing: the first call must be it")
        until: int = decode(DEADLINE, call.data)[0]
        left = until - self.now
        if left <= 0:
            self.refuse(f"deadline leg: late by {-left} seconds")
        elif left > self.policy.window:
            self.refuse(f"deadline leg: {left} seconds from now, your file allows {self.policy.window}")
        else:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(until))
            self.say(f"deadline {when} UTC, {left // 60} minutes left", "green")
        if 0 < left < HURRY_SECONDS:
            self.warn("the signatures will hardly be together in time")
        return until

    def evidence_leg(self, call: Call) -> str:
        if call.to != EVIDENCE or call.value or len(call.data) != 32:
            raise RefusedError("evidence leg missing or not 32 bytes: the last call must be it")
        self.say(f"evidence {call.data.hex()}", "green")
        return call.data.hex()

    def call(self, call: Call, index: int, batch: Batch, nests: bool) -> None:
        policy = self.policy
        if call.value:
            raise RefusedError(f"{call.value} wei to {checksum(call.to)}")
        if nests and call.to in policy.tiers and call.data[:4] == selector(EXEC):
            batch.nested[index] = self.nested(call, batch)
            return
        if call.to in policy.own_safes | policy.operators:
            raise RefusedError(f"{named(call.data)} at your Safe {checksum(call.to)}: administration, or nested too deep")
        known = {selector(signature): (signature, step) for signature, step in HANDLERS.items()}
        if call.data[:4] not in known:
            raise RefusedError(f"{named(call.data)} at {checksum(call.to)}")
        signature, step = known[call.data[:4]]
        self.say(step(self, call.to, decode(signature, call.data), batch), "green")

    def nested(self, call: Call, batch: Batch) -> Batch:
        to, value, data, operation, *refund, signature = decode(EXEC, call.data)
        if refund != [0, 0, 0, NOBODY, NOBODY]:
            self.refuse("nested: gas fields are not zero")
        if signature != _word(self.policy.main_safe) + bytes(32) + b"\x01":
            self.refuse("nested: another signature than v=1 of the main Safe")
        inner = self.batch(self.inside(to, value, operation, data), call.to, nests=False)
        if (inner.deadline, inner.evidence) != (batch.deadline, batch.data and self.peek(batch)):
            self.refuse("nested: another deadline or evidence than outside")
        return inner
