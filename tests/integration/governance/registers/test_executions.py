"""Execution & reconciliation: the row, its steps, its legs, its entry, and what does not add up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from execution.models import Break, Transaction
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader

Readers = Callable[[str], Reader]


def test_list__nothing_executed__says_so(reader: Readers) -> None:
    assert "Nothing was executed yet" in reader("arne").page("/executions/")
    assert "No Breaks" in reader("arne").page("/executions/breaks")


def test_detail__reconciled__shows_intent_beside_chain_truth(stage: Stage, reader: Readers) -> None:
    proposal = stage.settle(stage.propose("yield"), {"DONE"})
    row = Transaction.objects.get()
    page = reader("arne").page(f"/executions/{row.public_id}/")
    for words in (
        "Executed, compared with the plan, and booked.",
        "from trigger to books",
        row.mined_tx_hash,
        "erc4626",
        "Assets:Digital:yield:vUSDC",
        "transaction.reconciled",
        proposal.public_id[-8:],
    ):
        assert words in page, words
    assert row.public_id in reader("arne").page("/executions/all/")
    assert row.public_id not in reader("arne").page("/executions/under-way/")


def test_detail__under_way__says_what_is_waited_for(stage: Stage, reader: Readers) -> None:
    stage.settle(stage.propose("yield"), {"HANDED_OVER"})
    row = Transaction.objects.get()
    page = reader("olga").page(f"/executions/{row.public_id}")
    assert 'aria-current="step"' in page
    assert "Waits for" in page
    assert row.public_id in reader("olga").page("/executions/under-way")


def test_detail__live_part_unchanged__answers_204(stage: Stage, reader: Readers) -> None:
    stage.settle(stage.propose("yield"), {"DONE"})
    path = f"/executions/{Transaction.objects.get().public_id}/"
    page = reader("arne").page(path)
    seen = page.partition("?seen=")[2][:16]
    assert reader("arne").get(f"{path}?seen={seen}").status == 204
    stage.market.mine(12)
    changed = reader("arne").get(f"{path}?seen={seen}")
    assert changed.status == 200
    assert "<h1>" not in changed.text


def test_detail__break__is_told_with_its_exact_difference(stage: Stage, reader: Readers) -> None:
    stage.settle(stage.propose("yield"), {"DONE"})
    row = Transaction.objects.select_related("plan__tier__safe").get()
    asset = row.plan.tier.treasury.assets.get(symbol="USDC")
    Break.objects.create(
        treasury=row.plan.tier.treasury,
        transaction=row,
        kind="BALANCE",
        holder=row.plan.tier.safe.address,
        asset=asset,
        expected_units=5_000_001,
        actual_units=4_000_000,
        block_number=7,
        reason="one dollar went elsewhere",
    )
    for path in (f"/executions/{row.public_id}/", "/executions/breaks"):
        page = reader("arne").page(path)
        assert "-1.000001 USDC" in page
        assert "one dollar went elsewhere" in page


def test_detail__node_silent__shows_what_was_read_before(
    stage: Stage, reader: Readers, settings: pytest.FixtureRequest
) -> None:
    stage.settle(stage.propose("yield"), {"DONE"})
    row = Transaction.objects.get()
    settings.RPC_URLS = ["http://127.0.0.1:1"]  # type: ignore[attr-defined]
    page = reader("arne").page(f"/executions/{row.public_id}/")
    assert "No node answers" in page
    assert row.mined_tx_hash in page


@pytest.mark.parametrize("path", ["/executions/", "/executions/tx_0/"])
def test_pages__stranger__see_nothing(stage: Stage, reader: Readers, path: str) -> None:
    stage.people["arne"].role_grants.all().delete()
    assert reader("arne").get(path).status == 403
    assert reader("olga").get("/executions/tx_0/").status == 404
