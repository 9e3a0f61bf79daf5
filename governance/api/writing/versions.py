"""`ETag`, `If-Match`: nobody acts on something other than what they looked at.

The tag of an object begins with its `version` (`"7"`, or `"7-<hash>"` where the answer shows facts
that the version does not count). For `If-Match` only the version matters; `*` means "whatever it
is", and says so in the request.
"""

from __future__ import annotations

import re

from rest_framework.exceptions import ParseError
from rest_framework.request import Request

HEADER = "If-Match"
TAG = re.compile(r'"(\d{1,9})(?:-[0-9a-f]{1,64})?"')
ANY = "*"


class VersionRequiredError(ValueError):
    """An action on a proposal came without the version that was looked at."""

    problem_code = "if_match_required"
    problem_status = 428

    def __str__(self) -> str:
        return f"Send {HEADER} with the ETag of the object you looked at, or * for any."


def wanted_versions(request: Request) -> frozenset[int] | None:
    """The versions that the caller accepts; None: any."""
    given = request.headers.get(HEADER)
    if given is None:
        raise VersionRequiredError
    if given.strip() == ANY:
        return None
    found = [TAG.fullmatch(part.strip()) for part in given.split(",")]
    if not all(found):
        raise ParseError(f'{HEADER} is an ETag such as "7", several of them, or *.', "invalid_tag")
    return frozenset(int(match.group(1)) for match in found if match)
