"""Whether a signature over a text is an account's: by recovery, or by asking the account itself
(EIP-1271) at one pinned block."""

from __future__ import annotations

from eth_account import Account
from eth_account.messages import defunct_hash_message, encode_defunct
from eth_keys.exceptions import BadSignature

from execution.core.abi import encode_call
from treasury.adapters.rpc import Rpc, RpcError, block_tag
from treasury.core.types import Address

PLAIN_BYTES = 65
MAGIC = bytes.fromhex("1626ba7e").ljust(32, b"\0")


def is_signed_by(*, address: Address, text: str, signature: bytes, rpc_url: str) -> bool:
    """Raises RpcUnavailableError when the account may be a contract and the node does not answer;
    no node is asked when a plain signature recovers to the address."""
    if len(signature) == PLAIN_BYTES and _recovered(text, signature) == address:
        return True
    with Rpc(rpc_url) as rpc:
        block = rpc.block()
        if rpc.call("eth_getCode", address, block_tag(block)) == "0x":
            return False
        digest = bytes(defunct_hash_message(text=text))
        data = encode_call("isValidSignature(bytes32,bytes)", digest, signature)
        try:
            return rpc.eth_call(address, data, block=block) == MAGIC
        except RpcError:  # it reverted: this is how many contracts say no
            return False


def _recovered(text: str, signature: bytes) -> str | None:
    try:
        return str(Account.recover_message(encode_defunct(text=text), signature=signature))
    except (BadSignature, ValueError):
        return None
