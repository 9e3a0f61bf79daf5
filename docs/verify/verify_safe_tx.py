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


@lru_cache(maxsize=1024)
def keccak(data: bytes) -> bytes:
    return fresh_keccak(data)


def fresh_keccak(data: bytes) -> bytes:
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


OLD_DOMAIN_TYPE = b"EIP712Domain(address verifyingContract)"  # Safe below 1.3.0
DOMAIN_TYPE = b"EIP712Domain(uint256 chainId,address verifyingContract)"
SAFE_TX_TYPE = (
    b"SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,"
    b"uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
)
OLD_DOMAIN_TYPEHASH = "035aff83d86937d35b32e04f0ddc6ff469290eef2f1b692d8a815c89404d4749"
DOMAIN_TYPEHASH = "47e79534a245952e8b16893a336b85a3d9ea9fa8c573f3d803afb92a79469218"
SAFE_TX_TYPEHASH = "bb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d8"
VECTORS = (
    (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    (b"\xa3" * 200, "3a57666b048777f2c953dc4456f45a2588e1cb6f2da760122d530ac2ce607d4a"),
    (OLD_DOMAIN_TYPE, OLD_DOMAIN_TYPEHASH),
    (DOMAIN_TYPE, DOMAIN_TYPEHASH),
    (SAFE_TX_TYPE, SAFE_TX_TYPEHASH),
)


def self_test() -> None:
    for data, wanted in VECTORS:
        if fresh_keccak(data).hex() != wanted:
            raise RefusedError("keccak fails its test vectors: this file is damaged")


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


POLICY_KEYS = {
    "format", "chain_id", "safe_version", "main_safe", "tier_safes", "operator_safes", "modifiers",
    "multisend_call_only", "deadline_router", "max_deadline_seconds", "policy_hashes", "tokens",
    "markets", "vaults",
}  # fmt: skip


class Policy:
    """All that the signer is willing to sign for. A key too many is a typing error: refused."""

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict) or set(raw) != POLICY_KEYS or raw["format"] != 1:
            raise RefusedError(f"policy: format 1 has exactly the keys {sorted(POLICY_KEYS)}")
        version = need(raw, "safe_version", str).split(".")
        self.is_old = [number(part, "policy: safe_version") for part in version] < [1, 3, 0]
        self.chain_id = number(raw["chain_id"], "policy: chain_id")
        self.window = number(raw["max_deadline_seconds"], "policy: max_deadline_seconds", 32)
        self.main_safe = address(raw["main_safe"], "policy: main_safe")
        self.multisend = address(raw["multisend_call_only"], "policy: multisend_call_only")
        self.deadline_router = address(raw["deadline_router"], "policy: deadline_router")
        tiers, operators = need(raw, "tier_safes", list), need(raw, "operator_safes", list)
        self.tiers = {address(one, "policy: tier_safes") for one in tiers}
        self.operators = {address(one, "policy: operator_safes") for one in operators}
        self.own_safes = self.tiers | {self.main_safe}
        self.hashes = set(need(raw, "policy_hashes", list))
        tokens, roles = need(raw, "tokens", dict), need(raw, "modifiers", dict)
        self.tokens = {address(key, "policy: tokens"): _token(row) for key, row in tokens.items()}
        self.roles = {address(key, "policy: modifiers"): _role(row) for key, row in roles.items()}
        self.markets = dict(_market(row) for row in need(raw, "markets", list))
        both = [(key, need(raw["vaults"], key, str)) for key in need(raw, "vaults", dict)]
        self.vaults = {address(k, "policy: vaults"): address(v, "policy: vaults") for k, v in both}
        self.venues = set(self.vaults) | {market[0] for market in self.markets}


def _token(row: Any) -> Token:
    decimals = number(need(row, "decimals", int), "policy: decimals", 8)
    limit = units(need(row, "max_amount", str), decimals, "max_amount")
    return Token(need(row, "symbol", str), decimals, limit)


