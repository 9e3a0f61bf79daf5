"""What a person with these wallets may sign for a proposal now."""

from __future__ import annotations

from collections.abc import Iterable

from execution.selectors.transactions import rejection_of
from execution.services.signatures.asking import SigningRequest, open_requests
from governance.core.approvals import ApprovalRefusedError, check_confirmer
from governance.core.lifecycle import ProposalState
from governance.core.routing import RouteKind
from governance.models import Proposal
from governance.selectors import people
from governance.selectors.proposals import proposal_by_id
from governance.services.steps.rejecting import REJECTABLE
from treasury.core.types import Address, BlockRef

__all__ = ["CONFIRMABLE", "SigningRequest", "signing_requests"]

CONFIRMABLE = frozenset({ProposalState.COLLECTING, ProposalState.READY})


def signing_requests(
    *,
    proposal_id: int,
    wallets: Iterable[str],
    block: BlockRef,
    rpc_url: str,
    of_rejection: bool = False,
) -> tuple[SigningRequest, ...]:
    """One request for each owner for which one of the wallets can sign, directly or as a member of
    an owner Safe. Empty: nothing is asked for now, the person signed already, may not sign (who
    triggered it does not approve it), or is no signer. Raises RosterUnknownError when the chain
    does not answer."""
    proposal = proposal_by_id(proposal_id)
    own = frozenset(wallets)
    target = _target(proposal, of_rejection=of_rejection)
    states = REJECTABLE if of_rejection else CONFIRMABLE
    if target is None or not own or proposal.state not in states:
        return ()
    wanted = open_requests(safe_transaction_id=target, block=block, rpc_url=rpc_url)
    return tuple(
        request
        for request in wanted
        if request.signer in own and (of_rejection or _may_confirm(proposal, request.signer))
    )


def _target(proposal: Proposal, *, of_rejection: bool) -> int | None:
    """The Safe transaction that would be signed, None when there is none."""
    asked_for = proposal.safe_transaction_id
    if asked_for is None or not of_rejection:
        return asked_for
    rejection = rejection_of(asked_for)
    return rejection.pk if rejection else None


def _may_confirm(proposal: Proposal, signer: Address) -> bool:
    author_wallets = people.wallets(user=proposal.author) if proposal.author else frozenset()
    try:
        check_confirmer(
            author_wallets=author_wallets, owner=signer, route=RouteKind(proposal.route)
        )
    except ApprovalRefusedError:
        return False
    return True
