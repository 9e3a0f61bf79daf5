"""Webhooks by the rules of Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp`,
`webhook-signature: v1,<base64 HMAC-SHA256>` over `id.timestamp.body`.

While a secret is rotated both sign, and the receiver accepts either. 2xx is delivered, 410 means
never again, everything else is tried again. No order is promised: receivers go by `sequence`.
"""

from __future__ import annotations

import ipaddress
import json
import time

import httpcore
from django.conf import settings
from standardwebhooks import Webhook

from governance.adapters.notifiers import outbound
from governance.adapters.notifiers.base import (
    ANSWER_CHARACTERS,
    Answer,
    Message,
    TargetRefusedError,
)

GONE = 410


class WebhookNotifier:
    has_secret = True

    def check(self, target: str) -> str:
        try:
            outbound.parse(target, _private())
        except outbound.OutboundRefusedError as refused:
            raise TargetRefusedError(f"{refused}") from None
        return target

    def send(self, target: str, message: Message) -> Answer:
        started = time.monotonic()
        body = json.dumps(message.payload, separators=(",", ":"), ensure_ascii=False)
        try:
            url = outbound.parse(target, _private())
            address = outbound.resolve(url, _private())
            answer = outbound.post(
                url, address=address, content=body.encode(), headers=_headers(message, body)
            )
        except outbound.OutboundRefusedError as refused:
            return _answer(started, f"refused: {refused}")
        except (OSError, *HTTP_ERRORS) as error:
            return _answer(started, f"{type(error).__name__}: {error}")
        return Answer(
            is_delivered=200 <= answer.status < 300,
            text=answer.body.decode(errors="replace").replace("\0", "")[:ANSWER_CHARACTERS],
            latency_ms=_since(started),
            status=answer.status,
            is_gone=answer.status == GONE,
        )


HTTP_ERRORS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


def _headers(message: Message, body: str) -> dict[str, str]:
    signatures = [
        Webhook(secret).sign(message.message_id, message.at, body) for secret in message.secrets
    ]
    return {
        "Content-Type": "application/json",
        "Content-Length": str(len(body.encode())),
        "User-Agent": "Ballast",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(int(message.at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _private() -> list[outbound.IpNetwork]:
    return [ipaddress.ip_network(network) for network in settings.NOTIFY_PRIVATE_NETWORKS]


def _answer(started: float, text: str) -> Answer:
    return Answer(is_delivered=False, text=text[:ANSWER_CHARACTERS], latency_ms=_since(started))


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
