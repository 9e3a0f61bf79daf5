"""How the nodes and the broker are, for people who look after the service. Never raises: a provider
that does not answer is an answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from treasury.adapters.rpc import Request, Rpc, RpcError, RpcUnavailableError, block_ref
from treasury.core.types import Address, BlockRef

BROKER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Provider:
    """`host` without user, path and query: those may hold a key. `problem` empty: it answers.
    `balances` are wei of the accounts asked for, in their order."""

    host: str
    problem: str
    chain_id: int | None = None
    head: BlockRef | None = None
    base_fee_wei: int | None = None
    latency_ms: int | None = None
    balances: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """`waiting` messages are wake-ups only: work is in our rows. None: the broker is silent."""

    name: str
    waiting: int | None


def provider(url: str, accounts: Sequence[Address]) -> Provider:
    """One round trip."""
    host = urlsplit(url).hostname or "?"
    requests = [
        Request("eth_chainId", ()),
        Request("eth_getBlockByNumber", ("latest", False)),
        *(Request("eth_getBalance", (account, "latest")) for account in accounts),
    ]
    started = time.monotonic()
    try:
        with Rpc(url) as rpc:
            chain_id, block, *balances = rpc.batch(requests)
    except RpcUnavailableError:
        return Provider(host, "does not answer")
    except RpcError as error:
        return Provider(host, f"answers with an error: {error.message[:120]}")
    return Provider(
        host=host,
        problem="",
        chain_id=int(chain_id, 16),
        head=block_ref(block),
        base_fee_wei=int(block["baseFeePerGas"], 16),
        latency_ms=int((time.monotonic() - started) * 1_000),
        balances=tuple(int(balance, 16) for balance in balances),
    )


def queues(broker_url: str, names: Iterable[str]) -> tuple[Queue, ...]:
    """The broker is Redis and a queue one of its lists."""
    wanted = tuple(names)
    try:
        with Redis.from_url(_as_redis(broker_url), socket_timeout=BROKER_SECONDS) as broker:
            return tuple(Queue(name, int(broker.llen(name))) for name in wanted)
    except RedisError:
        return tuple(Queue(name, None) for name in wanted)


def _as_redis(broker_url: str) -> str:
    """`redis+socket://path?virtual_host=n` is the broker's way to write `unix://path?db=n`."""
    return broker_url.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
