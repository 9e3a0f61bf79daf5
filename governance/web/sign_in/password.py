"""Sign in by password, for staff and for the demonstration's people. It authorises nothing on
chain."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView

from treasury.core import access


class Login(LoginView):
    required_action = access.PUBLIC
    template_name = "governance/login.html"
    redirect_authenticated_user = True


class Logout(LogoutView):
    required_action = access.PUBLIC
