"""The one thing that governance itself asks a node: what time it is."""

from __future__ import annotations

from treasury.adapters.rpc import Rpc
from treasury.core.types import BlockRef


def head_block(rpc_url: str) -> BlockRef:
    with Rpc(rpc_url) as rpc:
        return rpc.block()
