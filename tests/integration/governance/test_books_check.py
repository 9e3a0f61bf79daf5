"""Books are compared with the chain at every round, to the unit, and never while we are in
between."""

from __future__ import annotations

from contextlib import closing

from django.test import Client

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID
from config.local.chain.cache import ensure_chain
from config.local.chain.rpc import Rpc, encode_call
from config.local.seed.treasury import PASSWORD
from execution.selectors.transactions import open_breaks
from governance.services.rounds import generate_round
from tests.integration.governance.conftest import FINALITY, Stage
from treasury.models import AuditEvent

UNITS = 1_234_567


def look(stage: Stage) -> None:
    generate_round(treasury_id=stage.seeded.treasury.pk, block=stage.head(), rpc_url=stage.url)


def send_usdc_to_core(stage: Stage, units: int) -> None:
    """Somebody pays in, past the service."""
    deployment, market = ensure_chain().manifest, ACCOUNTS["market"]
    data = encode_call("transfer(address,uint256)", deployment.safes.core, units)
    with closing(Rpc(stage.url)) as rpc:
        nonce = rpc.nonce(market.address)
        usdc = deployment.tokens["USDC"].address
        rpc.submit(market, CHAIN_ID, nonce, usdc, data, gas=120_000)
    stage.market.hold(12)


def found(stage: Stage) -> list[tuple[str, int]]:
    rows = open_breaks(stage.seeded.treasury.pk)
    return [(row.holder, row.actual_units - row.expected_units) for row in rows]


def test_round__books_equal_the_chain__no_break(stage: Stage) -> None:
    look(stage)
    assert found(stage) == []


def test_round__movement_past_the_service__break_to_the_unit_told_once(stage: Stage) -> None:
    send_usdc_to_core(stage, UNITS)
    look(stage)
    stage.market.hold(12)
    look(stage)
    assert found(stage) == [(ensure_chain().manifest.safes.core, UNITS)]
    told = AuditEvent.objects.filter(payload__action="reconciliation.break_opened")
    assert told.count() == 1
    browser = Client()
    browser.post("/login", {"username": "fiona", "password": PASSWORD})
    assert "+1.234567 USDC" in browser.get("/").content.decode()


def test_round__execution_of_ours_under_way__nothing_is_taken_for_a_break(stage: Stage) -> None:
    proposal = stage.propose("yield")
    for _ in range(FINALITY + 2):
        stage.sweep()
        look(stage)
        assert found(stage) == []
        stage.market.mine(12)
    stage.settle(proposal, {"DONE"})
    stage.market.hold(12)
    look(stage)
    assert found(stage) == []
