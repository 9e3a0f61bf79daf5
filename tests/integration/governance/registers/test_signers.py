"""Signers & Safes: what the chain says now, beside what is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from governance.models import Absence
from governance.selectors.proposals import proposal_by_id
from governance.services import approvals
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader
from treasury.core.types import Actor, ActorKind, Address

Readers = Callable[[str], Reader]
ACTOR = Actor(ActorKind.PERSON, "sofia")


def test_signers__of_the_chain__with_names_members_and_modules(
    stage: Stage, reader: Readers
) -> None:
    page = reader("arne").page("/signers/")
    safes = stage.seeded.deployment.safes
    for words in (
        "Read from the chain at block",
        "As recorded",
        "sofia",
        "bea",
        "members sign for it",
        safes.main,
        safes.core,
        "Roles modifier of the core Safe",
        "1.4.1",
        "Fallback handler",
    ):
        assert words in page, words
    assert "Not as recorded" not in page


def test_signers__not_as_recorded__says_what(stage: Stage, reader: Readers) -> None:
    row = stage.seeded.treasury.safes.get(name="core")
    row.version = "1.3.0"
    row.modifier_address = "0x000000000000000000000000000000000000dEaD"
    row.save()
    page = reader("fiona").page(f"/signers/{stage.seeded.treasury.public_id}")
    assert "Version is 1.4.1, on record 1.3.0" in page
    assert "Unknown module" in page
    assert "Its Roles modifier is not enabled" in page


def test_signers__node_silent__shows_no_owner_at_all(
    stage: Stage, reader: Readers, settings: Any
) -> None:
    settings.RPC_URLS = ["http://127.0.0.1:1"]
    page = reader("arne").page("/signers/")
    assert "No node answers now" in page
    assert "sofia" not in page


def test_signers__signature_and_absence__are_counted_and_shown(
    stage: Stage, reader: Readers, sign: Callable[[str, str], bytes]
) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    safe_transaction = proposal_by_id(proposal.pk).safe_transaction
    assert safe_transaction is not None
    accounts = stage.seeded.deployment.accounts
    approvals.confirm(
        proposal_id=proposal.pk,
        owner=Address(accounts["owner1"]),
        signature=sign("owner1", safe_transaction.safe_tx_hash),
        kind="EOA",
        block=stage.head(),
        rpc_url=stage.url,
        actor=ACTOR,
        is_own_session=False,
    )
    now = timezone.now()
    Absence.objects.create(
        user=stage.people["stefan"],
        deputy=stage.people["selma"],
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=1),
    )
    page = reader("arne").page("/signers/")
    assert '<td class="number" data-label="Signed">1</td>' in page
    assert "Away" in page
    assert "deputy selma" in page


def test_absence__set_by_oneself__shows_the_quorum_and_ends_early(
    stage: Stage, reader: Readers
) -> None:
    now = timezone.now()
    form = {
        "starts_at": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (now + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M"),
    }
    assert "Enough can sign" in reader("arne").page("/signers/")
    for name in ("stefan", "selma"):
        assert "Noted" in reader(name).post("/signers/", **form, deputy="sofia").text
    assert "Quorum at risk" in reader("arne").page("/signers/")
    row = Absence.objects.get(user=stage.people["selma"])
    assert reader("stefan").post("/signers/", act="end", absence=row.public_id).status == 404
    assert (
        "Welcome back" in reader("selma").post("/signers/", act="end", absence=row.public_id).text
    )
    assert "Enough can sign" in reader("arne").page("/signers/")


def test_absence__bad_input__says_why_and_keeps_it(stage: Stage, reader: Readers) -> None:
    good = {"starts_at": "2026-01-01T00:00", "ends_at": "2999-01-01T00:00"}
    for form in (
        good | {"deputy": "nobody"},
        good | {"deputy": "sofia"},
        good | {"ends_at": "x", "deputy": "sofia"},
    ):
        answer = reader("stefan").post("/signers/", **form)
        assert answer.status == 422
        assert form["deputy"] in answer.text
    assert reader("arne").post("/signers/", **good).status == 403
    assert not Absence.objects.exists()
