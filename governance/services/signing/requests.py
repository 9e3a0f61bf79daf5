"""What a person may sign for a proposal now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.selectors.transactions import Given, given_for, rejection_of
from execution.services.signatures.asking import SigningRequest, open_requests
from governance.core.approvals import ApprovalRefusedError, check_confirmer
from governance.core.lifecycle import ProposalState
from governance.core.routing import RouteKind
from governance.models import Proposal, User
from governance.services.steps.rejecting import REJECTABLE
from treasury.core.types import Address, BlockRef

if TYPE_CHECKING:
    from execution.models import SafeTransaction

__all__ = ["CONFIRMABLE", "Asked", "SigningRequest", "asked_for", "signing_requests"]

CONFIRMABLE = frozenset({ProposalState.COLLECTING, ProposalState.READY})


@dataclass(frozen=True, slots=True)
class Asked:
    """A Safe transaction that people are asked to sign, None when there is none (yet), and what is
    stored of their signatures; rows of other transactions among `given` do not matter."""

    row: SafeTransaction | None
    given: tuple[Given, ...] = ()


def asked_for(proposal: Proposal, *, of_rejection: bool = False) -> Asked:
    """The proposal's own transaction, or the empty one that rejects it. Two queries at most."""
    row = proposal.safe_transaction
    if of_rejection and row is not None:
        row = rejection_of(row.pk)
    return Asked(row, given_for([row.pk]) if row is not None else ())


def signing_requests(
    *,
    proposal: Proposal,
    asked: Asked,
    user: User,
    wallets: Iterable[str],
    block: BlockRef,
    rpc_url: str,
) -> tuple[SigningRequest, ...]:
    """One request for each owner for which one of the person's `wallets` can sign, directly or as a
    member of an owner Safe. Empty: nothing is asked for now, the person signed already, may not
    sign (who triggered it does not approve it), or is no signer. Raises RosterUnknownError when the
    chain does not answer."""
    row, own = asked.row, frozenset(wallets)
    if row is None or not own:
        return ()
    of_rejection = row.rejects_id is not None
    if proposal.state not in (REJECTABLE if of_rejection else CONFIRMABLE):
        return ()
    barred = own if proposal.author_id == user.pk and not of_rejection else frozenset()
    wanted = open_requests(row, given=asked.given, block=block, rpc_url=rpc_url)
    return tuple(
        request
        for request in wanted
        if request.signer in own and _may_confirm(proposal, request.signer, barred)
    )


def _may_confirm(proposal: Proposal, signer: Address, author_wallets: frozenset[str]) -> bool:
    try:
        check_confirmer(
            author_wallets=author_wallets, owner=signer, route=RouteKind(proposal.route)
        )
    except ApprovalRefusedError:
        return False
    return True
