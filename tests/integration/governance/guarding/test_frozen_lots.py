"""Lots chosen before anybody signs: booked as chosen, or proposed again (AC-8)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.test import Client

from execution.core.types import Leg
from execution.models import Transaction
from execution.selectors.plans import plan_value
from governance.core.conformity import Status, Subject
from governance.models import Proposal
from governance.selectors.conformity import conformity
from governance.selectors.proposals import plan_of, proposal_by_id
from tests.integration.governance.conftest import Stage
from treasury.core import entries
from treasury.core.entries import EntrySource, ValuedUnits
from treasury.core.lots import match_lots
from treasury.core.policies import LotMethod
from treasury.core.types import Actor, ActorKind, Address
from treasury.models import Asset, Disposal, JournalEntry
from treasury.selectors.lots import open_lots
from treasury.services.ledger import post_entries

TESTER = Actor(ActorKind.PERSON, "tester")


def legs_of(proposal: Proposal) -> tuple[Leg, ...]:
    return plan_value(plan_of(proposal)).legs


def use_up(stage: Stage, holder: Address, asset: Address) -> None:
    """Somebody books a payment that takes every lot of the asset."""
    treasury, block = stage.seeded.treasury, stage.head()
    pool = open_lots(treasury_id=treasury.pk, holder=holder, asset=asset)
    units = sum(lot.units for lot in pool)
    paid = ValuedUnits(asset, 18, units, Decimal(1))
    draft = entries.outflow(
        source=EntrySource(f"payment:{asset}", block.timestamp, "A payment"),
        holder=holder,
        paid=paid,
        disposal=match_lots(
            lots=pool,
            units=units,
            proceeds_usd=paid.fair_value_usd,
            method=LotMethod.FIFO,
            at=block.timestamp,
            long_term_days=365,
        ),
    )
    post_entries(
        treasury_id=treasury.pk,
        drafts=[draft],
        proposal_ref="",
        safe_tx_hash="",
        actor=TESTER,
        block=block,
    )


def lots_check(proposal: Proposal) -> Any:
    checks = conformity(proposal_by_id(proposal.pk))
    return next(check for check in checks if check.name is Subject.LOTS)


def page(stage: Stage, proposal: Proposal) -> str:
    client = Client()
    client.force_login(stage.people["sofia"])
    html = client.get(f"/proposals/{proposal.public_id}/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_executed__exactly_the_frozen_lots_are_booked(stage: Stage) -> None:
    proposal = stage.propose("yield")
    frozen = [
        (leg.index, lot.lot_ref, lot.units, lot.cost_usd)
        for leg in legs_of(proposal)
        for lot in leg.lots
    ]
    assert frozen
    assert lots_check(proposal).status is Status.PASS
    done = stage.settle(proposal, {"DONE", "FROZEN", "SUPERSEDED"})
    assert done.outcome == "EXECUTED", done.state_reason
    check = lots_check(proposal)
    assert (check.status, check.text) == (
        Status.PASS,
        "Every unit that is sold had its lot when it was proposed.",
    )
    booked = Disposal.objects.filter(entry__proposal_ref=done.public_id).exclude(entry__kind="GAS")
    assert [
        (index, part.lot.lot_ref, part.units, part.cost_usd)
        for index, part in enumerate(booked.order_by("entry__sequence", "id"))
    ] == frozen
    assert not JournalEntry.objects.filter(cost_basis_incomplete=True).exists()


def test_signers_asked__lots_used_up__superseded_and_nothing_sent(stage: Stage) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    (first, *_) = legs_of(proposal)
    assert "Every unit that is sold has its lot" in page(stage, proposal)
    use_up(stage, first.safe, first.sell)
    check = lots_check(proposal)
    assert (check.status, check.text.split(" was ")[0]) == (
        Status.FAIL,
        f"Lot {first.lots[0].lot_ref}",
    )
    shown = page(stage, proposal)
    assert "Do not sign" in shown
    assert "it has to be proposed again" in shown
    stage.market.mine(12)
    stage.sweep()
    stage.market.mine(12)
    stage.sweep()
    proposal = proposal_by_id(proposal.pk)
    assert proposal.state == "SUPERSEDED", (proposal.state, proposal.state_reason)
    assert "used by another entry" in proposal.state_reason
    assert not Transaction.objects.exists()


def test_automatic__lots_used_up_before_it_is_handed_over__superseded(stage: Stage) -> None:
    proposal = stage.propose("yield")
    (first, *_) = legs_of(proposal)
    use_up(stage, first.safe, first.sell)
    done = stage.settle(proposal, {"DONE", "SUPERSEDED"})
    assert done.state == "SUPERSEDED"
    assert first.lots[0].lot_ref in done.state_reason
    assert not Transaction.objects.exists()


def test_unknown_cost__said_on_the_page_and_in_the_books(stage: Stage) -> None:
    """AC-6: a lot is missing from the start: the trade stands, and nobody guesses."""
    safe = Address(stage.seeded.deployment.safes.yield_)
    for asset in Asset.objects.filter(lot__holder=safe).distinct():
        use_up(stage, safe, Address(asset.address))
    proposal = stage.propose("yield")
    assert {leg.lots for leg in legs_of(proposal)} == {()}
    check = lots_check(proposal)
    assert (check.status, check.text) == (
        Status.WARN,
        "Cost basis incomplete: leg 1 sells units whose cost nobody knows.",
    )
    shown = page(stage, proposal)
    assert "Cost basis incomplete" in shown
    assert "the books do not know what they cost" in shown
    done = stage.settle(proposal, {"DONE", "FROZEN", "SUPERSEDED"})
    assert done.outcome == "EXECUTED", done.state_reason
    (entry, *_) = JournalEntry.objects.filter(proposal_ref=done.public_id).order_by("sequence")
    assert entry.cost_basis_incomplete
    assert not entry.disposals.exists()
    assert done.transaction is not None
    client = Client()
    client.force_login(stage.people["fiona"])
    html = client.get(f"/executions/{done.transaction.public_id}/").content.decode()
    assert "Cost basis incomplete" in html
