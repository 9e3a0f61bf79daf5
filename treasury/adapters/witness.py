"""What a second provider says of a block that the first one was asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from treasury.adapters.chain import Pair, balance_call
from treasury.adapters.multicall import answers_from, requests_for, word
from treasury.adapters.rpc import Request, Rpc, RpcError, RpcUnavailableError
from treasury.core.types import BlockRef


@dataclass(frozen=True, slots=True)
class Testimony:
    """`block_hash` is the witness's block at the same height, None while it has none; `units` its
    balances at that hash, None where it did not tell. `problem`: it could not be asked."""

    name: str
    block_hash: str | None
    units: tuple[int | None, ...]
    problem: str = ""


def host_of(url: str) -> str:
    """A provider's name: never its path or user, which may be a secret."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def testify(url: str, pairs: Sequence[Pair], *, block: BlockRef) -> Testimony:
    """Two requests in one round trip: the block at that height, and every balance at that height.
    Never raises for what the provider does: a witness that fails stops nobody."""
    name = host_of(url)
    calls = [balance_call(pair) for pair in pairs]
    height = hex(block.number)
    asked = [Request("eth_getBlockByNumber", (height, False))]
    asked += [
        Request(request.method, (request.params[0], height))
        for request in requests_for(calls, block=None)
    ]
    try:
        with Rpc(url) as rpc:
            header, *results = rpc.batch(asked)
            if header is None:
                return Testimony(name, None, (), f"does not know block {block.number} yet")
            units = tuple(word(answer) for answer in answers_from(calls, results))
            return Testimony(name, str(header["hash"]), units)
    except (RpcUnavailableError, RpcError) as error:
        return Testimony(name, None, (), f"no answer: {error}"[:160].replace(url, name))
    except (KeyError, TypeError, ValueError):
        return Testimony(name, None, (), "an answer of another shape")