def _role(row: Any) -> tuple[str, str, bytes]:
    """(tier Safe, operator Safe, role key)."""
    safe, member = (address(need(row, n, str), f"policy: {n}") for n in ("safe", "member"))
    return safe, member, octets(need(row, "role_key", str), "policy: role_key", 32)


def _market(row: Any) -> tuple[tuple[str, str, str, int], Fraction]:
    """(router, token sold, token bought, pool fee) and the lowest price, bought per sold."""
    names = ("router", "sell", "buy")
    router, sell, buy = (address(need(row, name, str), f"policy: {name}") for name in names)
    floor = units(need(row, "min_price", str), 18, "min_price")
    if not floor:
        raise RefusedError("policy: a min_price of 0 bounds nothing")
    fee = number(need(row, "fee", int), "policy: fee", 24)
    return (router, sell, buy, fee), Fraction(floor, 10**18)


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
PLACES = ("to", "gas_token", "refund_receiver")
NOBODY = "0x" + "00" * 20


def read_fields(chain_id: Any, safe: Any, given: Any) -> Fields:
    if not isinstance(given, dict) or set(given) != set(TEN):
        raise RefusedError(f"one of the ten fields is missing or too much: {', '.join(TEN)}")
    whole: dict[str, Any] = {name: address(given[name], name) for name in PLACES}
    for name in ("value", "operation", "safe_tx_gas", "base_gas", "gas_price", "nonce"):
        whole[name] = number(given[name], name, 8 if name == "operation" else 256)
    whole["data"] = octets(given["data"], "data")
    return Fields(number(chain_id, "chain_id"), address(safe, "safe"), **whole)


def word(value: Any) -> bytes:
    raw = int(value, 16) if isinstance(value, str) else value
    return raw if isinstance(raw, bytes) else int(raw).to_bytes(32, "big")


def hashes(f: Fields, is_old: bool = False) -> tuple[str, str, str]:
    """Domain hash, message hash, safeTxHash (EIP-712). A Safe below 1.3.0 does not name the chain:
    it is hashed as it does itself, and refused."""
    names = (OLD_DOMAIN_TYPEHASH,) if is_old else (DOMAIN_TYPEHASH, f.chain_id)
    domain = keccak(b"".join(map(word, (*names, f.safe))))
    content = [keccak(f.data) if name == "data" else getattr(f, name) for name in TEN]
    message = keccak(word(SAFE_TX_TYPEHASH) + b"".join(word(item) for item in content))
    whole = keccak(b"\x19\x01" + domain + message)
    return "0x" + domain.hex(), "0x" + message.hex(), "0x" + whole.hex()


# ------------------------------------------------------------------------------------- calldata
EXEC = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
BY_ROLE = "execTransactionWithRole(address,uint256,bytes,uint8,bytes32,bool)"
MULTISEND, DEADLINE = "multiSend(bytes)", "multicall(uint256,bytes[])"
APPROVE, TRANSFER = "approve(address,uint256)", "transfer(address,uint256)"
SWAP = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
SWAP_PATH = "exactInput((bytes,address,uint256,uint256,uint256))"
DEPOSIT, REDEEM = "deposit(uint256,address)", "redeem(uint256,address,address)"
IDENTITY = f"0x{4:040x}"
NEVER = (
    "addOwnerWithThreshold(address,uint256)", "removeOwner(address,address,uint256)",
    "swapOwner(address,address,address)", "changeThreshold(uint256)", "enableModule(address)",
    "disableModule(address,address)", "setGuard(address)", "setModuleGuard(address)",
    "setFallbackHandler(address)", "approveHash(bytes32)", "transferOwnership(address)",
    "execTransactionFromModule(address,uint256,bytes,uint8)", "setAvatar(address)",
    "execTransactionFromModuleReturnData(address,uint256,bytes,uint8)", "setTarget(address)",
    "transferFrom(address,address,uint256)", "increaseAllowance(address,uint256)",
)  # fmt: skip


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


def named(data: bytes) -> str:
    for signature in (
        *NEVER, EXEC, BY_ROLE, MULTISEND, DEADLINE, APPROVE, TRANSFER, SWAP, SWAP_PATH
    ):  # fmt: skip
        if data[:4] == selector(signature):
            return signature.split("(")[0]
    return f"unknown function 0x{data[:4].hex()}"


