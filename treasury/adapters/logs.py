"""Logs of one contract between two blocks, and whether both are still on the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from treasury.adapters.rpc import Request, Rpc, RpcUnavailableError
from treasury.core.types import Address

BLOCKS_PER_REQUEST = 2_000
"""Providers refuse longer ranges."""


@dataclass(frozen=True, slots=True)
class RawLog:
    tx_hash: str
    log_index: int
    block_number: int
    block_hash: str


class ChainMovedError(RuntimeError):
    """A reorganisation came while logs were read: what was read is of no chain. Read again."""


def hashes_at(rpc: Rpc, numbers: Sequence[int]) -> dict[int, str]:
    """Hashes of the blocks at these heights that exist now, in one round trip."""
    found = rpc.batch([Request("eth_getBlockByNumber", (hex(n), False)) for n in numbers])
    return {n: str(raw["hash"]) for n, raw in zip(numbers, found, strict=True) if raw is not None}


def read_logs(
    rpc: Rpc,
    *,
    contract: Address,
    topic: str,
    start: int,
    end: int,
    anchors: Mapping[int, str],
) -> tuple[RawLog, ...]:
    """Logs of blocks `start` to `end`, both included, in the chain's order; one round trip per
    `BLOCKS_PER_REQUEST`. `anchors` are blocks by height: raises ChainMovedError unless each of them
    is on the chain before and after the logs were read, so that all of them are of one chain."""
    found: list[RawLog] = []
    for first in range(start, end + 1, BLOCKS_PER_REQUEST):
        last = min(end, first + BLOCKS_PER_REQUEST - 1)
        wanted = {
            "address": contract,
            "topics": [topic],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        heights = [Request("eth_getBlockByNumber", (hex(n), False)) for n in anchors]
        answers = rpc.batch([*heights, Request("eth_getLogs", (wanted,)), *heights])
        count = len(heights)
        _check(anchors, answers[:count])
        _check(anchors, answers[count + 1 :])
        if not isinstance(answers[count], list):
            raise RpcUnavailableError("eth_getLogs: the answer is no list")
        found += (_log(raw) for raw in answers[count] if not raw.get("removed", False))
    return tuple(sorted(found, key=lambda log: (log.block_number, log.log_index)))


def _check(anchors: Mapping[int, str], blocks: Sequence[Mapping[str, object] | None]) -> None:
    for (number, wanted), raw in zip(anchors.items(), blocks, strict=True):
        if raw is None or raw["hash"] != wanted:
            raise ChainMovedError(f"block {number} is not {wanted} any more")


def _log(raw: Mapping[str, str]) -> RawLog:
    return RawLog(
        tx_hash=raw["transactionHash"],
        log_index=int(raw["logIndex"], 16),
        block_number=int(raw["blockNumber"], 16),
        block_hash=raw["blockHash"],
    )
