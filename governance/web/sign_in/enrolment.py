"""Setting up a second factor: the secret waits in the session until a code shows that the app has
it. The recovery codes are shown once."""

from __future__ import annotations

import base64
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.models import User
from governance.services.identity.second_factor import enrol, enrolment, new_secret
from governance.web.sign_in.wallet import next_of, status_of

SECRET: Final = "totp_secret"  # noqa: S105  a name in the session
GROUP: Final = 4


def enrol_page(request: HttpRequest, user: User, error: Exception | None = None) -> HttpResponse:
    secret = request.session.setdefault(SECRET, new_secret())
    shown = enrolment(user=user, secret=secret)
    around = {
        "title": "Set up a second factor",
        "qr": base64.b64encode(shown.qr_svg.encode()).decode(),
        "secret": " ".join(secret[at : at + GROUP] for at in range(0, len(secret), GROUP)),
        "error": str(error or ""),
        "next": next_of(request),
    }
    response = render(
        request,
        "governance/account/enrol.html",
        around,
        status=status_of(error) if error else 200,
    )
    response["Cache-Control"] = "no-store"
    return response


def enrol_with(request: HttpRequest, user: User) -> list[str]:
    """The recovery codes. Raises what the service raises; the secret stays for another try."""
    secret = request.session.get(SECRET, "")
    codes = enrol(user=user, secret=secret, code=request.POST.get("code", ""))
    request.session.pop(SECRET, None)
    return codes


def recovery_codes_page(request: HttpRequest, codes: list[str], onwards: str) -> HttpResponse:
    around = {"title": "Recovery codes", "codes": codes, "onwards": onwards}
    response = render(request, "governance/account/recovery_codes.html", around)
    response["Cache-Control"] = "no-store"
    return response
