"""Errors of the REST API as RFC 9457 problem details, `application/problem+json`.

An exception of ours becomes a problem by its attributes, so that no lower package imports anything
from here:

- `problem_code` (required): one of the documented codes, for example `cost_cap_exceeded`;
- `problem_status`: default 422 ("domain rule broken");
- `problem_title`: default from the code;
- `problem_detail`: what the caller is shown; default the exception's own text;
- `problem_members`: a dict of further members (`rule`, `errors`, `halt`, ...);
- `retryable`: default False;
- `retry_after_seconds`: becomes the Retry-After header.

The text of such an exception is shown to the caller: no SQL, no address of a provider. Any other
exception is a bug: it is logged by Django and answered with 500 and no detail.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from config.middleware import request_id_of

CONTENT_TYPE = "application/problem+json"
# The codes which the framework itself gives; those of the packages stand beside their exceptions.
CODES = {
    400: "invalid_request",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "rule_broken",
    423: "halted",
    428: "precondition_required",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}
RETRYABLE = frozenset({429, 503})


def problem(
    request: HttpRequest,
    status: int,
    *,
    code: str = "",
    title: str = "",
    detail: str = "",
    **more: Any,
) -> dict[str, Any]:
    """The body of a problem. `more` holds further members; those that are None are left out."""
    code = code or CODES.get(status, "error")
    body: dict[str, Any] = {
        "type": f"{settings.PROBLEM_TYPE_BASE}{code.replace('_', '-')}",
        "title": title or code.replace("_", " ").capitalize(),
        "status": status,
        "instance": request.path,
        "code": code,
        "request_id": request_id_of(request),
        "retryable": status in RETRYABLE,
    }
    if detail:
        body["detail"] = detail
    return body | {name: value for name, value in more.items() if value is not None}


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None hands the error back to Django, which logs it."""
    request: HttpRequest = context["request"]
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _framework_problem(request, error)
    if getattr(error, "problem_code", None):
        return _domain_problem(request, error)
    return None


def _framework_problem(request: HttpRequest, error: exceptions.APIException) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(error.auth_header)  # type: ignore[attr-defined]
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, exceptions.ValidationError):
        errors = list(_pointed(error.get_full_details()))
        first = errors[0]["detail"] if len(errors) == 1 else f"{len(errors)} members are not valid."
        body = problem(request, error.status_code, detail=first, errors=errors)
        return Response(body, error.status_code, headers=headers, content_type=CONTENT_TYPE)
    code = CODES.get(error.status_code, "error")
    own = error.get_codes()
    if isinstance(own, str) and own not in {
        "error",
        "parse_error",
        "throttled",
        error.default_code,
    }:
        code = own
    body = problem(request, error.status_code, code=code, detail=str(error.detail))
    return Response(body, error.status_code, headers=headers, content_type=CONTENT_TYPE)


def _pointed(details: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Nested details of a serializer as flat entries with a JSON pointer (RFC 6901)."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield {
            "pointer": pointer,
            "code": str(details["code"]),
            "detail": str(details["message"]),
        }
    elif isinstance(details, dict):
        for name, value in details.items():
            step = str(name).replace("~", "~0").replace("/", "~1")
            # DRF's name for errors that belong to the object as a whole
            yield from _pointed(
                value, pointer if name == "non_field_errors" else f"{pointer}/{step}"
            )
    elif isinstance(details, list):
        leaves = all(
            isinstance(item, dict) and set(item) == {"message", "code"} for item in details
        )
        for number, item in enumerate(details):
            yield from _pointed(item, pointer if leaves else f"{pointer}/{number}")


def _domain_problem(request: HttpRequest, error: Exception) -> Response:
    status = int(getattr(error, "problem_status", HTTPStatus.UNPROCESSABLE_ENTITY))
    members: dict[str, Any] = dict(getattr(error, "problem_members", {}))
    if hasattr(error, "retryable"):
        members["retryable"] = bool(error.retryable)
    seconds = getattr(error, "retry_after_seconds", None)
    body = problem(
        request,
        status,
        code=str(error.problem_code),  # type: ignore[attr-defined]
        title=str(getattr(error, "problem_title", "")),
        detail=str(getattr(error, "problem_detail", None) or error),
        **members,
    )
    headers = {} if seconds is None else {"Retry-After": str(int(seconds))}
    return Response(body, status, headers=headers, content_type=CONTENT_TYPE)


# ------------------------------------------------------------ outside a view: urls.handler4xx, 500
def _plain(request: HttpRequest, status: int) -> JsonResponse:
    return JsonResponse(problem(request, status), status=status, content_type=CONTENT_TYPE)


def _wants_problem(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return (
        _plain(request, 400)
        if _wants_problem(request)
        else defaults.bad_request(request, exception)
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_problem(request):
        return _plain(request, 403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_problem(request):
        return _plain(request, 404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return _plain(request, 500) if _wants_problem(request) else defaults.server_error(request)
