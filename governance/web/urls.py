"""Addresses of governance's pages. Each answers with and without a trailing slash."""

from __future__ import annotations

from django.urls import include, path, re_path

from governance.web.account import urls as account
from governance.web.sign_in.password import Code, Enrol, FirstPassword, Login, Logout
from governance.web.sign_in.step_up import AskForProof, LoginAgain
from governance.web.sign_in.wallet import AskForText, SignInByWallet

urlpatterns = [
    re_path(r"^login/?$", Login.as_view(), name="login"),
    re_path(r"^login/code/?$", Code.as_view(), name="login-code"),
    re_path(r"^login/enrol/?$", Enrol.as_view(), name="login-enrol"),
    re_path(r"^login/again/?$", LoginAgain.as_view(), name="login-again"),
    re_path(r"^login/again/text/?$", AskForProof.as_view(), name="login-again-text"),
    re_path(
        r"^login/first/(?P<uidb64>[^/]+)/(?P<token>[^/]+)/?$",
        FirstPassword.as_view(),
        name="login-first",
    ),
    *account.urlpatterns,
    re_path(r"^login/wallet/?$", AskForText.as_view(), name="login-wallet"),
    re_path(r"^login/wallet/proof/?$", SignInByWallet.as_view(), name="login-wallet-proof"),
    re_path(r"^logout/?$", Logout.as_view(), name="logout"),
    path("", include("governance.web.overview.urls")),
    path("", include("governance.web.registers.urls")),
    path("", include("governance.web.proposal.urls")),
]
