"""Limits per caller: tokens and people by who they are, everybody else by address.

What is left stands in `request.META[LIMITS]`, from where a middleware writes the `RateLimit`
headers. Without Redis nothing can be counted: reads stay open, writes fail closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from governance.adapters.counters import CounterUnavailableError, count
from governance.models import ApiToken, User

if TYPE_CHECKING:
    # The framework loads its default throttle while it imports its views.
    from rest_framework.views import APIView

LIMITS = "BALLAST_RATE_LIMITS"
MINUTE = 60


class LimitsUnavailableError(RuntimeError):
    """Writes cannot be counted, so none is taken."""

    problem_code = "limits_unavailable"
    problem_status = 503
    retryable = True
    retry_after_seconds = 5

    def __str__(self) -> str:
        return "Requests cannot be counted now, so nothing is changed; reads still work."


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests of one caller in a minute."""

    name: str
    quota: int


ALL = Limit("caller", 600)
WRITES = Limit("write", 120)
SIGNATURES = Limit("signature", 30)


class CallerThrottle(BaseThrottle):
    writes: ClassVar[Limit] = WRITES

    def __init__(self) -> None:
        self._wait: int | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        is_read = request.method in SAFE_METHODS
        now = int(timezone.now().timestamp())
        states: list[tuple[str, int, int, int]] = []
        for limit in (ALL,) if is_read else (ALL, self.writes):
            try:
                counted = count(
                    f"{limit.name}.{self._caller(request)}",
                    window_seconds=MINUTE,
                    now_seconds=now,
                )
            except CounterUnavailableError as error:
                if is_read:
                    return True
                raise LimitsUnavailableError from error
            left = max(limit.quota - counted.count, 0)
            states.append((limit.name, limit.quota, left, counted.resets_in_seconds))
            if counted.count > limit.quota:
                self._wait = counted.resets_in_seconds
        request.META[LIMITS] = states
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait

    def _caller(self, request: Request) -> str:
        if isinstance(request.auth, ApiToken):
            return f"token.{request.auth.public_id}"
        if isinstance(request.user, User):
            return f"person.{request.user.public_id}"
        return f"address.{self.get_ident(request)}"


class ConfirmationThrottle(CallerThrottle):
    """A signature proves itself, so nobody has to sign in to bring one; garbage must not be
    free."""

    writes = SIGNATURES
