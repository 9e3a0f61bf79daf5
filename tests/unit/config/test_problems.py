"""Errors as problem details: what a client may rely on."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions

from config import problems


def handled(error: Exception) -> tuple[int, dict[str, Any], Any]:
    request = RequestFactory().post("/api/v1/proposals")
    request.META["BALLAST_REQUEST_ID"] = "r1"
    response = problems.problem_handler(error, {"request": request})
    assert response is not None
    assert response.content_type == "application/problem+json"
    return response.status_code, response.data, response


class CostCapExceededError(Exception):
    problem_code = "cost_cap_exceeded"
    problem_members: ClassVar[dict[str, str]] = {"rule": "D4"}


class HaltedError(Exception):
    problem_code = "halted"
    problem_status = 423
    problem_title = "Halted"
    retryable = True
    retry_after_seconds = 30


def test_a_domain_error_says_its_code_and_rule() -> None:
    status, body, _ = handled(CostCapExceededError("Estimated cost is above the tier's cap."))
    assert status == 422
    assert body == {
        "type": "https://docs.example/problems/cost-cap-exceeded",
        "title": "Cost cap exceeded",
        "status": 422,
        "detail": "Estimated cost is above the tier's cap.",
        "instance": "/api/v1/proposals",
        "code": "cost_cap_exceeded",
        "request_id": "r1",
        "retryable": False,
        "rule": "D4",
    }


def test_a_domain_error_may_name_status_and_wait() -> None:
    status, body, response = handled(HaltedError("The breaker is open."))
    assert (status, body["retryable"], body["title"]) == (423, True, "Halted")
    assert response.headers["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("secret"), 404, "not_found"),
        (PermissionDenied("secret"), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "not_authenticated"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.ParseError(), 400, "invalid_request"),
        (exceptions.ParseError("The cursor is not one of ours.", "invalid_cursor"), 400,
         "invalid_cursor"),
        (exceptions.UnsupportedMediaType("text/xml"), 415, "unsupported_media_type"),
    ],
)  # fmt: skip
def test_errors_of_the_framework_have_our_codes(error: Exception, status: int, code: str) -> None:
    got, body, _ = handled(error)
    assert (got, body["status"], body["code"]) == (status, status, code)
    assert "secret" not in str(body)


def test_a_rate_limit_says_when_to_come_back() -> None:
    _, body, response = handled(exceptions.Throttled(wait=12.5))
    assert (body["code"], body["retryable"]) == ("rate_limited", True)
    assert response.headers["Retry-After"] == "13"


def test_each_wrong_member_has_a_pointer() -> None:
    detail: dict[str, Any] = {
        "name": ["required"],
        "bands": [{}, {"max/bps": [exceptions.ErrorDetail("too big", "out_of_range")]}],
        "non_field_errors": ["does not add up"],
        "list": ["not a list"],
    }
    status, body, _ = handled(exceptions.ValidationError(detail))
    assert (status, body["code"]) == (400, "invalid_request")
    found = {(entry["pointer"], entry["code"], entry["detail"]) for entry in body["errors"]}
    assert found == {
        ("/name", "invalid", "required"),
        ("/bands/1/max~1bps", "out_of_range", "too big"),
        ("", "invalid", "does not add up"),
        ("/list", "invalid", "not a list"),
    }


def test_a_bare_validation_error_has_one_entry() -> None:
    _, body, _ = handled(exceptions.ValidationError("no"))
    assert body["detail"] == "no"
    assert body["errors"] == [{"pointer": "", "code": "invalid", "detail": "no"}]


def test_a_bug_is_handed_back() -> None:
    assert problems.problem_handler(KeyError("x"), {"request": RequestFactory().get("/")}) is None


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/nothing"])
def test_outside_a_view_the_api_answers_with_problems_too(path: str) -> None:
    request = RequestFactory().get(path)
    is_api = path.startswith("/api/")
    answers = [
        problems.bad_request(request, Exception("secret")),
        problems.permission_denied(request, Exception("secret")),
        problems.not_found(request, Http404("secret")),
        problems.server_error(request),
    ]
    assert [answer.status_code for answer in answers] == [400, 403, 404, 500]
    for answer in answers:
        assert (answer.headers["Content-Type"] == "application/problem+json") is is_api
