"""T3: logs of watched contracts, without a gap and each once, over reorganisations and restarts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.treasury.triggering.speaking import (
    APPROVAL,
    approvals,
    listen,
    mine,
    send,
    speak,
)
from tests.integration.treasury.world import ACTOR, World, context
from treasury.adapters.chain import open_rpc
from treasury.adapters.logs import ChainMovedError, read_logs
from treasury.core.decisions import DecisionContext
from treasury.models import (
    AuditEvent,
    Decision,
    LogAnswer,
    LogCheckpoint,
    LogWatch,
    PolicyVersion,
    WatchedLog,
)
from treasury.selectors.decisions import replay_decision
from treasury.selectors.policies import revive_policy
from treasury.selectors.triggering.observing import observed_by_treasury
from treasury.services.decisions import decide_tier
from treasury.services.snapshots import take_snapshot
from treasury.services.watching import follow_logs

pytestmark = pytest.mark.django_db


def follow(world: World) -> int:
    return follow_logs(treasury_id=world.treasury.pk, block=world.head(), rpc_url=world.url)


def on_chain(world: World) -> set[str]:
    """Straight from the node, not from our reading."""
    wanted = {
        "address": world.address("USDC"),
        "topics": [APPROVAL],
        "fromBlock": hex(LogWatch.objects.get().since_number + 1),
        "toBlock": "latest",
    }
    return {log["transactionHash"] for log in world.chain.rpc("eth_getLogs", wanted)}


def kept() -> set[str]:
    return set(WatchedLog.objects.filter(is_dropped=False).values_list("tx_hash", flat=True))


@pytest.fixture
def heard(bare_world: World) -> World:
    """The policy listens, and the watch has begun."""
    listen(bare_world)
    mine(bare_world)
    assert follow(bare_world) == 0
    return bare_world


def test_follow__nobody_listens__asks_nothing(bare_world: World) -> None:
    assert follow(bare_world) == 0
    assert not LogWatch.objects.exists()


def test_follow__logs_of_many_blocks__each_once_and_the_cursor_moves(heard: World) -> None:
    first = speak(heard, 1, 2)
    mine(heard, 3)
    second = speak(heard, 3)
    assert follow(heard) == 3
    assert follow(heard) == 0
    assert kept() == on_chain(heard) == {*first, *second}
    newest = LogCheckpoint.objects.order_by("-block_number")[0]
    assert newest.block_hash == heard.head().hash


def test_follow__before_the_watch_began__is_not_an_event(bare_world: World) -> None:
    speak(bare_world, 1)
    listen(bare_world)
    assert follow(bare_world) == 0
    assert follow(bare_world) == 0
    assert not WatchedLog.objects.exists()


@pytest.mark.parametrize("depth", [1, 2, 5, 8, 9])
def test_follow__reorganisation__reads_again_from_the_common_ancestor(
    heard: World, depth: int
) -> None:
    """Depth up to and beyond several checkpoints: nothing is lost, nothing stays that is gone."""
    for amount in range(1, 5):
        speak(heard, amount)
        mine(heard)
        follow(heard)
    before = kept()
    assert len(before) == 4
    heard.chain.rpc("anvil_reorg", depth, [])
    follow(heard)
    assert kept() == on_chain(heard) <= before
    assert len(kept()) == 4 - depth // 2  # a block with a log, one without
    after = speak(heard, 9)
    assert follow(heard) == 1
    assert kept() == on_chain(heard)
    assert set(after) <= kept()
    assert AuditEvent.objects.order_by("-id")[0].payload["action"] == "log_watch.read"


def test_follow__first_block_of_the_watch_is_replaced__goes_on_from_its_successor(
    heard: World,
) -> None:
    """Nothing was read yet, so no checkpoint is on the new chain."""
    first = heard.head()
    heard.chain.rpc("anvil_reorg", 1, [])
    now = heard.head()
    assert (now.number, now.hash != first.hash) == (first.number, True)
    assert follow(heard) == 0
    assert LogCheckpoint.objects.get().block_hash == now.hash
    said = speak(heard, 1)
    assert follow(heard) == 1
    assert kept() == on_chain(heard) == set(said)


def test_follow__same_transaction_in_another_block__stays_the_same_log(heard: World) -> None:
    (signed,) = approvals(heard, 7)
    send(heard, signed)
    assert follow(heard) == 1
    row = WatchedLog.objects.get()
    heard.chain.rpc("anvil_reorg", 1, [])
    assert follow(heard) == 0
    assert WatchedLog.objects.get().is_dropped
    send(heard, signed)
    assert follow(heard) == 0
    again = WatchedLog.objects.get()
    assert (again.pk, again.is_dropped) == (row.pk, False)
    assert again.block_hash != row.block_hash


def test_read_logs__chain_moves_while_reading__refuses(heard: World) -> None:
    speak(heard, 1)
    head = heard.head()
    heard.chain.rpc("anvil_reorg", 1, [])
    with open_rpc(heard.url) as rpc, pytest.raises(ChainMovedError):
        read_logs(
            rpc,
            contract=heard.address("USDC"),
            topic=APPROVAL,
            start=head.number,
            end=head.number,
            anchors={head.number: head.hash},
        )


def test_follow__older_block_than_the_cursor__changes_nothing(heard: World) -> None:
    older = heard.head()
    speak(heard, 1)
    assert follow(heard) == 1
    before = list(LogCheckpoint.objects.values_list("block_number", "block_hash"))
    assert follow_logs(treasury_id=heard.treasury.pk, block=older, rpc_url=heard.url) == 0
    assert list(LogCheckpoint.objects.values_list("block_number", "block_hash")) == before
    assert len(kept()) == 1


# ------------------------------------------------------------------------------------- evaluations
def listening(world: World) -> DecisionContext:
    """The context as governance gathers it, with what the treasury observed."""
    head = world.head()
    rule = revive_policy(PolicyVersion.objects.get(tier=world.core)).trigger
    observed = observed_by_treasury(
        tier_id=world.core.pk,
        rule=rule,
        now=head.timestamp,
        block_number=head.number,
        answered_at=None,
    )
    return replace(context(world), observed=observed)


def evaluate(world: World) -> Decision:
    snapshot = take_snapshot(treasury_id=world.treasury.pk, block=world.head(), rpc_url=world.url)
    return decide_tier(
        tier_id=world.core.pk, snapshot_id=snapshot.pk, context=listening(world), actor=ACTOR
    )


def test_evaluation__log_waits__fires_exactly_once_for_it(world: World) -> None:
    listen(world)
    mine(world)
    follow(world)
    speak(world, 1)
    follow(world)
    fired = evaluate(world)
    assert (fired.is_fired, fired.trigger_kind) == (True, "CONTRACT_LOG")
    assert LogAnswer.objects.get().decision == fired
    assert not replay_decision(fired).differences
    mine(world)
    follow(world)
    quiet = evaluate(world)
    assert not quiet.is_fired
    speak(world, 2)
    follow(world)
    assert evaluate(world).trigger_kind == "CONTRACT_LOG"
    assert LogAnswer.objects.count() == 2


def test_evaluation__log_dropped_before_it__does_not_fire(world: World) -> None:
    listen(world)
    mine(world)
    follow(world)
    speak(world, 1)
    follow(world)
    world.chain.rpc("anvil_reorg", 1, [])
    follow(world)
    assert not evaluate(world).is_fired
    assert not LogAnswer.objects.exists()
