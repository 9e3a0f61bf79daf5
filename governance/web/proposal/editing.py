"""Dropping and resizing legs from the page; works without scripts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from governance.core.approvals import ApprovalRefusedError
from governance.core.changing.legs import EditRefusedError
from governance.selectors.dossiers import dossier
from governance.services.changing.editing import edit_legs
from governance.services.guarding.freezing import TamperedError
from governance.services.halts import HaltedError
from governance.services.moves import LostRaceError
from governance.web.base import now_block, rpc_url
from governance.web.proposal.acting import Form, sentence
from governance.web.proposal.forms import leg_changes
from treasury.core import access


class Edits(Form):
    """The changed proposal's own page follows; a refusal stands beside the leg that it is about."""

    required_action = access.PROPOSAL_EDIT

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal = self.proposal
        try:
            made = edit_legs(
                proposal_id=proposal.pk,
                user=self.user,
                legs=leg_changes(request.POST, dossier(proposal)),
                reason=request.POST.get("edit_reason", "")[:300],
                actor=self.actor,
                block=now_block(),
                rpc_url=rpc_url(),
            )
        except EditRefusedError as refused:
            field = "edit" if refused.leg is None else f"leg-{refused.leg}"
            return self.refused(self.proposal, **{field: sentence(str(refused))}, edit_legs="1")
        except ApprovalRefusedError as refused:  # of the reason alone
            return self.refused(self.proposal, edit_reason=sentence(str(refused)))
        except (TamperedError, HaltedError, LostRaceError) as refused:
            return self.refused(self.proposal, edit=sentence(str(refused)))
        messages.success(request, "This is the proposal with your changes.")
        return HttpResponseRedirect(reverse("proposal-page", args=[made.public_id]))
