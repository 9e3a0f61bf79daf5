"""Request ids and the content security policy."""

from __future__ import annotations

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.middleware import (
    CONTENT_SECURITY_POLICY,
    ContentSecurityPolicyMiddleware,
    RequestIdMiddleware,
    request_id_of,
)


def answer(request: HttpRequest) -> HttpResponse:
    assert structlog.contextvars.get_contextvars()["request_id"] == request_id_of(request)
    return HttpResponse(request_id_of(request))


def test_a_harmless_id_is_kept() -> None:
    request = RequestFactory().get("/", headers={"X-Request-Id": "abc-123"})
    response = RequestIdMiddleware(answer)(request)
    assert response.headers["X-Request-Id"] == "abc-123"
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.parametrize("given", ["", "x" * 65, "a\nforged log line", "a b", "<script>", "-x"])
def test_a_harmful_id_is_replaced(given: str) -> None:
    request = RequestFactory().get("/", HTTP_X_REQUEST_ID=given)
    response = RequestIdMiddleware(answer)(request)
    assert response.headers["X-Request-Id"] not in {given, ""}
    assert len(response.headers["X-Request-Id"]) == 32


def test_the_policy_allows_our_own_origin_only() -> None:
    response = ContentSecurityPolicyMiddleware(lambda _: HttpResponse())(RequestFactory().get("/"))
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
