"""How often something may be tried, counted in Redis. Without Redis nobody gets in: an unlimited
number of guesses would be worse."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from governance.services.identity.errors import ProofUnavailableError, TooManyTriesError


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` within `seconds`, counted from the first."""

    name: str
    tries: int
    seconds: int


LOG_INS_FROM_ADDRESS = Limit("log-in-address", 30, 60)
LOG_INS_OF_PERSON = Limit("log-in-person", 10, 300)
CODES_OF_PERSON = Limit("code-person", 5, 300)
TEXTS_TO_ADDRESS = Limit("text-address", 30, 60)


def count_try(limit: Limit, who: str) -> None:
    """Raises TooManyTriesError or ProofUnavailableError. `who` is hashed: it may be anything that
    somebody typed."""
    key = f"governance.limit.{limit.name}.{hashlib.sha256(who.encode()).hexdigest()[:32]}"
    try:
        cache.add(key, 0, limit.seconds)
        tries = cache.incr(key)
    except (RedisError, ValueError) as error:  # ValueError: it ended between the two
        raise ProofUnavailableError(
            "Signing in is not possible now: tries cannot be counted. Try again in a minute."
        ) from error
    if tries > limit.tries:
        raise TooManyTriesError(limit.seconds)
