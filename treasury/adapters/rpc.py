"""The one door to an Ethereum node: JSON-RPC over HTTP with a timeout on every request.

Shared by the adapters of every package (decision record 0006). It knows transport and errors, not
contracts. Counts round trips, because how many a snapshot needs is a promise.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from eth_utils.address import to_checksum_address

from treasury.core.types import Address, BlockRef

TIMEOUT = httpx.Timeout(20.0, connect=5.0)


class RpcUnavailableError(RuntimeError):
    """No usable answer: refused, timed out, not JSON, wrong id. The request may have arrived."""

    problem_code = "chain_unavailable"
    problem_status = 503
    problem_detail = "The chain cannot be read now."  # the text names the provider
    retryable = True
    retry_after_seconds = 5


class RpcError(RuntimeError):
    """The node answered with an error. `data` is the revert data as 0x-hex, if any."""

    problem_code = "chain_refused"
    problem_status = 503
    problem_detail = "The node refused to answer."  # the text holds what was asked
    retryable = True
    retry_after_seconds = 5

    def __init__(self, method: str, code: int, message: str, data: str) -> None:
        super().__init__(f"{method}: {message}" + (f" ({data[:138]})" if data else ""))
        self.method, self.code, self.message, self.data = method, code, message, data


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    params: tuple[object, ...]


class Rpc:
    """One provider. Not shared between threads; cheap to make, keeps its connection alive."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.round_trips = 0
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trusted_roots())
        self._next_id = 0

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Rpc:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, method: str, *params: object) -> Any:
        """The result of one request. Raises RpcError or RpcUnavailableError."""
        self._next_id += 1
        reply = self._post(
            {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}
        )
        if not isinstance(reply, dict) or reply.get("id") != self._next_id:
            raise RpcUnavailableError(f"{method}: the answer does not belong to the request")
        return _result(method, reply)

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Results in order, in one round trip; an error of any request is raised."""
        if not requests:
            return []
        first = self._next_id + 1
        self._next_id += len(requests)
        reply = self._post(
            [
                {"jsonrpc": "2.0", "id": first + i, "method": r.method, "params": r.params}
                for i, r in enumerate(requests)
            ]
        )
        if not isinstance(reply, list) or len(reply) != len(requests):
            raise RpcUnavailableError("batch: fewer answers than requests")
        by_id = {item.get("id"): item for item in reply if isinstance(item, dict)}
        try:
            return [_result(r.method, by_id[first + i]) for i, r in enumerate(requests)]
        except KeyError as missing:
            raise RpcUnavailableError(f"batch: no answer with id {missing}") from None

    def chain_id(self) -> int:
        return int(self.call("eth_chainId"), 16)

    def block(self, tag: int | str = "latest") -> BlockRef:
        return block_ref(self.raw_block(tag))

    def raw_block(self, tag: int | str = "latest") -> dict[str, Any]:
        name = hex(tag) if isinstance(tag, int) else tag
        method = (
            "eth_getBlockByHash"
            if name.startswith("0x") and len(name) == 66
            else "eth_getBlockByNumber"
        )
        found = self.call(method, name, False)
        if found is None:
            raise RpcUnavailableError(f"the node does not know block {tag}")
        return dict(found)

    def eth_call(
        self, to: Address, data: bytes, *, block: BlockRef | None, sender: Address | None = None
    ) -> bytes:
        """Return data of a call at a pinned block (by hash, EIP-1898), or at the head when None."""
        call = {"to": to, "data": "0x" + data.hex()}
        if sender is not None:
            call["from"] = sender
        return bytes.fromhex(self.call("eth_call", call, block_tag(block))[2:])

    def _post(self, body: object) -> object:
        self.round_trips += 1
        try:
            answer = self._http.post(self.url, json=body)
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise RpcUnavailableError(f"no usable answer from the node: {error}") from error


@cache
def trusted_roots() -> ssl.SSLContext:
    """Certificates that HTTPS is checked against, read once per process: that takes longer than
    many a request."""
    return httpx.create_ssl_context(trust_env=False)


def block_tag(block: BlockRef | None) -> object:
    return "latest" if block is None else {"blockHash": block.hash}


def block_ref(raw: dict[str, Any]) -> BlockRef:
    return BlockRef(int(raw["number"], 16), str(raw["hash"]), int(raw["timestamp"], 16))


def checksum(address: str) -> Address:
    return Address(to_checksum_address(address))


def _result(method: str, reply: dict[str, Any]) -> Any:
    if "error" in reply:
        error = reply["error"]
        data = error.get("data")
        raise RpcError(
            method,
            int(error.get("code", 0)),
            str(error.get("message", "")),
            data if isinstance(data, str) else "",
        )
    if "result" not in reply:
        raise RpcUnavailableError(f"{method}: an answer without a result")
    return reply["result"]
