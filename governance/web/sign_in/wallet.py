"""Sign in by wallet: the page asks for a text, the wallet signs it, the page brings the signature.

With JavaScript the text comes as JSON; without, it is shown on a page of its own with a field for a
signature that was made elsewhere. Both ways end in the same form.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from governance.core.identity.texts import Purpose
from governance.services.identity.errors import (
    IdentityError,
    ProofUnavailableError,
    SignInRefusedError,
)
from governance.services.identity.limits import (
    LOG_INS_FROM_ADDRESS,
    TEXTS_TO_ADDRESS,
    count_try,
)
from governance.services.identity.wallets import Proof, ask_for_text, parse_address, sign_in
from governance.web.sign_in.session import (
    asker_of,
    caller,
    enter,
    remember_browser,
    site,
)
from treasury.core import access

REFUSALS = (IdentityError, ProofUnavailableError)
OK = 200
UNPROCESSABLE = 422


class AskForText(View):
    """POST `address` [`chain_id`]: the text to sign. Subclasses say what the signature is for."""

    required_action = access.PUBLIC
    purpose: ClassVar[Purpose] = Purpose.SIGN_IN
    prove_url: ClassVar[str] = "login-wallet-proof"
    again_url: ClassVar[str] = "login"
    button: ClassVar[str] = "Prove and sign in"
    prefix: ClassVar[str] = ""
    """Of the fields that the proof comes back in, where they travel with another form."""

    def post(self, request: HttpRequest) -> HttpResponse:
        asker = asker_of(request, self.purpose)
        try:
            count_try(TEXTS_TO_ADDRESS, caller(request))
            asked = ask_for_text(
                address=parse_address(request.POST.get("address", "")),
                purpose=self.purpose,
                asker=asker,
                site=site(),
                chain_id=_chain_id(request),
                now=timezone.now(),
            )
        except REFUSALS as error:
            return self.refused(request, error)
        response: HttpResponse
        if is_script(request):
            response = JsonResponse({"nonce": asked.nonce, "text": asked.text})
        else:
            around = {"asked": asked, "next": next_of(request), "button": self.button}
            around |= {"prefix": self.prefix}
            around |= {"prove_url": reverse(self.prove_url), "again_url": reverse(self.again_url)}
            response = render(request, "governance/sign_in/text.html", around)
        response["Cache-Control"] = "no-store"
        remember_browser(response, asker)
        return response

    def refused(self, request: HttpRequest, error: Exception) -> HttpResponse:
        if is_script(request):
            return JsonResponse({"error": str(error)}, status=status_of(error))
        return login_page(request, wallet_error=error)


class SignInByWallet(View):
    """POST `nonce`, `signature` [`next`]."""

    required_action = access.PUBLIC

    def get(self, _: HttpRequest) -> HttpResponse:
        return redirect("login")  # somebody reloaded the answer

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            count_try(LOG_INS_FROM_ADDRESS, caller(request))
            user = sign_in(
                proof=proof_of(request),
                asker=asker_of(request, Purpose.SIGN_IN),
                site=site(),
                now=timezone.now(),
            )
        except REFUSALS as error:
            return login_page(request, wallet_error=error)
        enter(request, user, how="wallet")
        return redirect(next_of(request))


def login_page(
    request: HttpRequest,
    *,
    form: AuthenticationForm | None = None,
    wallet_error: Exception | None = None,
    password_error: Exception | None = None,
) -> HttpResponse:
    """Both ways in. An error stands beside the field that it speaks of; what was typed stays,
    passwords and signatures apart."""
    is_of_address = getattr(wallet_error, "field", "") == "address"
    around = {
        "form": form or AuthenticationForm(request),
        "wallet_error": "" if is_of_address else str(wallet_error or ""),
        "address_error": str(wallet_error) if is_of_address else "",
        "password_error": str(password_error or ""),
        "username": request.POST.get("username", ""),
        "address": request.POST.get("address", ""),
        "next": request.POST.get("next") or request.GET.get("next", ""),
        **wallet_context(),
    }
    error = wallet_error or password_error
    status = status_of(error) if error else OK
    return render(request, "governance/sign_in/login.html", around, status=status)


# ------------------------------------------------------------------------------------ parts
def wallet_context() -> dict[str, Any]:
    """What `wallet.js` needs to bring a wallet to the chain, for each page with a wallet button."""
    return {"chain_id": settings.CHAIN_ID, "chain_params": settings.WALLET_CHAIN}


def proof_of(request: HttpRequest, prefix: str = "") -> Proof:
    given = request.POST
    return Proof(given.get(f"{prefix}nonce", ""), given.get(f"{prefix}signature", ""))


def next_of(request: HttpRequest) -> str:
    """Where the person wanted to go; never to another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None, require_https=request.is_secure()
    )
    return wanted if is_ours else reverse(settings.LOGIN_REDIRECT_URL)


def is_script(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def status_of(error: Exception) -> int:
    return int(getattr(error, "problem_status", UNPROCESSABLE))


def _chain_id(request: HttpRequest) -> int:
    given = request.POST.get("chain_id", "")
    if not given:
        return int(settings.CHAIN_ID)
    if not given.isdecimal() or len(given) > 20:
        raise SignInRefusedError("The chain id is no number.", "address")
    return int(given)
