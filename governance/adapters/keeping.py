"""Answers kept for a while to save work. Without Redis nothing is kept, and everything still
works: reads stay open. Never for what is counted or guarded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


def kept(keys: Iterable[str]) -> dict[str, Any]:
    """Those that are there; none when nobody can say."""
    try:
        return dict(cache.get_many(list(keys)))
    except RedisError:
        log.warning("nothing_kept")
        return {}


def keep(values: Mapping[str, object], *, seconds: int) -> None:
    try:
        cache.set_many(dict(values), seconds)
    except RedisError:
        log.warning("nothing_kept")
