"""Dropping and resizing legs of a proposal of a manual policy, before anybody has signed."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.actions import Asked, ProposalAction
from governance.api.people import now_block, rpc_url
from governance.api.proposals import found
from governance.api.serializers import EditRequest
from governance.api.shapes.proposals import EditSerializer
from governance.core.changing.legs import Changed, LegChange
from governance.models import Proposal
from governance.services.changing.editing import changed_by, edit_legs, rehearse_edit
from treasury.core import access


class Edits(ProposalAction):
    """Legs dropped or made smaller: the rest is quoted and simulated anew, as another proposal that
    supersedes this one. Quotes, simulation and what follows from them come with the real run only;
    a dry run checks the rest and shows the legs before and after."""

    required_action = access.PROPOSAL_EDIT
    body = EditRequest
    answers = (201, EditSerializer)
    is_one_transaction = False  # quotes, simulates

    def rehearse(self, request: Request, given: dict[str, Any], **names: str) -> Response:
        self.prepare(request, given, **names)
        proposal = found(self, request, names["public_id"])
        changed = rehearse_edit(
            proposal_id=proposal.pk,
            legs=_changes(given),
            reason=given["reason"],
            block=now_block(),
        )
        return Response(_shape(proposal, None, changed))

    def act(self, asked: Asked) -> Response:
        changes = _changes(asked.given)
        made = edit_legs(
            proposal_id=asked.proposal.pk,
            user=asked.user,
            legs=changes,
            reason=asked.given["reason"],
            actor=asked.actor,
            block=asked.block,
            rpc_url=rpc_url(),
        )
        headers = {"Location": f"/api/v1/proposals/{made.public_id}"}
        changed = changed_by(asked.proposal, changes)
        return Response(_shape(asked.proposal, made, changed), status=201, headers=headers)


def _changes(given: dict[str, Any]) -> tuple[LegChange, ...]:
    return tuple(LegChange(leg["index"], int(leg["sell_units"])) for leg in given["legs"])


def _shape(old: Proposal, made: Proposal | None, changed: Changed) -> Any:
    value = {
        "proposal": made.public_id if made else None,
        "supersedes": old.public_id,
        "legs": changed.legs,
    }
    return EditSerializer(value).data
