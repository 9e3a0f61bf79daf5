"""`/healthz`: this process lives. `/readyz`: it reaches its database, its Redis and its chain.
`/healthz/evaluations`: somebody evaluates the tiers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views import View

from treasury.core.access import PUBLIC
from treasury.selectors.watch import late_tiers

RPC_TIMEOUT_SECONDS = 2
ANSWER_BYTES_MAX = 65_536

log = structlog.get_logger(__name__)


class UnhealthyError(Exception):
    """A server answers, but not as it should."""


class AliveView(View):
    required_action = PUBLIC

    def get(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse("ok", content_type="text/plain")


class ReadyView(View):
    """Names what fails, never why or where: the reason, with the address, is in the log."""

    required_action = PUBLIC

    def get(self, _: HttpRequest) -> JsonResponse:
        states = {name: "ok" if works(name, probe) else "failing" for name, probe in PROBES.items()}
        ready = set(states.values()) == {"ok"}
        return JsonResponse(
            states, status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        )


class EvaluatingView(View):
    """The dead man's alarm, from outside workers and beat: 503 when a tier with a policy has not
    been evaluated for too long. Names neither treasury nor tier: the log does."""

    required_action = PUBLIC

    def get(self, _: HttpRequest) -> JsonResponse:
        late = late_tiers(wall=timezone.now(), usual_seconds=settings.EVALUATION_SECONDS_MAX)
        if late:
            log.warning("evaluations_late", tiers=late)
        return JsonResponse(
            {"evaluations": "late" if late else "ok"},
            status=HTTPStatus.SERVICE_UNAVAILABLE if late else HTTPStatus.OK,
        )


def works(name: str, probe: Callable[[], None]) -> bool:
    try:
        probe()
    except Exception:  # whatever its object does, the check survives and says so
        log.warning("probe_failed", probe=name, exc_info=True)
        return False
    return True


def probe_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def probe_redis() -> None:
    cache.get("ballast.health")


def probe_rpc() -> None:
    """One provider of the right chain is enough to work; sending has its own, stricter rule."""
    failures: list[Exception] = []
    for url in settings.RPC_URLS:
        try:
            chain_id = int(ask(url, "eth_chainId"), 16)
            if chain_id != settings.CHAIN_ID:
                raise UnhealthyError(f"chain {chain_id}, not {settings.CHAIN_ID}")
            int(ask(url, "eth_blockNumber"), 16)
        except (OSError, ValueError, UnhealthyError) as error:
            failures.append(error)
        else:
            return
    raise UnhealthyError(f"no RPC provider of {len(settings.RPC_URLS)} works: {failures}")


def ask(url: str, method: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise UnhealthyError("the address of a provider is neither http nor https")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": []}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=RPC_TIMEOUT_SECONDS) as answer:  # noqa: S310
        reply = json.loads(answer.read(ANSWER_BYTES_MAX))
    if not isinstance(reply, dict) or not isinstance(reply.get("result"), str):
        raise UnhealthyError(f"{method} was not answered")
    return str(reply["result"])


PROBES: dict[str, Callable[[], None]] = {
    "database": probe_database,
    "redis": probe_redis,
    "rpc": probe_rpc,
}
