"""Addresses of governance's pages. Each answers with and without a trailing slash."""

from __future__ import annotations

from django.urls import include, path, re_path

from governance.web.sign_in.password import Login, Logout
from governance.web.sign_in.wallet import AskForText, SignInByWallet

urlpatterns = [
    re_path(r"^login/?$", Login.as_view(), name="login"),
    re_path(r"^login/wallet/?$", AskForText.as_view(), name="login-wallet"),
    re_path(r"^login/wallet/proof/?$", SignInByWallet.as_view(), name="login-wallet-proof"),
    re_path(r"^logout/?$", Logout.as_view(), name="logout"),
    path("", include("governance.web.overview.urls")),
    path("", include("governance.web.registers.urls")),
    path("", include("governance.web.proposal.urls")),
]
