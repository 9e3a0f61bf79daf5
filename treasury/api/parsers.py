"""JSON bodies of the REST API, refused before they are parsed when they are nested too deep."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from treasury.core.canonical import DEPTH_MAX, is_too_deep


class BoundedJSONParser(JSONParser):
    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read()
        if is_too_deep(body.decode("latin-1")):  # brackets are the same bytes in UTF-8
            raise ParseError(f"The JSON is nested more than {DEPTH_MAX} times.")
        found: dict[str, Any] = super().parse(BytesIO(body), media_type, parser_context)
        return found
