"""One's own account. Everything that changes it needs a fresh proof, attaching a wallet too: else
whoever finds an open browser attaches theirs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from governance.core.identity.sessions import LONGEST, moment
from governance.core.identity.texts import Purpose
from governance.models import Wallet
from governance.services.identity import second_factor
from governance.services.identity.administration import end_sessions
from governance.services.identity.wallets import attach
from governance.web.base import Page
from governance.web.sign_in.enrolment import enrol_page, enrol_with, recovery_codes_page
from governance.web.sign_in.session import SIGNED_IN_AT, SIGNED_IN_BY, asker_of, site
from governance.web.sign_in.wallet import (
    REFUSALS,
    AskForText,
    proof_of,
    status_of,
    wallet_context,
)
from treasury.core import access

CODE = "code"


class OwnPage(Page):
    """For whoever is signed in, whatever their rights."""

    required_action = access.OWN_ACCOUNT
    template_name = "governance/account/account.html"
    title = "Account"

    def is_allowed(self) -> bool:
        return True

    def context(self, error: str = "") -> dict[str, Any]:
        signed_in_at = moment(self.request.session, SIGNED_IN_AT)
        return {
            "error": error,
            "wallets": Wallet.objects.filter(user=self.user).order_by("pk"),
            "has_password": self.user.has_usable_password(),
            "has_factor": second_factor.has_second_factor(self.user),
            "codes_left": second_factor.recovery_codes_left(self.user),
            "is_demanded": settings.SECOND_FACTOR_DEMANDED,
            "signed_in_at": signed_in_at,
            "signed_in_by": self.request.session.get(SIGNED_IN_BY, ""),
            "ends_at": signed_in_at + LONGEST if signed_in_at else None,
            "may_administer": bool(self.allowed(access.IDENTITY_WRITE)),
            **wallet_context(),
        }

    def refused(self, error: Exception) -> HttpResponse:
        return self.shown(self.template_name, self.context(str(error)), status_of(error))


class Account(OwnPage):
    pass


class AskForAttachment(AskForText):
    required_action = access.OWN_ACCOUNT
    purpose = Purpose.ATTACH
    prove_url = "account-wallets"
    again_url = "account"
    button = "Prove and attach"


class AttachWallet(OwnPage):
    step_up_methods = frozenset({"POST"})

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return redirect("account")

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            wallet = attach(
                proof=proof_of(request),
                asker=asker_of(request, Purpose.ATTACH),
                site=site(),
                now=timezone.now(),
            )
        except REFUSALS as error:
            return self.refused(error)
        messages.success(request, f"{wallet.address} is attached.")
        return redirect("account")


class SecondFactor(OwnPage):
    """POST without a code shows the QR code, with one turns the second factor on."""

    step_up_methods = frozenset({"POST"})

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return redirect("account")

    def post(self, request: HttpRequest) -> HttpResponse:
        if CODE not in request.POST:
            return enrol_page(request, self.user)
        try:
            codes = enrol_with(request, self.user)
        except REFUSALS as error:
            return enrol_page(request, self.user, error)
        return recovery_codes_page(request, codes, reverse("account"))


class RecoveryCodes(OwnPage):
    step_up_methods = frozenset({"POST"})

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return redirect("account")

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            codes = second_factor.renew_recovery_codes(user=self.user)
        except REFUSALS as error:
            return self.refused(error)
        return recovery_codes_page(request, codes, reverse("account"))


class FactorRemoval(OwnPage):
    step_up_methods = frozenset({"POST"})

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return redirect("account")

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            second_factor.remove_second_factor(
                user=self.user, is_demanded=settings.SECOND_FACTOR_DEMANDED
            )
        except REFUSALS as error:
            return self.refused(error)
        messages.warning(request, "The second factor is off.")
        return redirect("account")


class EndSessions(OwnPage):
    """Needs no fresh proof: it only stops something."""

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return redirect("account")

    def post(self, request: HttpRequest) -> HttpResponse:
        end_sessions(user=self.user)
        request.session.flush()
        return redirect("login")
