"""Sign in by password and second factor, for staff. It authorises nothing on chain."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LogoutView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.http import urlencode
from django.views import View

from governance.models import User
from governance.services.identity.errors import IdentityError, ProofUnavailableError
from governance.services.identity.limits import (
    LOG_INS_FROM_ADDRESS,
    LOG_INS_OF_PERSON,
    count_try,
)
from governance.services.identity.second_factor import check_code, has_second_factor
from governance.web.sign_in.enrolment import enrol_page, enrol_with, recovery_codes_page
from governance.web.sign_in.session import caller, enter, held, hold
from governance.web.sign_in.wallet import REFUSALS, login_page, next_of, status_of
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
        if has_second_factor(user):
            hold(request, user)
            return _onwards("login-code", request)
        if settings.SECOND_FACTOR_DEMANDED:
            hold(request, user)
            return _onwards("login-enrol", request)
        enter(request, user, how="password")
        return redirect(next_of(request))


class Code(View):
    """The second step of staff: a code of the app, or a recovery code."""

    required_action = access.PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request) if held(request) else redirect("login")

    def post(self, request: HttpRequest) -> HttpResponse:
        user = held(request)
        if user is None:
            return redirect("login")
        try:
            kind = check_code(user=user, code=request.POST.get("code", ""))
        except REFUSALS as error:
            return self._page(request, error)
        enter(request, user, how=f"password and {kind}")
        return redirect(next_of(request))

    def _page(self, request: HttpRequest, error: Exception | None = None) -> HttpResponse:
        around = {"error": str(error or ""), "next": next_of(request)}
        status = status_of(error) if error else 200
        return render(request, "governance/sign_in/code.html", around, status=status)


class Enrol(View):
    """The first log-in of staff where a second factor is demanded: nobody is in before it is set
    up."""

    required_action = access.PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        user = held(request)
        return enrol_page(request, user) if user else redirect("login")

    def post(self, request: HttpRequest) -> HttpResponse:
        user = held(request)
        if user is None:
            return redirect("login")
        try:
            codes = enrol_with(request, user)
        except REFUSALS as error:
            return enrol_page(request, user, error)
        onwards = next_of(request)
        enter(request, user, how="password and code")
        return recovery_codes_page(request, codes, onwards)


def _onwards(name: str, request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse(name)}?{urlencode({'next': next_of(request)})}")


class FirstPassword(PasswordResetConfirmView):
    """By the link that an administrator handed over: good for a day and until a password is set."""

    required_action = access.PUBLIC
    template_name = "governance/sign_in/first_password.html"
    success_url = reverse_lazy("login")


class Logout(LogoutView):
    required_action = access.PUBLIC
