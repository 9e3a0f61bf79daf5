"""Logs: one JSON object per line, with the request's id, and without secrets."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(
    r"authorization|cookie|password|passphrase|secret|private_key|keyfile|token$", re.IGNORECASE
)
# Path and query of a provider's address are its key: only scheme and host stay.
ADDRESS = re.compile(
    r"(?P<host>\b(?:https?|wss?)://)(?:[^/\s@'\"]*@)?(?P<name>[^/\s?'\"]+)[^\s'\"]*"
)
CREDENTIALS = re.compile(r"(?P<scheme>\b\w+(?:\+\w+)?://)[^/\s@]+@")
BEARER = re.compile(r"\b(Bearer\s+)\S+", re.IGNORECASE)
API_TOKEN = re.compile(r"\bballast_(live|test)_[A-Za-z0-9_-]+")


def redact_text(text: str) -> str:
    """Bearer tokens, API tokens, credentials in addresses, and everything behind a host name.

    Hashes stay readable: a bare 64-digit number is far more often a transaction than a key, and
    keys never come near a log call.
    """
    text = ADDRESS.sub(r"\g<host>\g<name>", text)
    text = CREDENTIALS.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = BEARER.sub(rf"\1{HIDDEN}", text)
    return API_TOKEN.sub(rf"ballast_\1_{HIDDEN}", text)


def redact(value: Any, name: str = "") -> Any:
    """The same, through lists and dicts; a value whose name speaks of a secret is hidden whole."""
    if name and SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return value


def redact_event(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """structlog processor, the last one before rendering: tracebacks are text by then."""
    for name in list(event):
        if not name.startswith("_"):
            event[name] = redact(event[name], name)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_settings(*, level: str) -> dict[str, Any]:
    """For Django's LOGGING: our own records and those of libraries leave by the same door."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*SHARED, structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact_event,
                    structlog.processors.JSONRenderer(default=str),
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's own handlers would print a second time and mail tracebacks.
            "django": {"handlers": [], "level": level, "propagate": True},
            # One line per request to the node or per tick drowns the lines that matter.
            "httpx": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