def decode(signature: str, data: bytes) -> list[Any]:
    """The arguments, from the one canonical encoding only: nothing can hide beside them."""
    name, _, kinds = re.sub(r"\)", "", signature).partition("(")
    types, body, values = kinds.strip("(").split(","), data[4:], []
    tail = 32 * len(types)
    if kinds.startswith("(") and "bytes" in types:  # a tuple that stands behind its place
        if int.from_bytes(body[:32], "big") != 32:
            raise RefusedError(f"{name}: arguments are not where they belong")
        body = body[32:]
    if data[:4] != selector(signature) or len(body) < tail:
        raise RefusedError(f"no call of {name}")
    for position, kind in enumerate(types):
        raw = body[32 * position : 32 * position + 32]
        if kind not in ("bytes", "bytes[]"):
            values.append(_static(kind, raw))
            continue
        length = int.from_bytes(body[tail : tail + 32], "big")
        if int.from_bytes(raw, "big") != tail or len(body) < tail + 32 + length:
            raise RefusedError(f"{name}: bytes are not where they belong")
        if kind == "bytes[]" and length:
            raise RefusedError(f"{name}: calls hidden in the deadline leg")
        end = tail + 32 + length
        values.append(body[tail + 32 : end])
        tail = end + -length % 32
        if any(body[end:tail]):
            raise RefusedError(f"{name}: padding that is not zero")
    if tail != len(body):
        raise RefusedError(f"{name}: trailing or missing bytes")
    return values


def _static(kind: str, raw: bytes) -> Any:
    if kind == "bytes32":
        return raw
    value, bits = int.from_bytes(raw, "big"), {"address": 160, "bool": 1}.get(kind)
    if value >> (bits or int(kind[4:])):
        raise RefusedError(f"dirty bytes before a value of type {kind}")
    return f"0x{value:040x}" if kind == "address" else value


def way(path: bytes) -> tuple[list[str], list[int]]:
    """Tokens and pool fees of a path: token (20 bytes), fee (3 bytes), token, and so on."""
    if len(path) < 66 or len(path) % 23 != 20:
        raise RefusedError(f"a path of {len(path)} bytes: not two or more markets")
    tokens = ["0x" + path[at : at + 20].hex() for at in range(0, len(path), 23)]
    if len(set(tokens)) != len(tokens):
        raise RefusedError("a path that comes by one token twice")
    return tokens, [int.from_bytes(path[at : at + 3], "big") for at in range(20, len(path), 23)]


@dataclass(frozen=True)
class Call:
    to: str
    value: int
    data: bytes


def split(packed: bytes) -> list[Call]:
    calls, at = [], 0
    while at < len(packed):
        length = int.from_bytes(packed[at + 53 : at + 85], "big")
        end = at + 85 + length
        if end > len(packed):
            raise RefusedError("a batch that ends within a call")
        if packed[at]:
            raise RefusedError(f"inner operation {packed[at]}: a delegatecall within the batch")
        value = int.from_bytes(packed[at + 21 : at + 53], "big")
        calls.append(Call("0x" + packed[at + 1 : at + 21].hex(), value, packed[at + 85 : end]))
        at = end
    return calls


@dataclass
class Batch:
    """What one Safe does. `calls` stand between the deadline leg and the evidence leg."""

    safe: str
    data: bytes
    calls: list[Call]
    deadline: int | None = None
    evidence: str | None = None
    nested: dict[int, Batch] = field(default_factory=dict)
    unused: dict[tuple[str, str], int] = field(default_factory=dict)  # (token, spender) -> units
    open: set[tuple[str, str]] = field(default_factory=set)  # allowances not yet taken back

    def flat(self) -> list[tuple[str, str, int, str]]:
        """(acting Safe, to, value, data) of everything that moves something."""
        found = []
        for index, call in enumerate(self.calls):
            own = [(self.safe, call.to, call.value, call.data.hex())]
            found += self.nested[index].flat() if index in self.nested else own
        return found


