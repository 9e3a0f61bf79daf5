"""The one shape of a POST that changes something: body, key, use case, answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.serializers import EmptyRequest, StrictSerializer
from governance.api.writing import keys, rehearsal
from governance.services.requests import idempotency
from governance.services.requests.idempotency import Answer, Claimed

Act = Callable[[], Response]
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Location", "ETag")


class WriteView(APIView):
    """Subclasses say what the body is and return from `prepare` the use case, ready to be called.

    `prepare` reads and refuses: whatever it raises happened before anything was done, and leaves
    the key free. The function that it returns makes one call of a service. `is_one_transaction`
    when that call neither asks the chain nor commits in between: effect and answer are then one
    transaction. `needs_key = False` is for requests that are their own proof (a signature)."""

    body: ClassVar[type[StrictSerializer]] = EmptyRequest
    answers: ClassVar[tuple[int, Any]]
    """Status and serializer of the answer, for the API's description."""
    is_one_transaction: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    needs_version: ClassVar[bool] = False
    """Whether `prepare` asks for `If-Match`."""

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        raise NotImplementedError

    def rehearse(self, request: Request, given: dict[str, Any], **names: str) -> Response:
        """`?dry_run=true`: everything is checked, the answer is the would-be one, nothing stays.
        Overridden where the use case asks the chain after its first write."""
        act = self.prepare(request, given, **names)
        return _response(idempotency.rehearse(lambda: _answer(act())))

    def post(self, request: Request, **names: str) -> Response:
        is_dry = rehearsal.is_dry_run(request)
        wanted = keys.keyed(request) if self.needs_key and not is_dry else None
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = body.validated_data
        if is_dry:
            response = self.rehearse(request, given, **names)
            response.headers[rehearsal.HEADER] = "true"
            response.status_code = 200
            return response
        if wanted is None:
            return self.prepare(request, given, **names)()
        claimed = idempotency.claim(wanted, now=timezone.now())
        if isinstance(claimed, Answer):
            response = _response(claimed)
            response.headers[REPLAYED] = "true"
            return response
        return self._carry_out(claimed, lambda: self.prepare(request, given, **names))

    def _carry_out(self, claimed: Claimed, prepare: Callable[[], Act]) -> Response:
        is_started = False
        try:
            act = prepare()
            is_started = True
            if self.is_one_transaction:
                return _response(idempotency.act_and_keep(claimed, lambda: _answer(act())))
            response = act()
            idempotency.keep(claimed, _answer(response))
            return response
        except Exception as error:
            status = _status_of(error)
            if is_started and status >= idempotency.FAILED:
                idempotency.keep(claimed, Answer(status, None))
            else:
                idempotency.release(claimed)
            raise


def _status_of(error: Exception) -> int:
    """What the caller will be answered (config.problems)."""
    if isinstance(error, APIException):
        return int(error.status_code)
    if hasattr(error, "problem_code"):
        return int(getattr(error, "problem_status", 422))
    return 404 if isinstance(error, Http404) else idempotency.FAILED


def _answer(response: Response) -> Answer:
    """As it goes over the wire, so that a replay is the same."""
    body = json.loads(JSONRenderer().render(response.data))
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, body, headers)


def _response(answer: Answer) -> Response:
    return Response(answer.body, status=answer.status, headers=answer.headers)
