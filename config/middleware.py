"""What every answer carries: an id, and the rules under which a browser may use the page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

ACCEPTED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)


class RequestIdMiddleware:
    """`X-Request-Id`: the caller's, if harmless in a log, else a new one. Returned and logged."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        request.META["BALLAST_REQUEST_ID"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response


class ContentSecurityPolicyMiddleware:
    """Scripts, styles, connections: our own origin only. Django 5.2 has no such middleware."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        return response


def request_id_of(request: HttpRequest) -> str:
    """The id of this request; empty where the middleware did not run."""
    return str(request.META.get("BALLAST_REQUEST_ID", ""))
