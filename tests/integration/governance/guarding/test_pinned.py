"""A Safe that is set up differently from what people accepted stops everything, within one look at
the chain, until two people accept it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from config.local.chain.rpc import Rpc, encode_call
from execution.models import ObservedConfiguration, PinnedConfiguration, Transaction
from governance.core.conformity import Check, Status, Subject
from governance.models import Halt, Proposal
from governance.selectors.conformity import conformity
from governance.selectors.proposals import proposal_by_id
from governance.services import approvals
from governance.services.guarding.pinned import watch_safes
from governance.services.halts import HaltError, close
from tests.integration.governance.conftest import Stage
from tests.integration.governance.guarding.test_conformity import collecting
from treasury.core.types import Actor, ActorKind, Address
from treasury.models import AuditEvent, OutboxEvent

ACTOR = Actor(ActorKind.PERSON, "sofia")
STRANGER = "0x000000000000000000000000000000000000dEaD"
Sign = Callable[[str, str], bytes]


@pytest.fixture
def rpc(stage: Stage) -> Rpc:
    return Rpc(stage.url)


def as_main(stage: Stage, rpc: Rpc, data: bytes) -> None:
    """The main Safe calls itself: what a transaction of its owners does."""
    main = stage.seeded.deployment.safes.main
    rpc("anvil_setBalance", main, hex(10**18))
    rpc("anvil_impersonateAccount", main)
    sent = rpc("eth_sendTransaction", {"from": main, "to": main, "data": "0x" + data.hex()})
    stage.market.mine(60)
    assert rpc("eth_getTransactionReceipt", sent)["status"] == "0x1"


def replace_singleton(stage: Stage, rpc: Rpc, singleton: str) -> None:
    word = "0x" + singleton[2:].lower().rjust(64, "0")
    rpc("anvil_setStorageAt", stage.seeded.deployment.safes.main, "0x" + "0" * 64, word)
    stage.market.mine(60)


def confirm(stage: Stage, proposal: Proposal, sign: Sign) -> None:
    signed = proposal.safe_transaction
    assert signed is not None
    approvals.confirm(
        proposal_id=proposal.pk,
        owner=Address(stage.seeded.deployment.accounts["owner1"]),
        signature=sign("owner1", signed.safe_tx_hash),
        kind="EOA",
        block=stage.head(),
        rpc_url=stage.url,
        actor=ACTOR,
        is_own_session=False,
    )


def end(stage: Stage, breaker: str) -> None:
    (halt,) = Halt.objects.filter(breaker=breaker, closed_at=None)
    for name in ("fiona", "felix"):
        ask(stage, halt, name)


def ask(stage: Stage, halt: Halt, name: str) -> None:
    close(
        halt_id=halt.pk,
        user=stage.people[name],
        reason="we did that",
        actor=ACTOR,
        block=stage.head(),
    )


def told(kind: str) -> tuple[int, int]:
    """How often: events, audit rows."""
    return (
        OutboxEvent.objects.filter(kind=kind).count(),
        AuditEvent.objects.filter(payload__action=kind).count(),
    )


def setup_check(proposal: Proposal) -> Check:
    (found,) = (c for c in conformity(proposal) if c.name is Subject.CONFIGURATION)
    return found


def require_stopped(proposal: Proposal) -> None:
    found = proposal_by_id(proposal.pk)
    assert found.state == "FROZEN", found.state_reason
    assert "not as pinned" in found.state_reason
    (halt,) = Halt.objects.filter(breaker="SAFE_CHANGED", closed_at=None)
    assert (halt.level, halt.is_self_clearing, halt.scope.tier) == ("MONITOR", False, None)
    assert not Transaction.objects.exists()


def test_threshold__lowered_to_one_with_one_signature__nothing_executes(
    stage: Stage, rpc: Rpc, sign: Sign
) -> None:
    proposal = collecting(stage, "strategic")
    confirm(stage, proposal, sign)
    before = setup_check(proposal_by_id(proposal.pk))
    assert (before.status, "main Safe as pinned at block" in before.evidence) == (Status.PASS, True)
    as_main(stage, rpc, encode_call("changeThreshold(uint256)", 1))
    for _ in range(4):
        stage.sweep()
        stage.market.mine(60)
    require_stopped(proposal)
    assert told("safe.threshold_changed") == (1, 1)
    (event,) = OutboxEvent.objects.filter(kind="safe.threshold_changed")
    assert (event.payload["before"], event.payload["after"]) == (3, 1)
    after = setup_check(proposal_by_id(proposal.pk))
    assert (after.status, "threshold 3 -> 1" in after.evidence) == (Status.FAIL, True)
    page = stage.client("arne").get("/signers/").content.decode()
    assert "Changed since pinned" in page
    assert "Threshold pinned" in page


def test_module__enabled__accepted_by_two_people__goes_on(stage: Stage, rpc: Rpc) -> None:
    proposal = collecting(stage, "strategic")
    as_main(stage, rpc, encode_call("enableModule(address)", STRANGER))
    stage.sweep()
    require_stopped(proposal)
    assert told("safe.module_changed") == (1, 1)
    end(stage, "SAFE_CHANGED")
    row = ObservedConfiguration.objects.select_related("pin").get(safe__kind="MAIN")
    people = [stage.people[name].public_id for name in ("fiona", "felix")]
    assert (row.pin.number, row.pin.accepted_by) == (2, people)
    assert STRANGER in row.pin.configuration["modules"]
    end(stage, "FROZEN_PROPOSAL")
    stage.market.mine(60)
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == "COLLECTING"
    assert not Halt.objects.filter(closed_at=None).exists()
    assert setup_check(proposal_by_id(proposal.pk)).status is Status.PASS


def test_singleton__slot_rewritten__alarms_within_one_look(stage: Stage, rpc: Rpc) -> None:
    """Another singleton answers what it likes, or nothing; it cannot be accepted then."""
    proposal = collecting(stage, "strategic")
    was = ObservedConfiguration.objects.get(safe__kind="MAIN").configuration["singleton"]
    replace_singleton(stage, rpc, STRANGER)
    stage.sweep()
    require_stopped(proposal)
    assert told("safe.singleton_changed") == (1, 1)
    assert told("safe.owners_changed") == (0, 0)
    (halt,) = Halt.objects.filter(breaker="SAFE_CHANGED", closed_at=None)
    ask(stage, halt, "fiona")
    with pytest.raises(HaltError, match="does not answer like a Safe"):
        ask(stage, halt, "felix")
    assert PinnedConfiguration.objects.filter(safe__kind="MAIN").count() == 1
    replace_singleton(stage, rpc, was)
    stage.sweep()
    halt.refresh_from_db()
    assert halt.closed_at is None
    ask(stage, halt, "felix")
    end(stage, "FROZEN_PROPOSAL")
    stage.market.mine(60)
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == "COLLECTING"
    assert PinnedConfiguration.objects.filter(safe__kind="MAIN").count() == 1


def test_accepting__changed_again_in_between__both_look_anew(stage: Stage, rpc: Rpc) -> None:
    stage.sweep()
    as_main(stage, rpc, encode_call("changeThreshold(uint256)", 2))
    stage.sweep()
    (halt,) = Halt.objects.filter(breaker="SAFE_CHANGED", closed_at=None)
    ask(stage, halt, "fiona")
    as_main(stage, rpc, encode_call("changeThreshold(uint256)", 1))
    stage.sweep()
    ask(stage, halt, "felix")
    halt.refresh_from_db()
    assert (halt.closed_at, halt.first_closer) == (None, stage.people["felix"])
    assert PinnedConfiguration.objects.filter(safe__kind="MAIN").count() == 1


def test_look__at_one_block__asks_the_node_once_and_writes_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = stage.head()
    sent: Counter[str] = Counter()
    send = httpx.Client.send

    def counted(client: httpx.Client, request: httpx.Request, **options: object) -> httpx.Response:
        sent["requests"] += 1
        return send(client, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.Client, "send", counted)
    watch_safes(block=block, rpc_url=stage.url)
    assert sent["requests"] == 1
    safes = stage.seeded.treasury.safes.count()
    assert told("safe.pinned") == (0, safes)
    watch_safes(block=block, rpc_url=stage.url)
    assert (sent["requests"], PinnedConfiguration.objects.count()) == (1, safes)


def test_look__node_silent__keeps_what_is_known(stage: Stage) -> None:
    stage.sweep()
    before = list(ObservedConfiguration.objects.values_list("pk", "block_number"))
    stage.market.mine(12)
    watch_safes(block=stage.head(), rpc_url="http://127.0.0.1:1")
    assert list(ObservedConfiguration.objects.values_list("pk", "block_number")) == before
    assert not Halt.objects.exists()
