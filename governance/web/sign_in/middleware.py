"""Ends sessions: twelve hours after the log-in, thirty minutes after the person was last seen, and
all of them when the person asked for it. A page that polls by itself is not the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from governance.core.identity.sessions import has_ended, moment
from governance.models import User
from governance.web.sign_in.session import EPOCH, SEEN_AT, SIGNED_IN_AT

SEEN_RECORDED_EVERY = timedelta(minutes=1)
ENDED = "You were signed out: it was too long since you signed in or did something."


class SessionEndMiddleware:
    """After authentication and messages. Asks nothing for requests without a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, User):
            self._judge(request, request.user)
        return self.get_response(request)

    def _judge(self, request: HttpRequest, user: User) -> None:
        now = timezone.now()
        # A session that another door opened (the local admin) is counted from here on.
        if SIGNED_IN_AT not in request.session:
            request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = int(now.timestamp())
        signed_in_at, seen_at = (moment(request.session, name) for name in (SIGNED_IN_AT, SEEN_AT))
        if (
            signed_in_at is None
            or seen_at is None
            or request.session.get(EPOCH, 0) != user.session_epoch
            or has_ended(signed_in_at=signed_in_at, seen_at=seen_at, now=now)
        ):
            request.session.flush()
            request.user = AnonymousUser()
            messages.info(request, ENDED)
        elif now - seen_at >= SEEN_RECORDED_EVERY and "HX-Request" not in request.headers:
            request.session[SEEN_AT] = int(now.timestamp())