# -------------------------------------------------------------------------------------- judging
class Judge:
    """Reads one transaction, prints as it goes, and remembers the worst that it saw."""

    def __init__(self, policy: Policy, now: int, painted: bool) -> None:
        self.policy, self.now, self.painted = policy, now, painted
        self.level, self.indent = GREEN, ""
        self.lines: list[str] = []
        self.spent: dict[str, int] = {}

    def say(self, text: str, colour: str = "") -> None:
        """Control characters in what a server wrote never reach the terminal."""
        clean = self.indent + "".join(c if " " <= c <= "~" else "?" for c in text)
        paint = self.painted and colour
        self.lines.append(f"\x1b[{COLOURS[colour]}m{clean}\x1b[0m" if paint else clean)

    def warn(self, text: str) -> None:
        self.level = max(self.level, WARNINGS)
        self.say(f"WARNING {text}", "yellow")

    def refuse(self, text: str) -> None:
        self.level = REFUSE
        self.say(f"REFUSE {text}", "red")

    def attempt(self, step: Any, *arguments: Any) -> Any:
        """One failed check does not hide the others."""
        try:
            return step(*arguments)
        except RefusedError as error:
            self.refuse(str(error))
            return None

    # ------------------------------------------------------------------------ the transaction
    def show(self, f: Fields) -> None:
        self.say(f"Safe {checksum(f.safe)}, chain {f.chain_id}, nonce {f.nonce}")
        for name in TEN:
            value = getattr(f, name)
            long = f"{len(f.data)} bytes, keccak 0x{keccak(f.data).hex()}"
            shown = checksum(value) if name in PLACES else long if name == "data" else value
            self.say(f"  {name:16}{shown}")
        domain, message, whole = hashes(f, self.policy.is_old)
        self.say("Compare with your wallet (domain and message hash in capitals, as Ledger does):")
        self.say(f"  Domain hash     0x{domain[2:].upper()}")
        self.say(f"  Message hash    0x{message[2:].upper()}")
        self.say(f"  safeTxHash      {whole}")

    def transaction(self, f: Fields) -> Batch:
        policy = self.policy
        if policy.is_old:
            self.refuse("Safe below 1.3.0: its hash does not name the chain")
        if f.chain_id != policy.chain_id:
            self.refuse(f"chain {f.chain_id}: your file says {policy.chain_id}")
        for name in ("safe_tx_gas", "base_gas", "gas_price", "gas_token", "refund_receiver"):
            if getattr(f, name) not in (0, NOBODY):
                self.refuse(f"{name} is not zero: the Safe pays, or burns its nonce on failure")
        if f.value:
            self.refuse(f"sends {f.value} wei of native currency")
        if f.safe == policy.main_safe:
            batch = self.batch(self.inside(f.to, 0, f.operation, f.data), f.safe, True)
        elif f.safe in policy.operators:
            batch = self.by_role(f)
        else:
            raise RefusedError("the Safe is neither your main Safe nor an operator Safe")
        for inner in batch.nested.values():
            if (inner.deadline, inner.evidence) != (batch.deadline, batch.evidence):
                self.refuse("nested: another deadline or evidence than outside")
        return batch

    def inside(self, to: str, value: int, operation: int, data: bytes) -> bytes:
        """Only a delegatecall to the pinned MultiSendCallOnly acts."""
        if (to, value, operation) != (self.policy.multisend, 0, 1):
            way = {0: "call", 1: "delegatecall"}.get(operation, f"operation {operation}")
            what = f"{way} of {named(data)} with {value} wei at {checksum(to)}"
            raise RefusedError(f"{what}: only a delegatecall to your MultiSendCallOnly acts")
        return data

    def by_role(self, f: Fields) -> Batch:
        safe, member, role_key = self.policy.roles.get(f.to, ("", "", b""))
        if f.operation or member != f.safe or safe not in self.policy.tiers:
            raise RefusedError(f"{named(f.data)} at {checksum(f.to)}: no modifier of this Safe")
        to, value, data, operation, key, reverts = decode(BY_ROLE, f.data)
        if key != role_key or not reverts:
            raise RefusedError("another role than in your file, or a call that may fail silently")
        return self.batch(self.inside(to, value, operation, data), safe, False)

    def batch(self, data: bytes, safe: str, nests: bool) -> Batch:
        calls = split(decode(MULTISEND, data)[0])
        if len(calls) < 3:
            raise RefusedError("deadline leg or evidence leg missing, or nothing between them")
        batch = Batch(safe, data, calls[1:-1])
        self.say(f"Safe {checksum(safe)}:")
        self.indent += "  "
        batch.deadline = self.attempt(self.deadline, calls[0])
        for index, call in enumerate(batch.calls):
            self.attempt(self.call, call, index, batch, nests)
        for token, spender in sorted(batch.open):
            self.refuse(f"allowance left behind: {self.token(token).symbol} to {checksum(spender)}")
        batch.evidence = self.attempt(self.evidence_leg, calls[-1])
        self.indent = self.indent[2:]
        return batch

    def deadline(self, call: Call) -> int:
        if call.to != self.policy.deadline_router or call.value:
            raise RefusedError("deadline leg missing: it is the first call")
        until = int(decode(DEADLINE, call.data)[0])
        left = until - self.now
        if left <= 0 or left > self.policy.window:
            late = f"your file allows {self.policy.window}" if left > 0 else "it is late"
            self.refuse(f"deadline leg: {left} seconds left, {late}")
            return until
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(until))
        self.say(f"deadline  {when} UTC, {left // 60} minutes left", "green")
        if left < HURRY_SECONDS:
            self.warn("the signatures will hardly be together in time")
        return until

    def evidence_leg(self, call: Call) -> str:
        if call.to != IDENTITY or call.value or len(call.data) != 32:
            raise RefusedError("evidence leg missing or not 32 bytes: it is the last call")
        self.say(f"evidence  {call.data.hex()}", "green")
        return call.data.hex()

    # ------------------------------------------------------------------------------ the calls
    def call(self, call: Call, index: int, batch: Batch, nests: bool) -> None:
        if call.value:
            raise RefusedError(f"{call.value} wei to {checksum(call.to)}")
        if nests and call.to in self.policy.tiers and call.data[:4] == selector(EXEC):
            batch.nested[index] = self.nested(call)
            return
        signature = {selector(known): known for known in STEPS}.get(call.data[:4], "")
        if not signature or call.to in self.policy.own_safes | self.policy.operators:
            raise RefusedError(f"{named(call.data)} at {checksum(call.to)}")
        self.say(STEPS[signature](self, call.to, decode(signature, call.data), batch), "green")

    def nested(self, call: Call) -> Batch:
        to, value, data, operation, *refund, signature = decode(EXEC, call.data)
        if refund != [0, 0, 0, NOBODY, NOBODY]:
            self.refuse("nested: gas fields are not zero")
        if signature != word(self.policy.main_safe) + bytes(32) + b"\x01":
            self.refuse("nested: another signature than v=1 of the main Safe")
        return self.batch(self.inside(to, value, operation, data), call.to, False)

    def approve(self, to: str, values: list[Any], batch: Batch) -> str:
        (spender, amount), shown = values, self.amount(to, values[1])
        if spender not in self.policy.venues:
            raise RefusedError(f"approve {shown}: spender {checksum(spender)} is no venue of yours")
        if amount == 0:
            if (to, spender) not in batch.open or batch.unused.pop((to, spender), 0):
                raise RefusedError(f"approve {shown}: takes back what was not given, or not used")
            batch.open.discard((to, spender))
        elif (to, spender) in batch.open:
            raise RefusedError(f"approve {shown}: a second allowance before the first is back")
        else:
            batch.open.add((to, spender))
            batch.unused[to, spender] = amount
        if amount > self.token(to).max_units:
            raise RefusedError(f"approve {shown}: unlimited, or above your limit")
        return f"approve   {shown} to {checksum(spender)}"

    def transfer(self, to: str, values: list[Any], batch: Batch) -> str:
        recipient, amount = values
        if recipient not in self.policy.own_safes or recipient == batch.safe:
            raise RefusedError(f"transfer to {checksum(recipient)}, no other Safe of yours")
        return f"transfer  {self.spend(to, amount)} to {checksum(recipient)}"

    def swap(self, to: str, values: list[Any], batch: Batch) -> str:
        sell, buy, fee, recipient, deadline, sold, least, limit = values
        if limit:
            raise RefusedError(f"swap of {self.amount(sell, sold)}: price limit {limit}")
        return self.trade(to, ([sell, buy], [fee]), (recipient, deadline, sold, least), batch)

    def swap_path(self, to: str, values: list[Any], batch: Batch) -> str:
        """Through several markets, each of them in the file; the floor is that of all together."""
        return self.trade(to, way(values[0]), tuple(values[1:]), batch)

    def trade(
        self, to: str, along: tuple[list[str], list[int]], terms: tuple[Any, ...], batch: Batch
    ) -> str:
        (tokens, fees), (recipient, deadline, sold, least) = along, terms
        sell, buy, floor = tokens[0], tokens[-1], Fraction(1)
        self.use(sell, to, sold, batch)
        shown = f"{self.spend(sell, sold)} for at least {self.amount(buy, least)}"
        for place, fee in enumerate(fees):
            market = self.policy.markets.get((to, tokens[place], tokens[place + 1], fee))
            if market is None:
                raise RefusedError(f"swap {shown}: market with fee {fee} is not in your file")
            floor *= market
        if len(fees) > 1:
            shown += f" through {', '.join(self.token(t).symbol for t in tokens[1:-1])}"
        self.stays(recipient, batch)
        if deadline != batch.deadline:
            raise RefusedError(f"swap {shown}: own deadline {deadline}")
        scale = Fraction(10 ** self.token(sell).decimals, 10 ** self.token(buy).decimals)
        price = Fraction(least, sold) * scale
        if price < floor:
            raise RefusedError(f"swap {shown}: minimum out is missing or below your min_price")
        return f"swap      {shown} (price {float(price):.8g}, yours {float(floor):.8g})"

    def deposit(self, to: str, values: list[Any], batch: Batch) -> str:
        (assets, receiver), asset = values, self.policy.vaults.get(to, "")
        self.use(asset, to, assets, batch)
        self.stays(receiver, batch)
        return f"deposit   {self.spend(asset, assets)} into vault {checksum(to)}"

    def redeem(self, to: str, values: list[Any], batch: Batch) -> str:
        shares, receiver, owner = values
        if to not in self.policy.vaults:
            raise RefusedError(f"redeem at {checksum(to)}, no vault of yours")
        self.stays(receiver, batch)
        self.stays(owner, batch)
        return f"redeem    {self.spend(to, shares)} of vault {checksum(to)}"

    def stays(self, recipient: str, batch: Batch) -> None:
        if recipient != batch.safe:
            raise RefusedError(f"recipient or owner {checksum(recipient)} is not the acting Safe")

    def use(self, token: str, spender: str, amount: int, batch: Batch) -> None:
        if batch.unused.pop((token, spender), None) != amount:
            raise RefusedError(f"{checksum(spender)} takes {amount} units without exact allowance")

    def spend(self, token: str, amount: int) -> str:
        """Counted over the whole transaction, all Safes together."""
        self.spent[token] = self.spent.get(token, 0) + amount
        if not amount or self.spent[token] > self.token(token).max_units:
            raise RefusedError(f"{self.amount(token, amount)}: nothing, or above your limit")
        return self.amount(token, amount)

    def token(self, token: str) -> Token:
        if token not in self.policy.tokens:
            raise RefusedError(f"token {checksum(token)} is not in your file")
        return self.policy.tokens[token]

    def amount(self, token: str, amount: int) -> str:
        known = self.token(token)
        whole, rest = divmod(amount, 10**known.decimals)
        digits = f"{rest:0{known.decimals}d}".rstrip("0") if rest else ""
        return f"{whole:,}{'.' if digits else ''}{digits} {known.symbol}"

    # ------------------------------------------------------------------- what the server says
    def document(self, document: Any) -> Fields:
        if need(document, "object", str) != "verification":
            raise RefusedError("this is no verification export")
        signed = need(document, "safe_transaction", dict)
        f = self.stated(signed)
        self.show(f)
        if need(signed, "status", str) != "ACTIVE":
            self.warn(f"the server no longer collects signatures: {signed['status']}")
        if not need(need(document, "simulation", dict), "ok", bool):
            self.warn("the server's own simulation failed")
        batch = self.attempt(self.transaction, f)
        if batch is not None:
            self.attempt(self.same_calls, document, batch)
            self.attempt(self.same_nested, document, batch)
            said = need(document, "evidence", dict)
            if need(said, "digest", str) != batch.evidence:
                self.refuse("evidence: the server states another digest than the batch")
            self.attempt(self.evidence, need(said, "text", str), batch, document)
        return f

    def typed(self, arguments: argparse.Namespace) -> Fields:
        """The ten fields from the command line; every one of them, nothing is assumed."""
        given = {name: getattr(arguments, name) for name in TEN}
        f = read_fields(arguments.chain_id, arguments.safe, given)
        self.show(f)
        batch = self.attempt(self.transaction, f)
        if batch is not None and arguments.evidence:
            text = Path(arguments.evidence).read_text(encoding="utf-8")
            self.attempt(self.evidence, text, batch, None)
        elif batch is not None:
            self.warn("no evidence text given: its digest was not recomputed")
        return f

    def stated(self, signed: Any) -> Fields:
        """The ten fields, after all that is said about them was found to be true."""
        f = read_fields(*(signed.get(name) for name in ("chain_id", "safe", "fields")))
        computed = hashes(f, self.policy.is_old)
        for name, value in zip(("domain_hash", "message_hash", "safe_tx_hash"), computed):  # noqa: B905  python 3.9
            if need(signed, name, str).lower() != value:
                self.refuse(f"the server states another {name}: {signed[name]}")
        if not need(signed, "hash_matches", bool):
            self.refuse("the server itself says that its stored hash differs")
        return f

    def same_calls(self, document: Any, batch: Batch) -> None:
        def plain(rows: Any) -> list[Any]:
            return [
                (
                    address(need(row, "to", str), "to of a call"),
                    octets(need(row, "data", str), "data of a call"),
                    plain(need(row, "inner", list)),
                )
                for row in rows
            ]

        def own(one: Batch) -> list[Any]:
            inner = {index: own(nested) for index, nested in one.nested.items()}
            return [(c.to, c.data, inner.get(index, [])) for index, c in enumerate(one.calls)]

        if plain(need(document, "calls", list)) != own(batch):
            self.refuse("the calls that the server shows are not those of the batch")
        if number(document.get("expires_at"), "expires_at") != batch.deadline:
            self.refuse("the server states another deadline than the batch")
        if not need(document, "plan_digest_matches", bool):
            self.refuse("the server itself says that its stored plan was changed")

    def same_nested(self, document: Any, batch: Batch) -> None:
        rows = need(document, "nested", list)
        if len(rows) != len(batch.nested):
            self.refuse("the server states other nested transactions than the batch")
        for row, inner in zip(rows, batch.nested.values()):  # noqa: B905  python 3.9
            f = self.stated(row)
            own = (inner.safe, self.policy.multisend, 0, inner.data, 1, 0, 0, 0, NOBODY, NOBODY)
            if f != Fields(self.policy.chain_id, *own, f.nonce):
                self.refuse("nested: the server states other fields than the batch")
            whole = hashes(f, self.policy.is_old)[2]
            self.say(f"nested    {checksum(f.safe)}, predicted nonce {f.nonce}, {whole}")

    def evidence(self, text: str, batch: Batch, document: Any) -> None:
        """The reasons are what was signed for, and its legs are the calls of the batch."""
        whole = load(text)
        if canonical(whole) != text:
            raise RefusedError("evidence: the text is not in canonical form")
        if hashlib.sha256(text.encode()).hexdigest() != batch.evidence:
            raise RefusedError("evidence: the text has another digest than the batch")
        legs, reasons = need(whole, "legs", list), need(whole, "reasons", dict)
        calls = [
            (
                address(need(leg, "safe", str), "safe of a leg"),
                address(need(call, "to", str), "to of a call"),
                number(call.get("value"), "value of a call"),
                octets(call.get("data"), "data of a call").hex(),
            )
            for leg in legs
            for call in need(leg, "calls", list)
        ]
        if calls != batch.flat():
            self.refuse("evidence: its legs are not the calls of the batch")
        if number(reasons.get("chain_id"), "evidence: chain_id") != self.policy.chain_id:
            self.refuse("evidence: made for another chain")
        version = need(need(reasons, "policy", dict), "hash", str)
        if self.policy.hashes and version not in self.policy.hashes:
            self.refuse(f"evidence: policy {version} is not in your file")
        elif not self.policy.hashes:
            self.warn(f"evidence: your file pins no policy; this one is {version}")
        self.say(f"reasons   {reasons.get('trigger')} in {reasons.get('tier')}, digest recomputed")
        if document is not None:
            bare = [{k: v for k, v in leg.items() if k != "calls"} for leg in legs]
            if canonical(document["evidence"].get("covers")) != text:
                self.refuse("evidence: what the server shows is not the text")
            if canonical(document.get("legs")) != canonical(bare):
                self.refuse("evidence: the legs that the server shows are not those of the text")


