"""Separation of duties (reliability reference, 8.2): who may let a proposal pass, who may stop
it."""

from __future__ import annotations

from dataclasses import dataclass

from governance.core.lifecycle import ProposalState
from governance.core.routing import RouteKind

STOPPABLE = frozenset({ProposalState.PROPOSED, ProposalState.COLLECTING, ProposalState.READY})
"""A veto ends a proposal until it is handed over; after that the chain decides."""

APPROVABLE = frozenset({ProposalState.PROPOSED, ProposalState.COLLECTING})


class ApprovalRefusedError(ValueError):
    """The person may not do this to this proposal now; `code` is for machines."""

    problem_status = 422

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = self.problem_code = code


@dataclass(frozen=True, slots=True)
class ApprovalCase:
    """What the rule needs to know. `author` is the person who triggered or edited the proposal,
    empty when the machine made it; `needs_signature` when the role's member is the operator
    Safe."""

    state: ProposalState
    route: RouteKind
    plan_digest: str
    seen_digest: str
    author: str
    person: str
    needs_signature: bool = False


def check_approval(case: ApprovalCase) -> None:
    """An operator's one-click approval (P2). Raises ApprovalRefusedError."""
    if case.route is not RouteKind.OPERATOR:
        raise ApprovalRefusedError(
            "not_for_approval", f"a proposal of route {case.route} is not approved by an operator"
        )
    if case.state not in APPROVABLE:
        raise ApprovalRefusedError("wrong_state", f"the proposal is {case.state}")
    if case.seen_digest and case.seen_digest != case.plan_digest:
        raise ApprovalRefusedError("plan_changed", "the plan is not the one that was looked at")
    if case.author and case.author == case.person:
        raise ApprovalRefusedError(
            "separation_of_duties",
            "who triggered the proposal may not approve it: another operator",
        )
    if case.needs_signature:
        raise ApprovalRefusedError(
            "signature_required",
            "the chain enforces this approval: sign the operator Safe's transaction instead",
        )


def check_confirmer(*, author_wallets: frozenset[str], owner: str, route: RouteKind) -> None:
    """On the operator Safe one signature is the approval, so it may not be the author's. The
    multisig needs others anyway; there the author's signature is one of several."""
    if route is RouteKind.OPERATOR and owner in author_wallets:
        raise ApprovalRefusedError(
            "separation_of_duties",
            "who triggered the proposal may not approve it: another operator",
        )


def check_stop(state: ProposalState) -> None:
    """A veto before the proposal is handed over. Raises ApprovalRefusedError."""
    if state not in STOPPABLE:
        raise ApprovalRefusedError("too_late", f"the proposal is {state}: a veto has no effect")


def check_reason(reason: str) -> None:
    if not reason.strip():
        raise ApprovalRefusedError("reason_required", "say why")


def is_out_of_reach(*, owners: frozenset[str], declined: frozenset[str], threshold: int) -> bool:
    """Whether so many current owners declined that the rest cannot reach the threshold."""
    return len(owners - declined) < threshold
