"""People drop and resize legs of a manual policy's proposal, as long as nobody has signed."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from execution.core.types import Leg
from execution.models import Plan, SafeTransaction, Transaction
from execution.selectors.plans import fields_of, plan_value
from governance.core.lifecycle import ProposalState
from governance.core.routing import Level
from governance.models import Proposal
from governance.selectors.conformity import findings
from governance.selectors.dossiers import dossier
from governance.selectors.proposals import plan_of, proposal_by_id
from governance.services.halts import Trip, trip
from tests.integration.governance.conftest import Stage
from tests.integration.governance.signatures.signing import (
    address,
    ask_for_rejection,
    collecting,
    give,
)
from treasury.core.types import Actor, ActorKind
from treasury.models import AuditEvent, OutboxEvent

Counts = tuple[Any, ...]


def legs_of(proposal: Proposal) -> tuple[Leg, ...]:
    return plan_value(plan_of(proposal_by_id(proposal.pk))).legs


def edit(
    stage: Stage,
    proposal: Proposal,
    *changes: tuple[int, int],
    who: str = "fiona",
    query: str = "",
    reason: str = "the board wants less",
    **headers: str,
) -> Any:
    body = {
        "legs": [{"index": index, "sell_units": str(units)} for index, units in changes],
        "reason": reason,
    }
    url = f"/api/v1/proposals/{proposal.public_id}/edits{query}"
    return stage.client(who).post(url, body, headers=headers or None)


def made_by(answer: Any) -> Proposal:
    assert answer.status_code == 201, answer.json()
    return proposal_by_id(Proposal.objects.get(public_id=answer.json()["proposal"]).pk)


def counts(proposal: Proposal) -> Counts:
    """Whatever an edit could change."""
    row = Proposal.objects.get(pk=proposal.pk)
    return (
        (row.state, row.version, row.successor_id, row.plan_id),
        Proposal.objects.count(),
        Plan.objects.count(),
        list(SafeTransaction.objects.order_by("pk").values_list("pk", "status", "nonce")),
        AuditEvent.objects.count(),
        OutboxEvent.objects.count(),
    )


def test_edit__one_leg_dropped__the_rest_is_executed_once(stage: Stage) -> None:
    old = collecting(stage)
    first, _ = legs_of(old)
    answer = edit(stage, old, (1, 0))
    new = made_by(answer)
    assert answer.headers["Location"] == f"/api/v1/proposals/{new.public_id}"
    old = proposal_by_id(old.pk)
    assert (old.state, old.successor_id) == (ProposalState.SUPERSEDED, new.pk)
    assert (new.state, new.route, new.author) == ("PROPOSED", "MULTISIG", stage.people["fiona"])
    (left,) = legs_of(new)
    assert (left.sell, left.buy, left.sell_units) == (first.sell, first.buy, first.sell_units)
    assert plan_of(new).digest != plan_of(old).digest
    assert (new.policy_hash, new.expires_at) == (old.policy_hash, old.expires_at)
    reasons = json.loads(plan_of(new).evidence)["reasons"]
    assert reasons["policy"]["hash"] == old.policy_hash
    assert reasons["decision"] == old.decision.digest
    assert reasons["edit_of"] == plan_of(old).digest
    assert findings(new).violations == ()
    assert new.value_usd == left.value_usd < old.value_usd
    stage.sweep()
    new = proposal_by_id(new.pk)
    assert old.safe_transaction is not None
    assert new.safe_transaction is not None
    assert old.safe_transaction.status == "REPLACED"
    assert new.safe_transaction.nonce == old.safe_transaction.nonce
    assert fields_of(new.safe_transaction) != fields_of(old.safe_transaction)
    give(stage, new, "owner1", "owner2", "owner3")
    done = stage.settle(new, {"DONE", "FROZEN"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason
    (sent,) = Transaction.objects.all()
    stage.settle(new, {"DONE"})
    assert Transaction.objects.get(pk=sent.pk).state == "RECONCILED"


def test_edit__one_leg_smaller__lots_and_weights_are_those_of_the_new_size(stage: Stage) -> None:
    stage.seeded.shift_strategy()
    old = stage.propose("strategic")  # nobody has been asked yet
    first, second = legs_of(old)
    new = made_by(edit(stage, old, (0, first.sell_units // 2)))
    smaller, same = legs_of(new)
    assert smaller.sell_units == first.sell_units // 2
    assert same.sell_units == second.sell_units
    assert abs(smaller.value_usd * 2 - first.value_usd) < Decimal("0.01")
    found = dossier(new)
    trade = found.trades[0]
    assert sum(lot.units for lot in trade.lots) == smaller.sell_units
    sold = next(w for w in found.weights if w.asset == smaller.sell)
    planned = next(w for w in found.decision.weights if w.asset == smaller.sell)
    assert planned.after_bps < sold.after_bps < sold.before_bps
    last = AuditEvent.objects.filter(payload__action="proposal.edited").get().payload
    assert last["before"] == {"proposal": old.public_id, "plan": plan_of(old).digest}
    assert last["reason"] == "the board wants less"


def test_edit__the_same_twice__is_one_proposal(stage: Stage) -> None:
    old = collecting(stage)
    new = made_by(edit(stage, old, (1, 0)))
    before = counts(new)
    assert made_by(edit(stage, old, (1, 0))).pk == new.pk
    assert made_by(edit(stage, old, (1, 0), who="olga")).pk == new.pk
    assert counts(new) == before


def test_edit__the_same_key_again__is_answered_from_what_was_kept(stage: Stage) -> None:
    old = collecting(stage)
    key, tag = uuid.uuid4().hex, f'"{old.version}"'
    headers = {"idempotency-key": key, "if-match": tag}
    first = edit(stage, old, (1, 0), **headers)
    again = edit(stage, old, (1, 0), **headers)
    assert first.json() == again.json()
    assert Proposal.objects.count() == 2
    stale = edit(stage, old, (0, 0), **{"if-match": tag})
    assert stale.status_code == 412


def test_edit__of_an_edited_one__goes_on_from_there(stage: Stage) -> None:
    new = made_by(edit(stage, collecting(stage), (1, 0)))
    units = legs_of(new)[0].sell_units
    newer = made_by(edit(stage, new, (0, units // 2)))
    assert proposal_by_id(new.pk).state == ProposalState.SUPERSEDED
    assert [leg.sell_units for leg in legs_of(newer)] == [units // 2]


def test_edit__dry_run__says_before_and_after_and_keeps_nothing(stage: Stage) -> None:
    old = collecting(stage)
    first, second = legs_of(old)
    before = counts(old)
    answer = edit(stage, old, (1, 0), query="?dry_run=true")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["proposal"], told["supersedes"]) == (None, old.public_id)
    assert [(leg["before_units"], leg["after_units"]) for leg in told["legs"]] == [
        (str(first.sell_units), str(first.sell_units)),
        (str(second.sell_units), "0"),
    ]
    assert counts(old) == before


@pytest.mark.parametrize(
    ("code", "shares"),
    [
        ("unknown_leg", [(7, 0)]),
        ("leg_twice", [(0, 0), (0, 50)]),
        ("larger_than_before", [(0, 101)]),
        ("nothing_changed", [(0, 100)]),
        ("nothing_left", [(0, 0), (1, 0)]),
        ("below_minimum", [(0, 1)]),
    ],
)
def test_edit__impossible_legs__refused_and_nothing_changed(
    stage: Stage, code: str, shares: list[tuple[int, int]]
) -> None:
    """`shares` are (index, per cent of the leg); 1 stands for one base unit."""
    old = collecting(stage)
    before, legs = counts(old), legs_of(old)
    units = {0: 0, 1: 1}
    changes = [
        (index, units.get(share, legs[min(index, 1)].sell_units * share // 100))
        for index, share in shares
    ]
    answer = edit(stage, old, *changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert edit(stage, old, *changes, query="?dry_run=true").json()["code"] == code
    assert counts(old) == before


def test_edit__without_a_reason__refused(stage: Stage) -> None:
    old = collecting(stage)
    before = counts(old)
    assert edit(stage, old, (1, 0), reason=" ").status_code in {400, 422}
    assert counts(old) == before


def test_edit__after_a_confirmation__refused(stage: Stage) -> None:
    old = collecting(stage)
    give(stage, old, "owner1")
    before = counts(old)
    answer = edit(stage, old, (1, 0))
    assert (answer.status_code, answer.json()["code"]) == (422, "already_signed")
    assert counts(old) == before


def test_edit__after_a_members_signature__refused(stage: Stage) -> None:
    old = collecting(stage)
    give(stage, old, "board1")
    before = counts(old)
    assert edit(stage, old, (1, 0)).json()["code"] == "already_signed"
    assert counts(old) == before


def test_edit__a_rejection_asked_for__refused(stage: Stage) -> None:
    old = collecting(stage)
    ask_for_rejection(stage, old)
    before = counts(old)
    assert edit(stage, old, (1, 0)).json()["code"] == "already_signed"
    assert counts(old) == before


def test_edit__not_of_a_manual_policy__refused(stage: Stage) -> None:
    stage.move("WETH", 1_100)
    old = stage.propose("core")
    before = counts(old)
    legs = legs_of(old)
    answer = edit(stage, old, (0, legs[0].sell_units // 2))
    assert (answer.status_code, answer.json()["code"]) == (422, "not_manual")
    assert counts(old) == before


def test_edit__vetoed__refused(stage: Stage) -> None:
    old = collecting(stage)
    url = f"/api/v1/proposals/{old.public_id}/vetoes"
    assert stage.client("olga").post(url, {"reason": "no"}).status_code == 201
    before = counts(old)
    assert edit(stage, old, (1, 0)).json()["code"] == "wrong_state"
    assert counts(old) == before


def test_edit__under_a_halt_that_forbids_proposals__refused(stage: Stage) -> None:
    old = collecting(stage)
    trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=None,
        found=Trip("BY_HAND", Level.FROZEN, "1", "0", "test"),
        actor=Actor(ActorKind.SYSTEM, "test"),
        block=stage.head(),
    )
    assert edit(stage, old, (1, 0)).status_code == 423
    assert proposal_by_id(old.pk).state == ProposalState.COLLECTING
    assert Proposal.objects.count() == 1


def test_edit__by_an_auditor__forbidden(stage: Stage) -> None:
    old = collecting(stage)
    assert edit(stage, old, (1, 0), who="arne").status_code == 403
    assert Proposal.objects.count() == 1


def test_evaluation__an_edited_proposal_is_open__does_not_replace_it(stage: Stage) -> None:
    new = made_by(edit(stage, collecting(stage), (1, 0)))
    stage.market.hold(12)
    found = stage.evaluate("strategic", forced_reason="once more")
    assert found.proposal is None
    assert new.public_id in found.note
    assert proposal_by_id(new.pk).state == ProposalState.PROPOSED


def page(stage: Stage, name: str) -> Client:
    client = Client()
    client.force_login(stage.people[name])
    return client


def test_page__leg_dropped__leads_to_the_new_proposal(stage: Stage) -> None:
    old = collecting(stage)
    client, url = page(stage, "sofia"), f"/proposals/{old.public_id}/"
    assert "Propose it with these legs" in client.get(url).content.decode()
    amounts = {"leg-0": "94986.42", "drop-1": "1", "edit_reason": "less"}
    answer = client.post(f"{url}edits/", amounts)
    assert answer.status_code == 302, answer.content.decode()[:400]
    new = Proposal.objects.get(successor=None)
    assert answer["Location"] == f"/proposals/{new.public_id}"
    shown = client.get(answer["Location"]).content.decode()
    assert "This is the proposal with your changes." in shown
    (leg,) = legs_of(new)
    assert leg.sell_units == 94_986_420_000_000_000_000_000
    assert address("owner1") in stage.people["sofia"].wallets.values_list("address", flat=True)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"leg-0": "1,000"}, "Write an amount of DAI like 1234.56"),
        ({"leg-0": "999999999"}, "can only become smaller"),
        ({"leg-0": "0.0000000000000000001"}, "DAI has 18 decimals, this amount has 19"),
    ],
)
def test_page__a_wrong_amount__said_beside_its_leg_with_what_was_typed(
    stage: Stage, typed: dict[str, str], said: str
) -> None:
    old = collecting(stage)
    before = counts(old)
    body = {"drop-1": "1", "edit_reason": "my reason", **typed}
    answer = page(stage, "sofia").post(f"/proposals/{old.public_id}/edits/", body)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text.split('id="leg-0-error"')[1][:300]
    assert f'value="{typed["leg-0"]}"' in text
    assert "my reason" in text
    assert counts(old) == before


def test_page__somebody_has_signed__offers_no_change(stage: Stage) -> None:
    old = collecting(stage)
    give(stage, old, "owner2")
    url = f"/proposals/{old.public_id}/"
    assert "Propose it with these legs" not in page(stage, "sofia").get(url).content.decode()