STEPS: dict[str, Any] = {
    APPROVE: Judge.approve,
    TRANSFER: Judge.transfer,
    SWAP: Judge.swap,
    SWAP_PATH: Judge.swap_path,
    DEPOSIT: Judge.deposit,
    REDEEM: Judge.redeem,
}


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# ------------------------------------------------------------------------------------ the program
def run(arguments: argparse.Namespace) -> tuple[int, list[str]]:
    policy = Policy(load(Path(arguments.policy).read_text(encoding="utf-8")))
    painted = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    level, lines = GREEN, []
    seen: set[tuple[str, int]] = set()
    for document in inputs(arguments):
        judge = Judge(policy, int(time.time()), painted)
        f = judge.attempt(judge.document if isinstance(document, dict) else judge.typed, document)
        if f is not None and (f.safe, f.nonce) in seen:
            judge.refuse(f"several transactions at nonce {f.nonce} of one Safe in the input")
        elif f is not None:
            seen.add((f.safe, f.nonce))
        level = max(level, judge.level)
        lines += [*judge.lines, ""]
    return level, lines


def inputs(arguments: argparse.Namespace) -> list[Any]:
    """Verification exports (one each, or a list of them), or the ten fields of the flags."""
    if any(getattr(arguments, name) is not None for name in ("chain_id", "safe", *TEN)):
        if arguments.files:
            raise RefusedError("give files or the ten fields, not both")
        return [arguments]
    texts = [sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
             for name in arguments.files or ["-"]]  # fmt: skip
    found = []
    for whole in map(load, texts):
        found += whole if isinstance(whole, list) else [whole]
    if not found or not all(isinstance(document, dict) for document in found):
        raise RefusedError("the input is no verification export")
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Exit 0: green, 1: warnings, 2: do not sign.")
    parser.add_argument("files", nargs="*", help="verification exports; - or nothing: stdin")
    parser.add_argument("--policy", required=True, help="your own pinned policy file")
    parser.add_argument("--evidence", help="file with the evidence text, for typed fields")
    for name in ("chain_id", "safe", *TEN):
        parser.add_argument("--" + name.replace("_", "-"), dest=name)
    arguments = parser.parse_args(argv)
    try:
        self_test()
        level, lines = run(arguments)
    except Exception as error:  # noqa: BLE001  whatever surprises us is refused, never a traceback
        level, lines = REFUSE, [ascii(f"REFUSE {error}")[1:-1]]
    verdict = ("GREEN: stays inside your file", "WARNINGS: read them", "REFUSED: do not sign")
    sys.stdout.write("\n".join([*lines, verdict[level]]) + "\n")
    return level


if __name__ == "__main__":
    sys.exit(main())
