"""Addresses of the account's pages."""

from __future__ import annotations

from django.urls import re_path

from governance.web.account.own import (
    Account,
    AskForAttachment,
    AttachWallet,
    EndSessions,
    FactorRemoval,
    RecoveryCodes,
    SecondFactor,
)
from governance.web.account.people import People

urlpatterns = [
    re_path(r"^account/?$", Account.as_view(), name="account"),
    re_path(r"^account/wallets/text/?$", AskForAttachment.as_view(), name="account-wallet-text"),
    re_path(r"^account/wallets/?$", AttachWallet.as_view(), name="account-wallets"),
    re_path(r"^account/second-factor/?$", SecondFactor.as_view(), name="account-factor"),
    re_path(
        r"^account/second-factor/removal/?$",
        FactorRemoval.as_view(),
        name="account-factor-removal",
    ),
    re_path(r"^account/recovery-codes/?$", RecoveryCodes.as_view(), name="account-recovery-codes"),
    re_path(r"^account/sessions/?$", EndSessions.as_view(), name="account-sessions"),
    re_path(r"^people/?$", People.as_view(), name="people"),
]
