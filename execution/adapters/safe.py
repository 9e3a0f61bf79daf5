"""Reading Safes and judging owners' signatures, at one block.

Signatures are parsed and packed by safe-eth-py. Contract signatures are asked for here, by
`eth_call` at the pinned block: the form that counts is the one the verifying Safe uses on the
chain (preimage below 1.5.0, hash from 1.5.0 on), and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from packaging.version import Version
from safe_eth.safe.safe_signature import (
    SafeSignature,
    SafeSignatureApprovedHash,
    SafeSignatureContract,
    SafeSignatureEOA,
    SafeSignatureEthSign,
)

from execution.adapters.ethereum import CallFailedError, Read, read_all
from execution.core.abi import encode_call, keccak, to_address
from execution.core.safe_tx import NO_REFUND, approved_by, preimage, safe_tx_hash
from execution.core.signing.typed_data import SafeMessage
from execution.core.types import SafeTxFields
from treasury.adapters.rpc import Rpc, RpcError
from treasury.core.types import Address, BlockRef

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
OLDEST = Version("1.3.0")  # before it the chain id is not part of what is signed
HASH_FORM_SINCE = Version("1.5.0")
MAGIC_PREIMAGE = bytes.fromhex("20c13b0b")
MAGIC_HASH = bytes.fromhex("1626ba7e")
KINDS: dict[type[SafeSignature], str] = {
    SafeSignatureEOA: "EOA",
    SafeSignatureEthSign: "ETH_SIGN",
    SafeSignatureApprovedHash: "APPROVED_HASH",
    SafeSignatureContract: "CONTRACT",
}
STATE_READS = (
    (encode_call("getOwners()"), "address[]"),
    (encode_call("getThreshold()"), "uint256"),
    (encode_call("nonce()"), "uint256"),
    (encode_call("VERSION()"), "string"),
)
_HASH_TYPES = "address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,uint256"


class SafeReadError(RuntimeError):
    """The Safe is not what we may work with: too old, or it hashes our fields differently."""


class SignatureShapeError(ValueError):
    """The bytes are no signature of one owner."""


@dataclass(frozen=True, slots=True)
class SafeState:
    owners: tuple[Address, ...]
    threshold: int
    nonce: int
    version: str


@dataclass(frozen=True, slots=True)
class OwnerSignature:
    """One owner's signature as it is packed: low s, and for a contract in its stand-alone form."""

    owner: Address
    kind: str
    signature: bytes


def state(rpc: Rpc, safe: Address, block: BlockRef | None) -> SafeState:
    return states(rpc, [safe], block)[safe]


def states(rpc: Rpc, safes: Sequence[Address], block: BlockRef | None) -> dict[Address, SafeState]:
    """All of them in one request. Raises SafeReadError for one that is too old."""
    reads = [Read(safe, data, (kind,)) for safe in safes for data, kind in STATE_READS]
    answers = [answer[0] for answer in read_all(rpc, reads, block)]
    size = len(STATE_READS)
    return {
        safe: _state(safe, answers[index * size : (index + 1) * size])
        for index, safe in enumerate(safes)
    }


def _state(safe: Address, answers: Sequence[Any]) -> SafeState:
    owners, threshold, nonce, version = answers
    if Version(version.partition("+")[0]) < OLDEST:
        raise SafeReadError(f"Safe {safe} is version {version}; {OLDEST} is the oldest accepted")
    return SafeState(
        tuple(to_address(owner) for owner in owners), int(threshold), int(nonce), str(version)
    )


def require_same_hash(rpc: Rpc, fields: SafeTxFields, block: BlockRef | None) -> str:
    """Our hash, after the Safe itself has said the same. Owners sign what the Safe will check."""
    ours = safe_tx_hash(fields)
    arguments = (fields.to, fields.value, fields.data, int(fields.operation), *NO_REFUND)
    data = encode_call(f"getTransactionHash({_HASH_TYPES})", *arguments, fields.nonce)
    theirs = "0x" + rpc.eth_call(fields.safe, data, block=block).hex()
    if theirs != ours:
        raise SafeReadError(f"Safe {fields.safe} hashes these fields to {theirs}, we to {ours}")
    return ours


