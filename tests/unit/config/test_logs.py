"""Nothing secret leaves through the logs, and nothing useful is hidden."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog
from django.conf import settings

from config.logs import logging_settings, redact

HASH = "0x" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        ("GET https://rpc.example/v2/CANARY-key failed", "CANARY"),
        ("wss://rpc.example?key=CANARY", "CANARY"),
        ("https://user:CANARY@rpc.example/", "CANARY"),
        ("postgres://ballast:CANARY@database/ballast", "CANARY"),
        ("redis+socket://:CANARY@x", "CANARY"),
        ("Authorization: Bearer CANARY.x", "CANARY"),
        ("token ballast_live_CANARY_x was used", "CANARY"),
    ],
)
def test_a_secret_in_a_text_is_hidden(text: str, canary: str) -> None:
    assert canary not in redact(text)


@pytest.mark.parametrize(
    "name", ["Authorization", "cookie", "password", "api_token", "private_key", "webhook_secret"]
)
def test_a_value_with_a_secret_name_is_hidden_at_any_depth(name: str) -> None:
    assert "CANARY" not in repr(redact({"a": [{"b": {name: "CANARY"}}]}))


@pytest.mark.parametrize("text", [HASH, "https://rpc.example", "block 12 of tier tier_01J"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The product's logging into a buffer."""
    stream = io.StringIO()
    wanted = logging_settings(level="INFO")
    wanted["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(wanted)
    yield stream
    logging.config.dictConfig(settings.LOGGING)


def test_one_json_object_per_record_ours_or_foreign(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("treasury").info(
            "observed", url="https://x.example/CANARY", tier="core"
        )
        logging.getLogger("library").warning("odd %s", "thing", extra={"password": "CANARY"})
        try:
            raise ValueError("https://x.example/CANARY")
        except ValueError:
            logging.getLogger("library").exception("failed")
    first, second, third = (json.loads(line) for line in lines.getvalue().splitlines())
    assert first["event"] == "observed"
    assert (first["tier"], first["request_id"], first["level"]) == ("core", "r1", "info")
    assert (second["event"], second["logger"]) == ("odd thing", "library")
    assert "ValueError" in third["exception"]
    assert "CANARY" not in lines.getvalue()
