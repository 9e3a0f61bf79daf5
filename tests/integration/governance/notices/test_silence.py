"""Nobody acts: who is reminded when, what follows, and that it follows once. The clock is the
chain's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from config.local.seed.policies import DAY, strategic_shift
from governance.core.lifecycle import ProposalState
from governance.models import Absence, Halt, Proposal, Reminder
from governance.services.notifying.quorum import watch_quorum
from governance.services.notifying.reminding import watch_silence
from governance.services.signers import owners_of
from tests.integration.governance.conftest import Stage
from tests.integration.governance.notices.conftest import MakeChannel, told, wall
from tests.integration.governance.test_loop import confirm
from treasury.core.policies import OnSilence
from treasury.core.types import Address
from treasury.models import AuditEvent, OutboxEvent
from treasury.selectors.portfolio import main_safes

Sign = Callable[[str, str], bytes]


def collecting(stage: Stage, on_silence: OnSilence = OnSilence.ESCALATE) -> Proposal:
    """A multisig proposal that waits, with a day until silence and three days to live."""
    policy = strategic_shift(stage.seeded.deployment)
    rules = replace(policy.review, on_silence=on_silence, silence_seconds=DAY)
    stage.seeded.publish("strategic", replace(policy, review=rules))
    proposal = stage.propose("strategic")
    stage.sweep()
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.COLLECTING
    return proposal


def watch(stage: Stage) -> int:
    return watch_silence(block=stage.head(), rpc_url=stage.url)


def events(kind: str) -> list[dict[str, object]]:
    return [row.payload for row in OutboxEvent.objects.filter(kind=kind).order_by("id")]


def test_silence__a_day__missing_are_reminded_and_owners_of_the_tier_are_told_once(
    stage: Stage, channel: MakeChannel
) -> None:
    for name in ("sofia", "stefan", "selma", "sven", "bea", "fiona", "arne"):
        channel(name)
    proposal = collecting(stage)
    assert watch(stage) == 0
    stage.market.mine(DAY - 60)
    assert watch(stage) == 0
    stage.market.mine(120)
    assert watch(stage) == 1
    for _ in range(3):
        assert watch(stage) == 0
        stage.sweep()
    (reminded,) = events("proposal.reminded")
    (unanswered,) = events("proposal.unanswered")
    assert (reminded["period"], unanswered["people"]) == (1, [])
    people = told("still-waiting")
    assert len(people) == 4, "three are needed, three are asked, and the owner of the tier"
    assert "fiona" in people
    assert "arne" not in people
    assert "Still needed: 3" in people["fiona"].body
    assert set(told("nobody-acted")) == {"fiona"}
    assert not Halt.objects.exists()
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.COLLECTING
    assert AuditEvent.objects.filter(payload__action="proposal.reminded").count() == 1


def test_silence__next_day__the_others_are_reminded(stage: Stage) -> None:
    collecting(stage)
    watch(stage)
    asked = []
    for _ in range(2):
        stage.market.mine(DAY)
        watch(stage)
        asked.append(set(events("proposal.reminded")[-1]["people"]))  # type: ignore[call-overload]
    assert len(asked[0]) == len(asked[1]) == 3
    assert asked[0] != asked[1]


def test_signed__who_has_signed_is_not_reminded_and_it_is_no_silence(
    stage: Stage, sign: Sign
) -> None:
    proposal = collecting(stage)
    watch(stage)
    confirm(stage, sign, proposal, "owner1", "owner2")
    stage.market.mine(DAY)
    watch(stage)
    (reminded,) = events("proposal.reminded")
    signed = {stage.people["sofia"].public_id, stage.people["stefan"].public_id}
    assert not signed & set(reminded["people"])  # type: ignore[call-overload]
    assert reminded["lines"][0] == "Still needed: 1"  # type: ignore[index]
    assert events("proposal.unanswered") == []
    stage.market.mine(DAY)
    watch(stage)
    assert len(events("proposal.unanswered")) == 1, "a day without any act after them is silence"


def test_enough_signed__nobody_is_reminded(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage)
    watch(stage)
    confirm(stage, sign, proposal, "owner1", "owner2", "owner3")
    stage.sweep()
    stage.market.mine(DAY)
    assert watch(stage) == 0
    assert events("proposal.reminded") == []


def test_expire__reminded_and_nothing_more(stage: Stage) -> None:
    collecting(stage, OnSilence.EXPIRE)
    watch(stage)
    stage.market.mine(DAY)
    watch(stage)
    assert len(events("proposal.reminded")) == 1
    assert events("proposal.unanswered") == []
    assert not Halt.objects.exists()


def test_degrade__the_tier_is_lowered_to_semi_by_a_halt(stage: Stage) -> None:
    proposal = collecting(stage, OnSilence.DEGRADE)
    watch(stage)
    for _ in range(2):
        stage.market.mine(DAY)
        watch(stage)
    halt = Halt.objects.get()
    assert (halt.breaker, halt.level, halt.is_self_clearing) == ("SILENCE", "SEMI", False)
    assert halt.scope.tier_id == stage.tier_id("strategic")
    assert halt.value == proposal.public_id
    assert len(events("proposal.unanswered")) == 1


def test_expiring__a_quarter_of_the_life_left__those_who_are_missing_are_told_once(
    stage: Stage, channel: MakeChannel
) -> None:
    channel("sofia")
    proposal = collecting(stage, OnSilence.EXPIRE)
    watch(stage)
    left = proposal.expires_at - stage.head().timestamp
    stage.market.mine(left * 3 // 4 + 600)
    watch(stage)
    watch(stage)
    assert len(events("proposal.expiring")) == 1
    stage.sweep()
    assert set(told("expiring")) == {"sofia"}
    assert f"Value: {proposal.value_usd:,.2f} USD" in told("expiring")["sofia"].body
    stage.market.mine(DAY)
    stage.sweep()
    assert watch(stage) == 0
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.EXPIRED
    stage.sweep()
    assert set(told("expired")) == {"sofia"}


def test_operator__author_is_never_reminded(stage: Stage) -> None:
    stage.move("WETH", 1_100)
    stage.propose("core", author=stage.people["olga"])
    stage.sweep()
    watch(stage)
    stage.market.mine(2 * 3600)
    watch(stage)
    (reminded,) = events("proposal.reminded")
    assert reminded["people"] == []


def test_chain_away__reminder_waits_and_is_not_lost(stage: Stage) -> None:
    collecting(stage)
    watch(stage)
    stage.market.mine(DAY)
    block = stage.head()
    assert watch_silence(block=block, rpc_url="http://127.0.0.1:1") == 0
    assert not Reminder.objects.filter(kind="REMINDED").exists()
    assert watch_silence(block=block, rpc_url=stage.url) == 1


# ------------------------------------------------------------------------------------ quorum
def away(stage: Stage, *names: str) -> None:
    now = wall()
    for name in names:
        Absence.objects.create(
            user=stage.people[name], starts_at=now - timedelta(1), ends_at=now + timedelta(1)
        )


@pytest.mark.parametrize(
    ("absent", "level"),
    [
        (("sofia",), None),
        (("sofia", "stefan"), "AT_RISK"),
        (("sofia", "stefan", "selma"), "OUT_OF_REACH"),
        (("sofia", "bea"), "AT_RISK"),
    ],
)
def test_quorum__owners_and_members_away__told_once_in_words(
    stage: Stage, channel: MakeChannel, absent: tuple[str, ...], level: str | None
) -> None:
    safe = main_safes().get()
    assert len(owners_of(Address(safe.address), rpc_url=stage.url)) == 5
    channel("ada")
    away(stage, *absent)
    block = stage.head()
    for _ in range(2):
        watch_quorum(block=block, now=wall(), rpc_url=stage.url)
    found = events("safe.quorum_at_risk")
    assert [event["level"] for event in found] == ([level] if level else [])
    if level:
        stage.sweep()
        assert "Away: sofia" in told("quorum-at-risk")["ada"].body


def test_quorum__back_again__is_told_too(stage: Stage) -> None:
    away(stage, "sofia", "stefan")
    block = stage.head()
    watch_quorum(block=block, now=wall(), rpc_url=stage.url)
    watch_quorum(block=block, now=wall() + timedelta(days=2), rpc_url=stage.url)
    (restored,) = events("safe.quorum_restored")
    assert restored["level"] == "SAFE"
