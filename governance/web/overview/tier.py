"""One tier: its rules in words, how it stands, what was decided; check it now, lower it now."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from governance.core.routing import Level
from governance.selectors.overview.tier_page import tier_page
from governance.selectors.scopes import find_tier
from governance.services import halts
from governance.services.proposals import evaluate_tier
from governance.web.base import Page, now_block, rpc_url
from governance.web.overview.viewing import OverviewPage, is_stale
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core import access
from treasury.selectors.policies import NoPolicyInForceError
from treasury.services.snapshots import take_snapshot

BY_HAND = "MANUAL"
REASON_MAX = 200


class Tier(OverviewPage):
    required_action = access.POLICY_READ
    template_name = "governance/overview/tier.html"

    def context(self) -> dict[str, Any]:
        found = tier_page(self.viewer(), self.kwargs["public_id"])
        if found is None:
            raise Http404
        treasury_id = found.standing.row.pk
        return {
            "title": found.figures.standing.row.name,
            "page": found,
            "tier": found.figures.standing,
            "now": found.standing.block.timestamp if found.standing.block else 0,
            "is_stale": is_stale(found.standing),
            "may_check": self.may(access.PROPOSAL_WRITE, treasury_id),
            "may_degrade": self.may(access.TIER_DEGRADE, treasury_id),
            "reason_max": REASON_MAX,
        }


class TierAct(Page):
    """A form of the tier's page: done, told, back to the page. A refusal changes nothing and says
    how to mend it."""

    def get(self, *_: Any, **__: Any) -> HttpResponse:
        return HttpResponseNotAllowed(["POST"])

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        tier = find_tier(public_id, within=self.treasury_ids)
        if tier is None:
            raise Http404
        reason = " ".join(request.POST.get("reason", "").split())
        if len(reason) > REASON_MAX:
            text = f"The reason has {len(reason)} characters, at most {REASON_MAX} fit. Shorten it."
            messages.error(request, text, extra_tags="bad")
        else:
            try:
                self.act(tier, reason)
            except (RpcError, RpcUnavailableError):
                text = "The chain does not answer now. Nothing was changed; try again in a minute."
                messages.error(request, text, extra_tags="bad")
        return redirect("tier", public_id=public_id)

    def act(self, tier: Any, reason: str) -> None:
        raise NotImplementedError


class Check(TierAct):
    """Evaluate now; with a reason the trigger is forced, and the proposal names its author."""

    required_action = access.PROPOSAL_WRITE

    def act(self, tier: Any, reason: str) -> None:
        snapshot = take_snapshot(treasury_id=tier.treasury_id, block=now_block(), rpc_url=rpc_url())
        try:
            found = evaluate_tier(
                tier_id=tier.pk,
                snapshot_id=snapshot.pk,
                rpc_url=rpc_url(),
                actor=self.actor,
                forced_reason=reason or None,
                author=self.user if reason else None,
            )
        except NoPolicyInForceError:
            text = "The tier has no policy in force: it is watched, and there is nothing to check."
            messages.warning(self.request, text, extra_tags="warn")
            return
        if found is None:
            text = "The tier is being evaluated at this moment. Look at the evaluations below."
            messages.warning(self.request, text, extra_tags="warn")
        elif found.proposal is not None:
            text = f"Checked at block {snapshot.block_number}: a proposal was made."
            messages.success(self.request, text, extra_tags="good")
        else:
            text = f"Checked at block {snapshot.block_number}: no proposal. {self.why(found)}"
            messages.info(self.request, text)

    def why(self, found: Any) -> str:
        return f"The evaluation says why not: {found.decision.outcome.replace('_', ' ').lower()}."


class Degrade(TierAct):
    """Lower the tier to SEMI by hand: nothing moves without a person until two people together end
    the halt."""

    required_action = access.TIER_DEGRADE

    def act(self, tier: Any, reason: str) -> None:
        if not reason:
            text = "Say why the tier is lowered: the reason stands in the audit trail."
            messages.error(self.request, text, extra_tags="bad")
            return
        halts.trip(
            treasury_id=tier.treasury_id,
            tier_id=tier.pk,
            found=halts.Trip(
                breaker=BY_HAND,
                level=Level.SEMI,
                value="by hand",
                limit="-",
                reason=reason,
            ),
            actor=self.actor,
            block=now_block(),
        )
        text = f"{tier.name} is lowered to SEMI. Two people together can raise it again."
        messages.success(self.request, text, extra_tags="good")
