"""The API's description: what `governance.api.writing` and the filters do, said once for every
operation, and errors as problem details everywhere.

The generator knows serializers; it does not know keys, versions, rehearsals, filters by name and
our errors. `RestSchema` adds them per operation, `finish` per document.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from governance.api.writing.rehearsal import DRY_RUN
from governance.api.writing.view import WriteView

READ_ERRORS = (400, 401, 403, 404, 406, 429, 503)
WRITE_ERRORS = (*READ_ERRORS, 409, 412, 415, 422, 423, 428)
TITLES = {
    400: "The request has the wrong shape: malformed JSON, a wrong type, an unknown member or "
    "filter.",
    401: "No credentials, or dead ones.",
    403: "The scope or the role is missing.",
    404: "Not found, or another treasury's.",
    406: "Only JSON is answered.",
    409: "The state forbids it now, or the first request with this key is still at work.",
    412: "`If-Match` does not match: the object changed since it was looked at.",
    415: "Only JSON is taken.",
    422: "A rule is broken, or the key came with another body.",
    423: "A halt is open.",
    428: "`Idempotency-Key` or `If-Match` is missing.",
    429: "Too many requests; `Retry-After` says when.",
    503: "The chain or a counter does not answer; `Retry-After` says when to ask again.",
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457). Decide by `code`, show `detail`.",
    "required": ["type", "title", "status", "instance", "code", "request_id", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "retryable": {"type": "boolean"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="Yours: new for each intended change, the same when the request is repeated. Not "
    "needed with `dry_run=true`.",
)
VERSION = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": '^(\\*|"[0-9]{1,9}(-[0-9a-f]{1,64})?")$'},
    OpenApiParameter.HEADER,
    required=True,
    description="The `ETag` (or `version` in quotes) of the proposal that was looked at, or `*`.",
)
REHEARSAL = OpenApiParameter(
    DRY_RUN,
    {"type": "string", "enum": ["true", "false"]},
    OpenApiParameter.QUERY,
    description="Check everything, answer what would be, change nothing.",
)
UNCHANGED = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of an earlier answer: 304 without a body when nothing changed.",
)


class RestSchema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        if self.method != "POST" or not isinstance(self.view, WriteView):
            return [*self._filters(), UNCHANGED]
        view = self.view
        parameters = [REHEARSAL]
        if view.needs_key:
            parameters.append(KEY)
        if view.needs_version:
            parameters.append(VERSION)
        return parameters

    def get_request_serializer(self) -> Any:
        if self.method == "POST" and isinstance(self.view, WriteView):
            return self.view.body
        return super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        if self.method != "POST" or not isinstance(self.view, WriteView):
            return super().get_response_serializers()
        status, serializer = self.view.answers
        return {status: serializer, 200: serializer}  # 200: a rehearsal

    def _filters(self) -> list[OpenApiParameter]:
        """Query parameters of a list, from the same tables that the view obeys."""
        if not hasattr(self.view, "filters"):
            return []
        choices: dict[str, frozenset[str]] = getattr(self.view, "choices", {})
        whole: frozenset[str] = getattr(self.view, "whole_numbers", frozenset())
        times: dict[str, str] = getattr(self.view, "times", {})
        found = []
        for name in sorted({*self.view.filters, *choices, *times}):
            schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
            note = ""
            if name in whole:
                schema = {"type": "integer", "minimum": 0}
            elif name in times:
                schema = {"type": "string", "format": "date-time"}
            elif name in choices:
                note = f"One or several, separated by commas: {', '.join(sorted(choices[name]))}."
            found.append(OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=note))
        return found


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: problem details for each error, null the way of OpenAPI 3.1."""
    components = result["components"]
    components["schemas"]["Problem"] = PROBLEM
    components["responses"] = {
        f"Problem{status}": {
            "description": text,
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status, text in TITLES.items()
    }
    for path in result["paths"].values():
        for method, operation in path.items():
            _describe(operation, WRITE_ERRORS if method == "post" else READ_ERRORS)
    _null(result)
    return result


def _describe(operation: dict[str, Any], errors: tuple[int, ...]) -> None:
    responses = operation["responses"]
    for status in errors:
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if errors == READ_ERRORS:
        responses["304"] = {"description": "Nothing changed since the answer with that tag."}
    operation["responses"] = dict(sorted(responses.items()))


def _null(node: Any) -> None:
    """`nullable: true` is of OpenAPI 3.0; a validator of 3.1 does not know it."""
    if isinstance(node, list):
        for item in node:
            _null(item)
    if not isinstance(node, dict):
        return
    for item in node.values():
        _null(item)
    if node.pop("nullable", False) is not True:
        return
    if isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
        return
    whole = dict(node)
    node.clear()
    node["oneOf"] = [whole, {"type": "null"}]
