"""Sign in by password and second factor, for staff. It authorises nothing on chain."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views import View

from governance.models import User
from governance.services.identity.errors import IdentityError, ProofUnavailableError
from governance.services.identity.limits import (
    LOG_INS_FROM_ADDRESS,
    LOG_INS_OF_PERSON,
    count_try,
)
from governance.web.sign_in.session import caller, enter
from governance.web.sign_in.wallet import login_page, next_of
from treasury.core import access


class Login(View):
    """GET: both ways in. POST `username`, `password`: the first step of staff."""

    required_action = access.PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            return redirect(next_of(request))
        return login_page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            count_try(LOG_INS_FROM_ADDRESS, caller(request))
            count_try(LOG_INS_OF_PERSON, request.POST.get("username", ""))
        except (IdentityError, ProofUnavailableError) as error:
            return login_page(request, password_error=error)
        form = AuthenticationForm(request, data=request.POST)
        if not form.is_valid():
            return login_page(request, form=form)
        user: Any = form.get_user()
        enter(request, user, how="password")
        return redirect(next_of(request))


class Logout(LogoutView):
    required_action = access.PUBLIC
