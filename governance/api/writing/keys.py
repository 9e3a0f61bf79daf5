"""The `Idempotency-Key` of a request, with what it is bound to."""

from __future__ import annotations

import hashlib
import json
import re

from django.http import Http404
from rest_framework.exceptions import NotAuthenticated, ParseError
from rest_framework.request import Request

from governance.models import ApiToken, IdempotentRequest, User
from governance.services.requests.idempotency import KeyedRequest

HEADER = "Idempotency-Key"
SHAPE = re.compile(r"[\x21-\x7e]{1,255}")
LONGEST_PATH = IdempotentRequest._meta.get_field("path").max_length or 0


class KeyRequiredError(ValueError):
    """A request that changes something came without a key."""

    problem_code = "idempotency_key_required"
    problem_status = 428

    def __str__(self) -> str:
        return (
            f"Send {HEADER}: a value of your own, new for each intended change and the same when "
            "you repeat the request, so that a lost answer is not a second change."
        )


def keyed(request: Request) -> KeyedRequest:
    """Scope: who asks, method, path. The same key of somebody else is another key."""
    key = request.headers.get(HEADER)
    if key is None:
        raise KeyRequiredError
    if not SHAPE.fullmatch(key):
        raise ParseError(f"{HEADER} is 1 to 255 visible ASCII characters.", "invalid_key")
    path = request.path.rstrip("/")
    if len(path) > LONGEST_PATH:  # no id of ours is that long
        raise Http404
    # The text is only compared with itself: numbers as they came, no Unicode normalisation.
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":")).encode()
    return KeyedRequest(
        principal_of(request), str(request.method), path, key, hashlib.sha256(body).hexdigest()
    )


def principal_of(request: Request) -> str:
    if isinstance(request.auth, ApiToken):
        return f"token:{request.auth.public_id}"
    if isinstance(request.user, User):
        return f"person:{request.user.public_id}"
    raise NotAuthenticated
