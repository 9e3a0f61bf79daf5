"""Who may sign for a Safe, for the packages above."""

from __future__ import annotations

from collections.abc import Sequence

from execution.adapters import ethereum, owner_safes
from execution.adapters.ethereum import CallFailedError
from execution.adapters.owner_safes import Roster
from execution.adapters.safe import SafeReadError
from execution.core.abi import UndecodableCallError
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.types import Address, BlockRef

__all__ = ["Roster", "RosterUnknownError", "read_rosters"]


class RosterUnknownError(RuntimeError):
    """The chain does not say now who owns the Safe."""


def read_rosters(
    *, safes: Sequence[Address], block: BlockRef | None, rpc_url: str
) -> dict[Address, Roster]:
    """Owners and, one level deep, members of owners that are Safes. Two requests for any number of
    Safes; `block` None is the head."""
    try:
        with ethereum.connect(rpc_url) as rpc:
            return owner_safes.rosters(rpc, safes, block)
    except (
        CallFailedError,
        RpcError,
        RpcUnavailableError,
        SafeReadError,
        UndecodableCallError,
    ) as error:
        raise RosterUnknownError(str(error)) from error
