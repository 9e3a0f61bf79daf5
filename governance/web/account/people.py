"""People and roles, for administrators."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from governance.models import RoleGrant, RoleRequest
from governance.services.identity import administration
from governance.services.identity.errors import IdentityError
from governance.web.base import Page
from treasury.core import access
from treasury.selectors.portfolio import treasuries

SHOWN = 100
UNPROCESSABLE = 422


class People(Page):
    required_action = access.IDENTITY_WRITE
    step_up_methods = frozenset({"POST"})
    template_name = "governance/account/people.html"
    title = "People and roles"

    def context(self) -> dict[str, Any]:
        grants = RoleGrant.objects.filter(treasury_id__in=self.treasury_ids)
        waiting = RoleRequest.objects.filter(
            treasury_id__in=self.treasury_ids, decided_at=None, expires_at__gt=timezone.now()
        )
        rows = list(grants.select_related("user", "treasury").order_by("-pk")[: SHOWN + 1])
        return {
            "requests": waiting.select_related("treasury", "asked_by").order_by("pk")[:SHOWN],
            "grants": rows[:SHOWN],
            "more": len(rows) > SHOWN,
            "limit": SHOWN,
            "roles": [role.value for role in administration.GRANTABLE],
            "treasuries": treasuries().filter(pk__in=self.treasury_ids),
            "given": {},
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        handlers = {
            "ask": self._ask,
            "grant": self._grant,
            "refuse": self._refuse,
            "revoke": self._revoke,
        }
        handler = handlers.get(request.POST.get("do", ""))
        try:
            if handler is None:
                raise IdentityError("Choose what to do.")
            return handler(request) or redirect("people")
        except IdentityError as error:
            more = {"error": str(error), "given": request.POST}
            return self.shown(self.template_name, self.context() | more, UNPROCESSABLE)

    def _ask(self, request: HttpRequest) -> None:
        wanted = request.POST.get("treasury", "")
        treasury = treasuries().filter(public_id=wanted, pk__in=self.treasury_ids).first()
        if treasury is None:
            raise IdentityError("There is no such treasury.")
        administration.ask_role(
            username=request.POST.get("username", ""),
            treasury_id=treasury.pk,
            role=request.POST.get("role", ""),
            reason=request.POST.get("reason", ""),
            administrator=self.user,
            now=timezone.now(),
        )

    def _grant(self, request: HttpRequest) -> HttpResponse | None:
        granted = administration.grant_request(
            public_id=self._own(request), administrator=self.user, now=timezone.now()
        )
        if granted.first_password is None:
            return None
        link = settings.SITE_URL + reverse("login-first", args=granted.first_password)
        around = {"link": link, "link_person": granted.request.username}
        response = self.shown(self.template_name, self.context() | around)
        response["Cache-Control"] = "no-store"
        return response

    def _refuse(self, request: HttpRequest) -> None:
        administration.refuse_request(
            public_id=self._own(request), administrator=self.user, now=timezone.now()
        )

    def _revoke(self, request: HttpRequest) -> None:
        given = request.POST.get("grant", "")
        administration.revoke_role(
            grant_id=int(given) if given.isdecimal() and len(given) < 19 else 0,
            treasury_ids=self.treasury_ids,
            administrator=self.user,
        )

    def _own(self, request: HttpRequest) -> str:
        """The request's id, if it is about a treasury in which this person administers."""
        wanted = request.POST.get("request", "")
        rows = RoleRequest.objects.filter(public_id=wanted, treasury_id__in=self.treasury_ids)
        if not rows.exists():
            raise IdentityError("There is no such request.")
        return wanted
