"""Who is a signer: whoever owns a treasury's main Safe on the chain now, and the members of an
owner that is itself a Safe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from execution.services.signatures.rosters import RosterUnknownError, read_rosters
from governance.adapters.keeping import keep, kept
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


@dataclass(frozen=True, slots=True)
class SafeSigners:
    """`members` by the owner Safe that they sign for."""

    owners: frozenset[Address]
    members: dict[Address, frozenset[Address]]

    @property
    def everybody(self) -> frozenset[Address]:
        return self.owners.union(*self.members.values())


def signer_treasuries(*, wallets: frozenset[str], rpc_url: str) -> frozenset[int]:
    """Treasuries for whose main Safe one of the wallets signs, as an owner or within one."""
    safes = {Address(safe.address): safe.treasury_id for safe in main_safes()}
    signers = signers_of(safes, rpc_url=rpc_url)
    return frozenset(safes[safe] for safe, found in signers.items() if wallets & found.everybody)


def owners_of(safe: Address, *, rpc_url: str) -> frozenset[Address]:
    return signers_of([safe], rpc_url=rpc_url)[safe].owners


def signers_of(safes: Iterable[Address], *, rpc_url: str) -> dict[Address, SafeSigners]:
    """As of the last 15 seconds. What is not known is asked for in two requests, whatever the
    number of Safes and owners."""
    keys = {_key(safe): safe for safe in safes}
    known: dict[str, SafeSigners] = kept(keys)
    missing = [safe for key, safe in keys.items() if key not in known]
    found = {keys[key]: signers for key, signers in known.items()}
    if not missing:
        return found
    try:
        rosters = read_rosters(safes=missing, block=None, rpc_url=rpc_url)
    except RosterUnknownError as error:
        raise OwnersUnknownError from error
    fresh = {
        safe: SafeSigners(
            frozenset(roster.state.owners),
            {owner.owner: frozenset(owner.members) for owner in roster.owner_safes},
        )
        for safe, roster in rosters.items()
    }
    keep({_key(safe): signers for safe, signers in fresh.items()}, seconds=OWNERS_KEPT_SECONDS)
    return found | fresh


def _key(safe: Address) -> str:
    return f"governance.signers.{safe}"
