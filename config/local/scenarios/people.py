"""The people of the local treasury, played by their fixed keys, over the REST API and nothing else.

Signers come in the three forms that a Safe knows: a plain key, an approval on the chain, and a
board that is itself a Safe. They sign what they recompute: the Safe transaction hash is made anew
from the ten fields.
"""

from __future__ import annotations

from typing import Any, Final

import httpx
from eth_abi.abi import encode
from eth_typing import Hash32
from eth_utils.crypto import keccak

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID, AccountName
from config.local.chain.deployment import Deployment
from config.local.chain.rpc import Rpc, encode_call, hexed, unhexed

DOMAIN_TYPE: Final = keccak(text="EIP712Domain(uint256 chainId,address verifyingContract)")
SAFE_TX_TYPE: Final = keccak(
    text="SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,"
    "uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
)
MESSAGE_TYPE: Final = keccak(text="SafeMessage(bytes message)")
APPROVE_GAS: Final = 150_000


class UntrustworthyProposalError(RuntimeError):
    """The server's hash is not the hash of the fields that it shows: nobody signs."""


class RefusedError(RuntimeError):
    """The server refused a confirmation; the text is its problem."""


class People:
    """Acts for every open proposal that waits for somebody. `api` has the server as its base
    URL."""

    def __init__(self, *, api: httpx.Client, rpc: Rpc, deployment: Deployment) -> None:
        self._api = api
        self._rpc = rpc
        self._deployment = deployment

    def act(self) -> int:
        """Give each missing confirmation that we play; returns how many were accepted."""
        given = 0
        for proposal in self._get("/api/v1/proposals", state="COLLECTING")["data"]:
            given += self._confirm(str(proposal["id"]))
        return given

    def _confirm(self, proposal: str) -> int:
        found = self._get(f"/api/v1/proposals/{proposal}/verification")
        shown = found["safe_transaction"]
        if shown is None:
            return 0
        safe = str(shown["safe"])
        preimage = preimage_of(shown["fields"], safe=safe)
        digest = keccak(preimage)
        if hexed(digest) != shown["safe_tx_hash"]:
            raise UntrustworthyProposalError(f"{proposal}: fields hash to {hexed(digest)}")
        confirmed = {str(row["owner"]).lower() for row in found["confirmations"]}
        given = 0
        for owner, kind, signature in self._signatures(safe, preimage, digest):
            if owner.lower() in confirmed:
                continue
            answer = self._api.post(
                f"/api/v1/proposals/{proposal}/confirmations",
                json={"owner": owner, "signature": hexed(signature), "kind": kind},
            )
            if answer.is_error:
                raise RefusedError(f"{answer.status_code}: {answer.text}")
            given += 1
        return given

    def _signatures(
        self, safe: str, preimage: bytes, digest: bytes
    ) -> list[tuple[str, str, bytes]]:
        if safe == self._deployment.safes.operator:
            operator = ACCOUNTS["operator"]
            return [(operator.address, "EOA", signed("operator", digest))]
        approver = ACCOUNTS["owner2"]
        self._approve_on_chain(safe, digest)
        return [
            (ACCOUNTS["owner1"].address, "EOA", signed("owner1", digest)),
            (approver.address, "APPROVED_HASH", _by_owner(approver.address) + b"\x01"),
            (self._deployment.safes.board, "CONTRACT", self._board_signature(preimage)),
        ]

    def _approve_on_chain(self, safe: str, digest: bytes) -> None:
        approver = ACCOUNTS["owner2"]
        approved = self._rpc.read_int(
            safe, "approvedHashes(address,bytes32)", approver.address, digest
        )
        if approved:
            return
        self._rpc.submit(
            approver,
            CHAIN_ID,
            self._rpc.nonce(approver.address),
            safe,
            encode_call("approveHash(bytes32)", digest),
            gas=APPROVE_GAS,
        )
        if not self._rpc("anvil_getAutomine"):
            self._rpc.mine(self._rpc.timestamp() + 12)

    def _board_signature(self, preimage: bytes) -> bytes:
        """EIP-1271 of a Safe 1.4.1: its owners sign the SafeMessage of the parent's preimage."""
        board = self._deployment.safes.board
        message = keccak(MESSAGE_TYPE + keccak(preimage))
        digest = keccak(b"\x19\x01" + domain_separator(board) + message)
        members: list[AccountName] = ["board1", "board2"]
        members.sort(key=lambda name: int(ACCOUNTS[name].address, 16))
        inner = b"".join(signed(name, digest) for name in members)
        head = _by_owner(board)[:32] + (65).to_bytes(32, "big") + b"\x00"
        return head + len(inner).to_bytes(32, "big") + inner

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        answer = self._api.get(path, params=query)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def signed(name: AccountName, digest: bytes) -> bytes:
    return bytes(ACCOUNTS[name].unsafe_sign_hash(Hash32(digest)).signature)


def domain_separator(safe: str) -> bytes:
    return keccak(DOMAIN_TYPE + encode(["uint256", "address"], [CHAIN_ID, safe]))


def preimage_of(fields: dict[str, Any], *, safe: str) -> bytes:
    """What `keccak` turns into the Safe transaction hash, from the fields that a person sees."""
    struct = SAFE_TX_TYPE + encode(
        ["address", "uint256", "bytes32", "uint8", *["uint256"] * 3, *["address"] * 2, "uint256"],
        [
            fields["to"],
            int(fields["value"]),
            keccak(unhexed(fields["data"])),
            int(fields["operation"]),
            int(fields["safe_tx_gas"]),
            int(fields["base_gas"]),
            int(fields["gas_price"]),
            fields["gas_token"],
            fields["refund_receiver"],
            int(fields["nonce"]),
        ],
    )
    return b"\x19\x01" + domain_separator(safe) + keccak(struct)


def _by_owner(owner: str) -> bytes:
    return bytes.fromhex(owner[2:]).rjust(32, b"\0") + bytes(32)
