"""Who is a signer: whoever owns a treasury's main Safe on the chain now."""

from __future__ import annotations

from django.core.cache import cache

from governance.adapters.chain import UnexpectedAnswerError, safe_owners
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.types import Address
from treasury.selectors.portfolio import main_safes

OWNERS_KEPT_SECONDS = 15
"""Opens pages and buttons only: what moves money checks the owners at its own block."""


class OwnersUnknownError(RuntimeError):
    """The chain does not answer now, so nobody can be taken for a signer."""

    problem_code = "unavailable"
    problem_status = 503
    retryable = True

    def __str__(self) -> str:
        return "The owners of the Safe cannot be read now."


def signer_treasuries(*, wallets: frozenset[str], rpc_url: str) -> frozenset[int]:
    """Treasuries whose main Safe one of the wallets owns."""
    return frozenset(
        safe.treasury_id
        for safe in main_safes()
        if wallets & owners_of(Address(safe.address), rpc_url=rpc_url)
    )


def owners_of(safe: Address, *, rpc_url: str) -> frozenset[Address]:
    key = f"governance.owners.{safe}"
    found: list[Address] | None = cache.get(key)
    if found is None:
        try:
            found = sorted(safe_owners(safe=safe, rpc_url=rpc_url))
        except (RpcError, RpcUnavailableError, UnexpectedAnswerError) as error:
            raise OwnersUnknownError from error
        cache.set(key, found, OWNERS_KEPT_SECONDS)
    return frozenset(found)
