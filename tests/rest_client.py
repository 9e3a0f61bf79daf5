"""A caller of the REST API that is well-behaved: each POST has a key of its own and names the
version it is for. Tests of keys and versions give theirs."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework.test import APIClient

ANY_VERSION = "*"


class RestClient(APIClient):
    def request(self, **request: Any) -> Any:
        if request.get("REQUEST_METHOD") == "POST":
            request.setdefault("HTTP_IDEMPOTENCY_KEY", uuid.uuid4().hex)
            request.setdefault("HTTP_IF_MATCH", ANY_VERSION)
        return super().request(**request)
