"""What people do to a proposal, and owners' signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.people import actor_of, now_block, person_of, rpc_url
from governance.api.proposals import found
from governance.api.serializers import (
    ApprovalRequest,
    ConfirmationRequest,
    ReasonRequest,
)
from governance.api.shapes.proposals import ProposalSerializer
from governance.api.throttles import ConfirmationThrottle
from governance.api.writing.versions import wanted_versions
from governance.api.writing.view import Act, WriteView
from governance.core.approvals import ApprovalRefusedError
from governance.core.lifecycle import ProposalState
from governance.models import Proposal, User
from governance.selectors import people
from governance.selectors.proposals import proposal_by_id
from governance.services import approvals
from governance.services.process import advance
from governance.services.requests.versions import check_version, hold_version
from treasury.core import access
from treasury.core.types import Actor, ActorKind, Address, BlockRef

EXECUTABLE = frozenset({ProposalState.READY, ProposalState.HANDED_OVER})


def shown(proposal: Proposal, status: int = 200) -> Response:
    fresh = proposal_by_id(proposal.pk)
    headers = {"ETag": f'"{fresh.version}"'}
    return Response(ProposalSerializer(fresh).data, status=status, headers=headers)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request about one proposal, as the services want it. `block` is the clock."""

    proposal: Proposal
    user: User
    given: dict[str, Any]
    actor: Actor
    block: BlockRef


class ProposalAction(WriteView):
    """An action of a person on the proposal that they looked at: `If-Match` is required."""

    answers: ClassVar[tuple[int, Any]] = (201, ProposalSerializer)
    needs_version = True

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        user = person_of(request)
        proposal = found(self, request, names["public_id"])
        wanted = wanted_versions(request)
        check_version(proposal, wanted=wanted)
        asked = Asked(proposal, user, given, actor_of(request), now_block())

        def act() -> Response:
            if self.is_one_transaction:
                hold_version(proposal_id=proposal.pk, wanted=wanted)
            return self.act(asked)

        return act

    def act(self, asked: Asked) -> Response:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Brought:
    """A signature in a request. `person` when it is of one of their own wallets."""

    proposal_id: int
    owner: Address
    member: Address | None
    signature: bytes
    kind: str | None
    person: User | None
    actor: Actor
    block: BlockRef


class Confirmations(WriteView):
    """One owner's signature over the Safe transaction, or with `member` one over the owner Safe's
    message of it. It proves itself: no session is needed, a token never signs. It is its own key,
    too: the same signature twice is one row, so that wallets and tools that send no
    `Idempotency-Key` can repeat it without harm."""

    required_action = access.PROPOSAL_CONFIRM
    throttle_classes = [ConfirmationThrottle]
    body = ConfirmationRequest
    answers = (201, ProposalSerializer)
    needs_key = False

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        proposal, block = found(self, request, names["public_id"]), now_block()
        owner = Address(given["owner"])
        member = Address(given["member"]) if given["member"] else None
        signer = member or owner
        user = request.user if isinstance(request.user, User) else None
        is_own = user is not None and signer in people.wallets(user=user)
        brought = Brought(
            proposal_id=proposal.pk,
            owner=owner,
            member=member,
            signature=given["signature"],
            kind=given["kind"],
            person=user if is_own else None,
            actor=actor_of(request) if is_own else Actor(ActorKind.CHAIN, signer),
            block=block,
        )
        return lambda: shown(self.confirm(brought), 201)

    def confirm(self, brought: Brought) -> Proposal:
        return approvals.confirm(
            proposal_id=brought.proposal_id,
            owner=brought.owner,
            signature=brought.signature,
            kind=brought.kind,
            block=brought.block,
            rpc_url=rpc_url(),
            actor=brought.actor,
            is_own_session=brought.person is not None,
            person=brought.person,
            member=brought.member,
        )


class Approvals(ProposalAction):
    """An operator's one-click approval of the plan that was looked at."""

    required_action = access.PROPOSAL_APPROVE
    body = ApprovalRequest
    is_one_transaction = False  # asks the chain what stands against it first

    def act(self, asked: Asked) -> Response:
        approvals.approve(
            proposal_id=asked.proposal.pk,
            user=asked.user,
            seen_digest=asked.given["plan_digest"],
            actor=asked.actor,
            block=asked.block,
            rpc_url=rpc_url(),
        )
        return shown(asked.proposal, 201)


class Vetoes(ProposalAction):
    """Ends the proposal before it is handed over."""

    required_action = access.PROPOSAL_VETO
    body = ReasonRequest

    def act(self, asked: Asked) -> Response:
        approvals.veto(
            proposal_id=asked.proposal.pk,
            user=asked.user,
            reason=asked.given["reason"],
            actor=asked.actor,
            block=asked.block,
        )
        return shown(asked.proposal, 201)


class Declines(ProposalAction):
    """One person's recorded no."""

    required_action = access.PROPOSAL_DECLINE
    body = ReasonRequest
    is_one_transaction = False  # asks the chain for the owners first

    def act(self, asked: Asked) -> Response:
        approvals.decline(
            proposal_id=asked.proposal.pk,
            user=asked.user,
            reason=asked.given["reason"],
            actor=asked.actor,
            block=asked.block,
            rpc_url=rpc_url(),
        )
        return shown(asked.proposal, 201)


class Executions(ProposalAction):
    """Do not wait for the next sweep: take the next step of a proposal that is ready, now."""

    required_action = access.PROPOSAL_EXECUTE
    answers = (202, ProposalSerializer)
    is_one_transaction = False  # sends

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        act = super().prepare(request, given, **names)
        proposal = found(self, request, names["public_id"])
        if proposal.state not in EXECUTABLE:
            raise ApprovalRefusedError("wrong_state", f"the proposal is {proposal.state}")
        return act

    def rehearse(self, request: Request, given: dict[str, Any], **names: str) -> Response:
        """Nothing is sent, so the proposal is answered as it is: it may be executed now."""
        self.prepare(request, given, **names)
        return shown(found(self, request, names["public_id"]))

    def act(self, asked: Asked) -> Response:
        advance(
            proposal_id=asked.proposal.pk,
            block=asked.block,
            rpc_url=rpc_url(),
            finality_depth=settings.FINALITY_DEPTH,
        )
        return shown(asked.proposal, 202)
