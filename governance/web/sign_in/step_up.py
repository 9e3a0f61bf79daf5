"""Before a delicate step: a proof of the last ten minutes. A form that came without one is kept in
the page that asks for it, so that the proof and the step go through together and nothing is typed
twice."""

from __future__ import annotations

from typing import Final

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views import View

from governance.core.identity.texts import Purpose
from governance.models import User
from governance.services.identity.errors import SignInRefusedError
from governance.services.identity.limits import LOG_INS_OF_PERSON, count_try
from governance.services.identity.second_factor import check_code, has_second_factor
from governance.services.identity.wallets import prove, wallets_of
from governance.web.sign_in.session import asker_of, is_proved, mark_proved, site
from governance.web.sign_in.wallet import (
    REFUSALS,
    AskForText,
    next_of,
    proof_of,
    wallet_context,
)
from treasury.core import access

PREFIX: Final = "proof_"
PROOFS: Final = ("proof_code", "proof_password", "proof_nonce", "proof_signature")
NOT_KEPT: Final = {*PROOFS, "csrfmiddlewaretoken"}
FORBIDDEN: Final = 403


def step_up(request: HttpRequest, user: User) -> HttpResponse | None:
    """None when the person has shown that it is them, earlier or in this very request; else the
    page that asks for it."""
    if is_proved(request):
        return None
    error = ""
    if any(request.POST.get(name) for name in PROOFS):
        try:
            _check(request, user)
        except REFUSALS as refusal:
            error = str(refusal)
        else:
            mark_proved(request)
            return None
    has_code = has_second_factor(user)
    around = {
        "title": "Show that it is you",
        "error": error,
        "has_code": has_code,
        "has_password": not has_code and user.has_usable_password(),
        "wallets": list(wallets_of(user)),
        "kept": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in NOT_KEPT and "password" not in name
            for value in values
        ],
        "next": next_of(request),
        **wallet_context(),
    }
    return render(request, "governance/sign_in/step_up.html", around, status=FORBIDDEN)


def _check(request: HttpRequest, user: User) -> None:
    if request.POST.get("proof_signature"):
        asker = asker_of(request, Purpose.PROVE)
        prove(proof=proof_of(request, PREFIX), asker=asker, site=site(), now=timezone.now())
    elif has_second_factor(user):
        check_code(user=user, code=request.POST.get("proof_code", ""))
    else:
        count_try(LOG_INS_OF_PERSON, user.get_username())
        password = request.POST.get("proof_password", "")
        found = authenticate(request, username=user.get_username(), password=password)
        if found is None or found.pk != user.pk:
            raise SignInRefusedError("This is not your password.", "password")


class LoginAgain(View):
    """Prove it now, then go on to `next`: for callers of the REST API and for links."""

    required_action = access.OWN_ACCOUNT

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect("login")
        return step_up(request, request.user) or redirect(next_of(request))


class AskForProof(AskForText):
    required_action = access.OWN_ACCOUNT
    purpose = Purpose.PROVE
    prove_url = "login-again"
    again_url = "login-again"
    button = "Prove that it is me"
    prefix = PREFIX
