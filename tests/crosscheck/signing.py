"""Safe transactions to compare, and owners who sign them in every form that the packing knows.

The product does here what it does in service: the hash, the preimage, reading one owner's
signature, packing. Owners sign with a plain key; a contract that is an owner says itself which
message its own owners have to sign.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from eth_account.messages import encode_defunct
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID, AccountName, address_of, private_key
from config.local.chain.rpc import Rpc, hexed, unhexed
from execution.adapters.safe import CURVE_ORDER, pack, parse
from execution.core.abi import address_word, to_address
from execution.core.safe_tx import approved_by, preimage, safe_tx_hash
from execution.core.types import Operation, SafeTxFields
from treasury.core.types import Address

EXACT_IN_JAVASCRIPT: Final = 2**53 - 1
EDGE_NUMBERS: Final = (0, 1, EXACT_IN_JAVASCRIPT, EXACT_IN_JAVASCRIPT + 2, 2**255, 2**256 - 1)
EDGE_LENGTHS: Final = (0, 1, 4, 31, 32, 33, 64, 68, 4096)
STATIC_BYTES: Final = 65


def random_transactions(safe: Address, count: int, seed: int) -> list[SafeTxFields]:
    """About half of all numbers and lengths are edges, the rest is spread over all sizes."""
    chance = random.Random(seed)  # noqa: S311  (reproducible on purpose)

    def number() -> int:
        return chance.choice((*EDGE_NUMBERS, *(chance.getrandbits(n) for n in range(8, 257, 31))))

    def length() -> int:
        return chance.choice((*EDGE_LENGTHS, *(chance.randrange(1_500) for _ in EDGE_LENGTHS)))

    return [
        SafeTxFields(
            chain_id=CHAIN_ID,
            safe=safe,
            to=to_address(chance.randbytes(20)),
            value=number(),
            data=chance.randbytes(length()),
            operation=chance.choice(tuple(Operation)),
            nonce=number(),
        )
        for _ in range(count)
    ]


# ------------------------------------------------------------------------------------ one owner
@dataclass(frozen=True, slots=True)
class Signer:
    """One owner, the form of the signature, and who signs: several people for a contract."""

    owner: Address
    kind: str
    names: tuple[AccountName, ...]
    high_s: bool = False  # the twin that some wallets make; packed as the other one

    def sign(self, rpc: Rpc, fields: SafeTxFields) -> bytes:
        digest = unhexed(safe_tx_hash(fields))
        if self.kind == "APPROVED_HASH":
            return approved_by(self.owner)
        if self.kind == "ETH_SIGN":
            return _eth_sign(self.names[0], digest)
        if self.kind == "CONTRACT":
            return self._as_contract(rpc, fields)
        signed = bytes(ACCOUNTS[self.names[0]].unsafe_sign_hash(Hash32(digest)).signature)
        return _twin(signed) if self.high_s else signed

    def _as_contract(self, rpc: Rpc, fields: SafeTxFields) -> bytes:
        """In the form in which it is sent alone: the dynamic part begins at byte 65."""
        read = rpc.read(self.owner, "getMessageHash(bytes)", preimage(fields), returns=["bytes32"])
        people = sorted(self.names, key=lambda name: int(address_of(name), 16))
        inner = b"".join(_eth_sign(name, read[0]) for name in people)
        head = address_word(self.owner) + STATIC_BYTES.to_bytes(32, "big") + b"\0"
        return head + len(inner).to_bytes(32, "big") + inner

    def for_kit(self) -> dict[str, Any]:
        """The keys, never our signature: the kit makes its own."""
        keys = [hexed(private_key(name)) for name in self.names]
        return {"owner": self.owner, "kind": self.kind, "keys": keys}


def person(name: AccountName, kind: str = "EOA", *, high_s: bool = False) -> Signer:
    return Signer(Address(address_of(name)), kind, (name,), high_s)


def _eth_sign(name: AccountName, digest: bytes) -> bytes:
    """The digest as a personal message; Safes tell it apart by a v that is greater by 4."""
    signed = bytes(ACCOUNTS[name].sign_message(encode_defunct(digest)).signature)
    return signed[:64] + bytes([signed[64] + 4])


def _twin(signature: bytes) -> bytes:
    s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([27 + 28 - signature[64]])


# ------------------------------------------------------------------------------------ all owners
@dataclass(frozen=True, slots=True)
class Case:
    """A transaction signed by as many owners as are needed, and bytes that must not pass for it."""

    name: str
    fields: SafeTxFields
    signers: tuple[Signer, ...]
    packed: bytes
    wrong: dict[str, bytes]

    def for_kit(self) -> dict[str, Any]:
        return {
            "fields": fields_for_kit(self.fields) | {"nonce": self.fields.nonce},
            "approvals": [signer.for_kit() for signer in self.signers],
            "packed": hexed(self.packed),
            "wrong": [hexed(packed) for packed in self.wrong.values()],
        }


def fields_for_kit(fields: SafeTxFields) -> dict[str, Any]:
    return {
        "to": fields.to,
        "value": str(fields.value),
        "data": hexed(fields.data),
        "operation": int(fields.operation),
        "nonce": str(fields.nonce),
    }


def signed_case(rpc: Rpc, fields: SafeTxFields, signers: Sequence[Signer]) -> Case:
    alone = [signer.sign(rpc, fields) for signer in signers]
    packed = pack([parse(one, fields) for one in alone], fields)
    later = replace(fields, nonce=fields.nonce + 1)
    elsewhere = [parse(signer.sign(rpc, later), later) for signer in signers]
    end = STATIC_BYTES * len(signers)
    statics = [packed[at : at + STATIC_BYTES] for at in range(0, end, STATIC_BYTES)]
    wrong = {
        "signatures of another nonce": pack(elsewhere, later),
        "owners in descending order": b"".join(reversed(statics)) + packed[end:],
        "one signature short": packed[STATIC_BYTES:end] + packed[end:],
    }
    if len(packed) > end:
        by_owner = sorted(zip(signers, alone, strict=True), key=lambda p: int(p[0].owner, 16))
        wrong["offsets as if alone"] = b"".join(signature for _, signature in by_owner)
    return Case(
        name=" + ".join(_label(signer) for signer in signers),
        fields=fields,
        signers=tuple(signers),
        packed=packed,
        wrong=wrong,
    )


def _label(signer: Signer) -> str:
    form = "high s" if signer.high_s else signer.kind
    return f"{'/'.join(signer.names)} ({form})"
