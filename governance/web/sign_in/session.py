"""What a browser session remembers of proving: when the person came in and how, when they were last
seen, when they last showed that it is them. All of it is wall time."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from governance.core.identity.networks import client_address
from governance.core.identity.sessions import PROVED_AT, is_fresh, moment
from governance.core.identity.texts import LIFETIME, Purpose
from governance.models import User
from governance.services.identity.wallets import Asker, Site, record_log_in

SIGNED_IN_AT: Final = "signed_in_at"
SIGNED_IN_BY: Final = "signed_in_by"
SEEN_AT: Final = "seen_at"
EPOCH: Final = "epoch"
HELD: Final = "held"
BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def enter(request: HttpRequest, user: User, *, how: str) -> None:
    """The session gets another key, so that one planted before is worth nothing."""
    record_log_in(user=user, how=how)
    request.session.pop(HELD, None)
    login(request, user, backend=BACKEND)
    now = _seconds(timezone.now())
    request.session.update(
        {
            SIGNED_IN_AT: now,
            SEEN_AT: now,
            PROVED_AT: now,
            SIGNED_IN_BY: how,
            EPOCH: user.session_epoch,
        }
    )


def mark_proved(request: HttpRequest) -> None:
    request.session[PROVED_AT] = _seconds(timezone.now())


def is_proved(request: HttpRequest) -> bool:
    """Whether the person has shown in the last minutes that it is them."""
    return is_fresh(proved_at=moment(request.session, PROVED_AT), now=timezone.now())


def site() -> Site:
    return Site(settings.SITE_URL, frozenset(settings.SIGN_IN_CHAIN_IDS), settings.RPC_URLS[0])


def caller(request: HttpRequest) -> str:
    """The address that tries are counted by."""
    return client_address(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        trusted_proxies=settings.TRUSTED_PROXIES,
    )


# ------------------------------------------------------------------------------------ this browser
def asker_of(request: HttpRequest, purpose: Purpose) -> Asker:
    """Who asks for a text and must bring its signature. To sign in the browser is known by a cookie
    of its own, afterwards by its session."""
    if purpose is not Purpose.SIGN_IN and isinstance(request.user, User):
        return Asker(str(request.session.session_key), request.user)
    return Asker(request.COOKIES.get(settings.SIGN_IN_COOKIE_NAME) or secrets.token_urlsafe(32))


def remember_browser(response: HttpResponse, asker: Asker) -> None:
    """For as long as the text holds. No script reads it, no other site sends it."""
    if asker.user is None:
        response.set_cookie(
            settings.SIGN_IN_COOKIE_NAME,
            asker.browser_secret,
            max_age=int(LIFETIME.total_seconds()),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Strict",
        )


# ------------------------------------------------------------------------------------ half way in
def hold(request: HttpRequest, user: User) -> None:
    """The password was right; nobody is signed in before the second step."""
    request.session[HELD] = {"user": user.pk, "at": _seconds(timezone.now())}


def held(request: HttpRequest) -> User | None:
    """Whose second step is due, for five minutes."""
    kept = request.session.get(HELD)
    if not isinstance(kept, dict):
        return None
    at = moment(kept, "at")
    if at is None or timezone.now() - at >= LIFETIME:
        return None
    return User.objects.filter(pk=kept["user"], is_active=True).first()


def _seconds(now: datetime) -> int:
    return int(now.timestamp())
