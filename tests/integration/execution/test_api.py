"""Executions and breaks over REST: exact, filtered by name, kept to the caller's treasury."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from execution.models import Break, Transaction
from governance.services.identity import issue_token
from tests.chain.execution.world import TESTER
from treasury.core.types import Address
from treasury.models import Treasury
from treasury.services.portfolio import create_treasury


def client_of(treasury: Treasury, *scopes: str) -> Client:
    issued = issue_token(
        treasury_id=treasury.id,
        name="reader",
        scopes=scopes or ("proposal:read", "ledger:read"),
        expires_at=timezone.now() + timedelta(days=1),
        now=timezone.now(),
        is_live=False,
        actor=TESTER,
    )
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


@pytest.fixture
def client(executed: Transaction) -> Client:
    return client_of(executed.plan.tier.treasury)


def test_a_transaction_with_attempts_and_fills(client: Client, executed: Transaction) -> None:
    (found,) = client.get("/api/v1/transactions").json()["data"]
    assert found == client.get(f"/api/v1/transactions/{executed.public_id}/").json()
    assert (found["id"], found["object"]) == (executed.public_id, "transaction")
    assert found["state"] == "RECONCILED"
    assert found["version"] == 6
    assert found["chain_id"] == 31337
    (fill,) = found["fills"]
    assert fill["sold"]["amount"] == "1000000000"
    assert fill["sold"]["symbol"] == "USDC"
    assert fill["actual_cost"]["currency"] == "USD"
    (attempt,) = found["attempts"]
    assert attempt["tx_hash"] == found["mined"]["tx_hash"]
    assert "raw" not in attempt


def test_filters(client: Client, executed: Transaction) -> None:
    def count(query: str) -> int:
        return len(client.get(f"/api/v1/transactions?{query}").json()["data"])

    assert count("state=RECONCILED,MINED") == 1
    assert count("state=MINED") == 0
    assert count(f"tx_hash={executed.mined_tx_hash}") == 1
    assert count(f"tier={executed.plan.tier.public_id}") == 1
    for bad in ("state=nothing", "unknown=1", "tier=%00"):
        assert client.get(f"/api/v1/transactions?{bad}").status_code == 400


def test_breaks(client: Client, executed: Transaction) -> None:
    assert client.get("/api/v1/breaks").json()["data"] == []
    row = Break.objects.create(
        treasury=executed.plan.tier.treasury,
        transaction=executed,
        kind="ALLOWANCE",
        holder=executed.to,
        asset=executed.fills.get().sell,
        expected_units=0,
        actual_units=2**255,
        block_number=9,
        reason="still approved",
    )
    (found,) = client.get("/api/v1/breaks?status=OPEN").json()["data"]
    assert found["actual"]["amount"] == str(2**255)
    assert found["transaction"] == executed.public_id
    detail = client.get(f"/api/v1/breaks/{row.public_id}")
    assert detail.json() == found
    assert client.get("/api/v1/breaks?status=RESOLVED").json()["data"] == []


def test_who_may_not_read(executed: Transaction) -> None:
    path = f"/api/v1/transactions/{executed.public_id}"
    assert Client().get(path).status_code == 401
    treasury = executed.plan.tier.treasury
    assert client_of(treasury, "ledger:read").get(path).status_code == 403
    other = create_treasury(
        name="Other",
        chain_id=1,
        executor_address=Address(treasury.executor_address),
        actor=TESTER,
    )
    foreign = client_of(other)
    assert foreign.get("/api/v1/transactions").json()["data"] == []
    assert foreign.get(path).status_code in {403, 404}


def test_nothing_is_written_over_rest(client: Client) -> None:
    for path in ("/api/v1/transactions", "/api/v1/breaks"):
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(path).status_code in {403, 405}
