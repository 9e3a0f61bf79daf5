"""The Zodiac Roles v2 modifier of a tier: remaining allowances and who holds the role.

Refill is applied here as the modifier applies it when it is next used, at the block's timestamp,
because `allowances(key)` returns what was written last.
"""

from __future__ import annotations

from collections.abc import Sequence

from execution.adapters.ethereum import Read, read_all
from execution.core.abi import encode_call, selector
from execution.core.contracts import EXEC_WITH_ROLE, IDENTITY
from execution.core.limits.allowances import Allowance
from treasury.adapters.rpc import Rpc, RpcError
from treasury.core.types import Address, BlockRef

NOT_A_MEMBER = frozenset(
    "0x" + selector(error).hex() for error in ("NoMembership()", "NotAuthorized(address)")
)


def allowances(
    rpc: Rpc, modifier: Address, keys: Sequence[str], block: BlockRef
) -> tuple[Allowance, ...]:
    reads = [
        Read(
            modifier,
            encode_call("allowances(bytes32)", bytes.fromhex(key.removeprefix("0x"))),
            ("uint128", "uint128", "uint64", "uint128", "uint64"),
        )
        for key in keys
    ]
    found = []
    for key, answer in zip(keys, read_all(rpc, reads, block), strict=True):
        refill, ceiling, period, balance, since = (int(item) for item in answer)
        left = accrued(
            balance=balance,
            refill=refill,
            ceiling=ceiling,
            period=period,
            since=since,
            now=block.timestamp,
        )
        found.append(Allowance(key, refill, ceiling, period, left))
    return tuple(found)


def accrued(*, balance: int, refill: int, ceiling: int, period: int, since: int, now: int) -> int:
    """The modifier's own rule: whole periods only, never above the ceiling; a balance that already
    stands above it stays."""
    if period == 0 or now < since + period or balance >= ceiling:
        return balance
    return min(balance + refill * ((now - since) // period), ceiling)


def is_member(rpc: Rpc, modifier: Address, member: Address, role_key: str, block: BlockRef) -> bool:
    """The modifier has no getter, so ask it to do nothing as that member: a call of the identity
    precompile. Any answer but "no member" proves membership; a scope may still refuse the call."""
    data = encode_call(
        EXEC_WITH_ROLE,
        IDENTITY,
        0,
        bytes(32),
        0,
        bytes.fromhex(role_key.removeprefix("0x")),
        True,
    )
    try:
        rpc.eth_call(modifier, data, block=block, sender=member)
    except RpcError as refused:
        return refused.data[:10] not in NOT_A_MEMBER and bool(refused.data)
    return True
