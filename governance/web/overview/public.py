"""The public page, and the page on which two people decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views import View

from governance.models import Publication
from governance.selectors.overview.published import (
    live_publication,
    public_view,
    publications,
)
from governance.services.registers.publication import (
    PublicationError,
    approve_publication,
    ask_publication,
    withdraw_publication,
)
from governance.web.base import now_block
from governance.web.overview.viewing import OverviewPage
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core import access
from treasury.selectors.portfolio import treasuries


class PublicPage(View):
    """Without sign-in; what is not published is as if it were not there."""

    required_action: ClassVar[str] = access.PUBLIC

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        publication = live_publication(slug)
        if publication is None:
            raise Http404
        found = public_view(publication)
        around = {"title": found.standing.row.name, "view": found, "standing": found.standing}
        return render(request, "governance/overview/public.html", around)


class Publishing(OverviewPage):
    """Ask, publish, withdraw."""

    required_action = access.TREASURY_READ
    method_actions: ClassVar[Mapping[str, str]] = {"POST": access.POLICY_APPROVE}
    template_name = "governance/overview/publishing.html"
    title = "Public page"

    def context(self) -> dict[str, Any]:
        treasury = self.treasury()
        rows = list(publications(treasury.pk)[:10])
        live = next((row for row in rows if row.withdrawn_at is None), None)
        return {
            "treasury": treasury,
            "publication": live,
            "earlier": [row for row in rows if row.withdrawn_at is not None],
            "may_decide": self.may(access.POLICY_APPROVE, treasury.pk),
            "is_author": live is not None and live.author_id == self.user.pk,
            "slug": self.request.POST.get("slug", ""),
        }

    def treasury(self) -> Any:
        rows = treasuries().filter(public_id=self.kwargs["public_id"], pk__in=self.treasury_ids)
        found = rows.first()
        if found is None:
            raise Http404
        return found

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        treasury = self.treasury()
        try:
            text = self.decide(treasury, request.POST.get("decision", ""))
        except PublicationError as error:
            context = {**self.context(), "problem": str(error)}
            return self.shown(self.template_name, context, error.problem_status)
        except (RpcError, RpcUnavailableError):
            problem = "The chain does not answer now. Nothing was changed; try again in a minute."
            return self.shown(self.template_name, {**self.context(), "problem": problem}, 503)
        messages.success(request, text, extra_tags="good")
        return redirect("publishing", public_id=public_id)

    def decide(self, treasury: Any, decision: str) -> str:
        if decision == "ask":
            ask_publication(
                treasury_id=treasury.pk,
                slug=self.request.POST.get("slug", "").strip(),
                user=self.user,
                actor=self.actor,
                block=now_block(),
            )
            return "Asked. Nothing is public until another person publishes it."
        live = publications(treasury.pk).filter(withdrawn_at=None).first()
        if live is None:
            raise PublicationError("nothing_asked", "Nobody asked for a public page: ask first.")
        return self._end_or_publish(live, decision)

    def _end_or_publish(self, live: Publication, decision: str) -> str:
        if decision == "approve":
            approve_publication(
                publication_id=live.pk, user=self.user, actor=self.actor, block=now_block()
            )
            return "Public now: everybody with the address can read it."
        if decision == "withdraw":
            withdraw_publication(
                publication_id=live.pk, now=timezone.now(), actor=self.actor, block=now_block()
            )
            return "Withdrawn: the address answers as if nothing had been there."
        raise PublicationError("unknown_decision", "Choose one of the buttons.")
