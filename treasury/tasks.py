"""Ticks of the treasury: read the clock, which is the chain's head, and call one service per
treasury.

A treasury whose provider does not answer does not keep the others from their turn; the failure is
raised at the end, so that it is counted."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from celery import shared_task
from django.conf import settings

from treasury.adapters.chain import UnreadableTokenError, open_rpc
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.types import BlockRef
from treasury.selectors.portfolio import treasuries
from treasury.services import compacting, prices, snapshots

log = structlog.get_logger(__name__)
CHAIN_ERRORS = (RpcUnavailableError, RpcError, UnreadableTokenError)


@shared_task(ignore_result=True)
def observe_prices() -> None:
    _for_each_treasury(
        lambda treasury_id, block, url: prices.observe_prices(
            treasury_id=treasury_id, block=block, rpc_url=url
        )
    )


@shared_task(ignore_result=True)
def take_snapshots() -> None:
    _for_each_treasury(
        lambda treasury_id, block, url: snapshots.take_snapshot(
            treasury_id=treasury_id, block=block, rpc_url=url
        )
    )


@shared_task(ignore_result=True)
def compact_evaluations() -> None:
    """Once a day: evaluations that did not fire are summed up with age."""
    _for_each_treasury(
        lambda treasury_id, block, _: compacting.compact_evaluations(
            treasury_id=treasury_id, block=block
        )
    )


def _for_each_treasury(service: Callable[[int, BlockRef, str], object]) -> None:
    url = settings.RPC_URLS[0]
    with open_rpc(url) as rpc:
        head = rpc.block("latest")
    failures: list[Exception] = []
    for treasury in treasuries():
        try:
            service(treasury.id, head, url)
        except CHAIN_ERRORS as error:
            log.warning("treasury_tick_failed", treasury=treasury.public_id, error=str(error))
            failures.append(error)
    if failures:
        raise ExceptionGroup("some treasuries could not be read", failures)
