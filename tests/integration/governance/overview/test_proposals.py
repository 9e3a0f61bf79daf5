"""The list of proposals, its tabs, filters, pages and file; the nonce queue."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from django.test import Client

from config.local.seed.treasury import PASSWORD
from governance.models import Proposal
from governance.selectors.overview.listing import Filters, Viewer, as_rows, page, symbols, visible
from governance.selectors.overview.queue import SlotState, queues
from governance.services import approvals
from governance.web.overview.viewing import csv_file
from tests.integration.governance.conftest import Stage
from treasury.core.types import Actor, ActorKind


def sign_in(name: str) -> Client:
    browser = Client()
    assert browser.login(username=name, password=PASSWORD)
    return browser


def viewer(stage: Stage, **more: frozenset[str] | frozenset[int]) -> Viewer:
    return Viewer(stage.people["sofia"].pk, frozenset({stage.seeded.treasury.pk}), **more)  # type: ignore[arg-type]


def three(stage: Stage) -> list[Proposal]:
    """One to sign, one that runs by itself, one that was vetoed."""
    stage.seeded.shift_strategy()
    made = [stage.propose(name) for name in ("strategic", "yield")]
    approvals.veto(
        proposal_id=made[1].pk,
        user=stage.people["fiona"],
        reason="not today",
        actor=Actor(ActorKind.PERSON, "fiona"),
        block=stage.head(),
    )
    stage.sweep()
    return made


def test_tabs__counts_agree_with_what_each_shows(stage: Stage) -> None:
    three(stage)
    browser = sign_in("sofia")
    pages = {
        tab: browser.get(f"/proposals/?tab={tab}") for tab in ("mine", "others", "all", "done")
    }
    shown = {tab: len(found.context["page"].rows) for tab, found in pages.items()}
    assert shown == pages["mine"].context["page"].counts
    assert shown == {"mine": 1, "others": 0, "all": 2, "done": 1}
    text = pages["mine"].content.decode()
    assert "yours to sign" in text
    assert "for at least" in text
    assert "Strategic" in text


def test_tabs__condition_and_task__never_disagree(stage: Stage) -> None:
    """The rule stands once as a condition for the database and once for a row in hand."""
    three(stage)
    who = viewer(
        stage,
        wallets=frozenset(stage.people["sofia"].wallets.values_list("address", flat=True)),
        safes=frozenset({stage.seeded.deployment.safes.main}),
        approve_in=frozenset({stage.seeded.treasury.pk}),
    )
    names = symbols(who.treasury_ids)
    by_task = {row.row.pk for row in as_rows(visible(who), who, names) if row.task}
    by_condition = {row.row.pk for row in page(who, Filters(tab="mine"), limit=9).rows}
    assert by_task == by_condition
    assert len(by_task) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("route=AUTOMATIC", 1),
        ("route=MULTISIG", 1),
        ("state=VETOED", 1),
        ("state=DONE", 0),
        ("route=NONE&state=NONE&tab=NONE&before=x", 2),
    ],
)
def test_filters__known_ones_narrow_and_unknown_ones_do_not(
    stage: Stage, query: str, count: int
) -> None:
    three(stage)
    answer = sign_in("arne").get(f"/proposals/?{query}")
    assert len(answer.context["page"].rows) == count
    if count == 0:
        assert "Nothing fits these filters" in answer.content.decode()


def test_paging__by_key__shows_each_once(stage: Stage) -> None:
    made = three(stage)
    first = page(viewer(stage), Filters(), limit=1)
    assert first.next_before == made[1].pk
    second = page(viewer(stage), Filters(before=first.next_before), limit=1)
    assert [row.row.pk for row in (*first.rows, *second.rows)] == [made[1].pk, made[0].pk]
    assert second.next_before is None


def test_others_treasury__nothing_is_shown(stage: Stage) -> None:
    three(stage)
    assert page(Viewer(stage.people["sofia"].pk, frozenset()), Filters(), limit=9).rows == ()


def test_csv__the_filtered_list__with_numbers_as_numbers(stage: Stage) -> None:
    three(stage)
    answer = sign_in("arne").get("/proposals/?state=VETOED&format=csv")
    (row,) = csv.DictReader(StringIO(answer.content.decode()))
    assert (row["tier"], row["state"], row["note"]) == ("yield", "VETOED", "not today") or (
        "not today" in row["note"]
    )
    assert float(row["value_usd"]) > 0


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_csv__text_that_could_be_a_formula__is_made_harmless(text: str) -> None:
    (_, row) = csv.reader(StringIO(csv_file("x", ("a", "b"), [(text, -1)]).content.decode()))
    assert row == [f"'{text}", "-1"]


def test_queue__a_vetoed_slot__is_told_from_the_live_one(stage: Stage) -> None:
    three(stage)
    (queue,) = queues([stage.seeded.treasury.pk])
    (slot,) = queue.slots
    assert (slot.state, slot.is_rejection, queue.gaps) == (SlotState.LIVE, False, ())
    approvals.veto(
        proposal_id=Proposal.objects.get(public_id=slot.proposal).pk,
        user=stage.people["fiona"],
        reason="no",
        actor=Actor(ActorKind.PERSON, "fiona"),
        block=stage.head(),
    )
    (queue,) = queues([stage.seeded.treasury.pk])
    assert queue.slots[0].state is SlotState.DEAD
    page = sign_in("arne").get("/proposals/queue/").content.decode()
    assert "dead" in page
    assert slot.safe_tx_hash in page


def test_queue__another_proposal_took_the_nonce__the_older_one_is_superseded(
    stage: Stage,
) -> None:
    stage.seeded.shift_strategy()
    old = stage.propose("strategic")
    stage.sweep()
    stage.market.hold(86_400 + 60)
    stage.market.hold(1_800)
    stage.market.hold(12)
    new = stage.propose("strategic")
    stage.sweep()
    (queue,) = queues([stage.seeded.treasury.pk])
    found = {slot.proposal: slot for slot in queue.slots}
    assert found[new.public_id].state is SlotState.LIVE
    assert found[old.public_id].state in {SlotState.REPLACED, SlotState.SUPERSEDED, SlotState.DEAD}
    assert found[new.public_id].nonce == found[old.public_id].nonce