def approved_hashes(
    rpc: Rpc, safe: Address, owners: Sequence[Address], tx_hash: str, block: BlockRef | None
) -> frozenset[Address]:
    """Those owners who approved the hash on the chain. The Safe never clears this by itself."""
    raw = bytes.fromhex(tx_hash[2:])
    reads = [
        Read(safe, encode_call("approvedHashes(address,bytes32)", owner, raw), ("uint256",))
        for owner in owners
    ]
    answers = read_all(rpc, reads, block) if reads else []
    return frozenset(o for o, answer in zip(owners, answers, strict=True) if answer[0] != 0)


# ------------------------------------------------------------------------------------ signatures
def parse(signature: bytes, fields: SafeTxFields) -> OwnerSignature:
    """Exactly one signature; whose it is by the bytes, not yet whether it counts."""
    return parse_over(signature, preimage(fields))


def parse_over(signature: bytes, signed: bytes) -> OwnerSignature:
    """The same over anything that EIP-712 hashes: `signed` is the preimage (0x1901, domain,
    struct)."""
    try:
        found = SafeSignature.parse_signature(
            low_s(signature), keccak(signed), signed, ignore_trailing=False
        )
    except (ValueError, IndexError) as error:
        raise SignatureShapeError(str(error)) from error
    if len(found) != 1 or type(found[0]) not in KINDS:
        raise SignatureShapeError("not the signature of one owner in a form that this Safe knows")
    (one,) = found
    exported = bytes(one.export_signature())
    kind = KINDS[type(one)]
    if kind != "CONTRACT" and len(signature) != 65:
        raise SignatureShapeError(f"{len(signature)} bytes; a signature of a key has 65")
    return OwnerSignature(to_address(one.owner), kind, exported)


def low_s(signature: bytes) -> bytes:
    """The twin with the smaller s. The Safe accepts both, so bytes never identify a signature."""
    if len(signature) != 65 or signature[64] not in (27, 28, 31, 32):
        return signature
    s = int.from_bytes(signature[32:64], "big")
    if s <= CURVE_ORDER // 2 or s >= CURVE_ORDER:
        return signature
    flipped = {27: 28, 28: 27, 31: 32, 32: 31}[signature[64]]
    return signature[:32] + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([flipped])


def approval_of(owner: Address) -> bytes:
    return approved_by(owner)


def message_for_owner(fields: SafeTxFields, owner: Address, version: str) -> SafeMessage:
    """What the members of an owner Safe sign. The `version` of the Safe that verifies decides,
    not the owner's: it picks the entry point of EIP-1271."""
    is_hash_form = Version(version.partition("+")[0]) >= HASH_FORM_SINCE
    message = bytes.fromhex(safe_tx_hash(fields)[2:]) if is_hash_form else preimage(fields)
    return SafeMessage(fields.chain_id, owner, message)


def contract_accepts(
    rpc: Rpc, fields: SafeTxFields, signed: OwnerSignature, version: str, block: BlockRef | None
) -> bool:
    """Ask the owner contract as the Safe of that version will ask it (EIP-1271)."""
    parsed = _one(signed, fields)
    if not isinstance(parsed, SafeSignatureContract):
        return False
    inner = bytes(parsed.contract_signature)
    if Version(version.partition("+")[0]) >= HASH_FORM_SINCE:
        raw_hash = bytes.fromhex(safe_tx_hash(fields)[2:])
        data = encode_call("isValidSignature(bytes32,bytes)", raw_hash, inner)
        magic = MAGIC_HASH
    else:
        data = encode_call("isValidSignature(bytes,bytes)", preimage(fields), inner)
        magic = MAGIC_PREIMAGE
    try:
        answer = rpc.eth_call(signed.owner, data, block=block)
    except (RpcError, CallFailedError):
        return False
    return answer[:4] == magic and len(answer) == 32


def pack(signatures: Sequence[OwnerSignature], fields: SafeTxFields) -> bytes:
    """The blob for `execTransaction`: sorted by owner, dynamic parts behind, offsets rewritten."""
    parsed = [_one(signed, fields) for signed in signatures]
    return bytes(SafeSignature.export_signatures(parsed))


def _one(signed: OwnerSignature, fields: SafeTxFields) -> SafeSignature:
    tx_hash = bytes.fromhex(safe_tx_hash(fields)[2:])
    found: list[SafeSignature] = SafeSignature.parse_signature(
        signed.signature, tx_hash, preimage(fields), ignore_trailing=False
    )
    return found[0]
