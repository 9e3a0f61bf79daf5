"""A small JSON-RPC client and ABI encoder for the builder, the market and their tests.

Contract objects of web3.py cost about a millisecond each and need ABI files. Here a call is its
Solidity signature in text, which is enough for code that knows exactly what it calls, and keeps a
build of some hundred blocks within seconds.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit

from eth_abi.abi import decode, encode
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

PRIORITY_FEE_WEI: Final = 10**8
MAX_FEE_WEI: Final = 10**11
TIMEOUT_SECONDS: Final = 60


class RpcError(Exception):
    """The node refused. `data` holds revert data where there is any."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        self.method = method
        self.message = str(error.get("message", ""))
        self.data = error.get("data")
        super().__init__(f"{method}: {self.message} {self.data or ''}".rstrip())


class Receipt(TypedDict):
    status: str
    blockNumber: str
    blockHash: str
    gasUsed: str
    contractAddress: str | None
    transactionHash: str
    logs: list[dict[str, Any]]


@lru_cache(maxsize=512)
def _parsed(signature: str) -> tuple[bytes, tuple[str, ...]]:
    """Selector and argument types of `name(type,type)`."""
    inside = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for position, character in enumerate(inside + ","):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            types.append(inside[start:position])
            start = position + 1
    return keccak(text=signature)[:4], tuple(name for name in types if name)


def selector(signature: str) -> bytes:
    return _parsed(signature)[0]


def encode_call(signature: str, *arguments: object) -> bytes:
    """Calldata of `signature`, for instance `transfer(address,uint256)`."""
    prefix, types = _parsed(signature)
    return prefix + encode(types, arguments)


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def unhexed(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


class Rpc:
    """One keep-alive connection to a node. Not for use by several threads at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ValueError(f"not a URL of a node: {url}")
        self._connection = http.client.HTTPConnection(
            parts.hostname, parts.port, timeout=TIMEOUT_SECONDS
        )

    def __call__(self, method: str, *params: object) -> Any:
        reply = self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if "error" in reply:
            raise RpcError(method, reply["error"])
        return reply["result"]

    def reads(self, method: str, calls: Sequence[Sequence[object]]) -> list[Any]:
        """Several calls of one read method in one request; the node may answer in any order."""
        if not calls:
            return []
        replies = self._post(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, params in enumerate(calls)
            ]
        )
        for reply in replies:
            if "error" in reply:
                raise RpcError(method, reply["error"])
        return [reply["result"] for reply in sorted(replies, key=lambda reply: int(reply["id"]))]

    def _post(self, body: object) -> Any:
        payload = json.dumps(body)
        headers = {"Content-Type": "application/json"}
        try:
            self._connection.request("POST", "/", payload, headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The node closed an idle connection: it has not seen this request.
            self._connection.close()
            self._connection.request("POST", "/", payload, headers)
            answer = self._connection.getresponse()
        return json.loads(answer.read())

    def close(self) -> None:
        self._connection.close()

    # -------------------------------------------------------------------------------- reading
    def read(
        self,
        to: str,
        signature: str,
        *arguments: object,
        returns: Sequence[str],
        block: str = "latest",
    ) -> tuple[Any, ...]:
        """Call a view function and decode its results."""
        call = {"to": to, "data": hexed(encode_call(signature, *arguments))}
        return decode(returns, unhexed(self("eth_call", call, block)))

    def read_address(self, to: str, signature: str, *arguments: object) -> ChecksumAddress:
        return to_checksum_address(self.read(to, signature, *arguments, returns=["address"])[0])

    def read_int(self, to: str, signature: str, *arguments: object, block: str = "latest") -> int:
        return int(self.read(to, signature, *arguments, returns=["uint256"], block=block)[0])

    def balance_of(self, token: str, holder: str) -> int:
        return self.read_int(token, "balanceOf(address)", holder)

    def block(self, number: str = "latest") -> dict[str, Any]:
        found: dict[str, Any] = self("eth_getBlockByNumber", number, False)
        return found

    def timestamp(self) -> int:
        return int(self.block()["timestamp"], 16)

    def nonce(self, address: str) -> int:
        return int(self("eth_getTransactionCount", address, "latest"), 16)

    # -------------------------------------------------------------------------------- writing
    def submit(
        self,
        account: LocalAccount,
        chain_id: int,
        nonce: int,
        to: str | None,
        data: bytes,
        *,
        value: int = 0,
        gas: int,
    ) -> str:
        """Sign and send with fixed fees: a tip derived from recent blocks would differ by run."""
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "data": data,
            "value": value,
            "gas": gas,
            "maxPriorityFeePerGas": PRIORITY_FEE_WEI,
            "maxFeePerGas": MAX_FEE_WEI,
        }
        if to is not None:
            transaction["to"] = to
        signed = account.sign_transaction(transaction)
        return str(self("eth_sendRawTransaction", hexed(bytes(signed.raw_transaction))))

    def mine(self, timestamp: int, base_fee_wei: int | None = None) -> None:
        """Mine exactly one block with everything that is pending, at an explicit time."""
        if base_fee_wei is not None:
            self("anvil_setNextBlockBaseFeePerGas", hex(base_fee_wei))
        self("evm_setNextBlockTimestamp", hex(timestamp))
        self("evm_mine")
