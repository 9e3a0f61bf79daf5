"""What every answer carries: an id, and the rules under which a browser may use the page."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
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


API_PREFIX = "/api/v1/"
RATE_LIMITS = "BALLAST_RATE_LIMITS"
KEPT_ON_304 = ("ETag", "Cache-Control", "Link", "Vary")


class RestHeadersMiddleware:
    """What every answer of the REST API carries: a tag, and what is left of the caller's limits.

    `ETag` is `"<version>-<hash>"` for an object, a weak hash for everything else that is read:
    some objects show facts of others (a treasury its latest NAV), which its version does not
    count, and a 304 over a changed number would be a wrong number."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path.startswith(API_PREFIX):
            return response
        response.headers.setdefault("Cache-Control", "private, no-cache")
        limits = request.META.get(RATE_LIMITS, ())
        if limits:
            response.headers["RateLimit-Policy"] = ", ".join(
                f'"{name}";q={quota};w=60' for name, quota, _, _ in limits
            )
            response.headers["RateLimit"] = ", ".join(
                f'"{name}";r={left};t={seconds}' for name, _, left, seconds in limits
            )
        is_read = request.method in {"GET", "HEAD"} and response.status_code == 200
        return _tagged(request, response) if is_read else response


def _tagged(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not isinstance(response, HttpResponse):
        return response
    digest = hashlib.sha256(response.content).hexdigest()[:24]
    body = getattr(response, "data", None)
    version = body.get("version") if isinstance(body, dict) else None
    tag = f'W/"{digest}"' if version is None else f'"{version}-{digest}"'
    response.headers["ETag"] = tag
    known = [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]
    if tag.removeprefix("W/") not in {part.removeprefix("W/") for part in known}:
        return response
    unchanged = HttpResponse(status=304)
    for name, value in response.headers.items():
        if name in KEPT_ON_304 or name.startswith("RateLimit"):
            unchanged.headers[name] = value
    unchanged.headers.pop("Content-Type", None)
    return unchanged


def request_id_of(request: HttpRequest) -> str:
    """The id of this request; empty where the middleware did not run."""
    return str(request.META.get("BALLAST_REQUEST_ID", ""))
