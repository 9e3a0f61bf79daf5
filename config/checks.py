"""System checks, run by each command: settings that would lose money or records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

POSTGRESQL = "django.db.backends.postgresql"


@register()
def only_postgresql(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Others round an unsigned 256-bit number silently and have no row lock that skips."""
    return [
        Error(
            f"Database {alias!r} is {database.get('ENGINE') or 'not set'}, not PostgreSQL.",
            hint="Set DATABASE_URL to a postgres:// address.",
            id="ballast.E001",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("ENGINE") != POSTGRESQL
    ]


@register()
def tasks_end_before_they_return(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A broker that gives a running task to a second worker makes it run twice at once."""
    visible = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout", 0)
    if visible > settings.CELERY_TASK_TIME_LIMIT:
        return []
    return [
        Error(
            f"visibility_timeout ({visible} s) is not longer than a task may run "
            f"({settings.CELERY_TASK_TIME_LIMIT} s).",
            hint="Raise visibility_timeout in CELERY_BROKER_TRANSPORT_OPTIONS.",
            id="ballast.E002",
        )
    ]


@register()
def chain_is_known(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Without a provider or with a finality of zero blocks every answer of the chain is a guess."""
    errors: list[CheckMessage] = []
    if not all(url.startswith(("http://", "https://")) for url in settings.RPC_URLS or [""]):
        errors.append(
            Error(
                "RPC_URLS has no address, or one that is neither http:// nor https://.",
                hint="Set RPC_URLS to the addresses of your providers, separated by commas.",
                id="ballast.E003",
            )
        )
    if settings.FINALITY_DEPTH < 1:
        errors.append(
            Error(
                f"FINALITY_DEPTH is {settings.FINALITY_DEPTH}: the newest block is never final.",
                hint="Set it to at least 1; 64 on Ethereum.",
                id="ballast.E004",
            )
        )
    return errors
