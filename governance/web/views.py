"""The plain pages: sign in by password, and the dashboard."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from governance.models import User
from governance.selectors.overview import overview
from governance.services.rights import treasuries_where
from treasury.core import access


class Login(LoginView):
    """By password, for staff and for the demonstration's people. It authorises nothing on chain."""

    required_action = access.PUBLIC
    template_name = "governance/login.html"
    redirect_authenticated_user = True


class Logout(LogoutView):
    required_action = access.PUBLIC


class Dashboard(View):
    """What there is, what waits, what is halted: one page, read-only."""

    required_action = access.TREASURY_READ

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        allowed = treasuries_where(
            user=request.user, action=self.required_action, rpc_url=settings.RPC_URLS[0]
        )
        if not allowed:
            raise PermissionDenied
        context = {"treasuries": overview(treasury_ids=allowed)}
        return render(request, "governance/dashboard.html", context)
