"""How each Safe is set up now, for the packages above."""

from __future__ import annotations

from collections.abc import Sequence

from execution.adapters import ethereum, safe_configuration
from execution.adapters.ethereum import CallFailedError
from execution.adapters.safe_configuration import SafeConfiguration
from execution.core.abi import UndecodableCallError
from execution.services.signatures.rosters import RosterUnknownError
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.types import Address, BlockRef

__all__ = ["RosterUnknownError", "SafeConfiguration", "read_configurations", "read_outlines"]


def read_configurations(
    *, safes: Sequence[Address], block: BlockRef | None, rpc_url: str
) -> tuple[SafeConfiguration, ...]:
    """Two requests for any number of Safes; raises RosterUnknownError when the chain does not say
    it now."""
    try:
        with ethereum.connect(rpc_url) as rpc:
            return safe_configuration.configurations(rpc, safes, block)
    except (CallFailedError, RpcError, RpcUnavailableError, UndecodableCallError) as error:
        raise RosterUnknownError(str(error)) from error


def read_outlines(
    *, safes: Sequence[Address], block: BlockRef, rpc_url: str
) -> tuple[SafeConfiguration, ...]:
    """One request for any number of Safes; one that does not answer like a Safe says so and keeps
    none of the others from theirs. Raises RosterUnknownError."""
    try:
        with ethereum.connect(rpc_url) as rpc:
            return safe_configuration.outlines(rpc, safes, block)
    except (CallFailedError, RpcError, RpcUnavailableError, UndecodableCallError) as error:
        raise RosterUnknownError(str(error)) from error
