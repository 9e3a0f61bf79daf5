"""What two people have looked at: it trips again when it happens again, and only then."""

from __future__ import annotations

from execution.models import PinnedContract
from governance.models import Halt
from tests.integration.governance.breakers.acting import (
    ask_to_end,
    open_halt,
    state_of,
    with_rules,
)
from tests.integration.governance.breakers.cases import (
    another_code,
    executed,
    failed,
    token,
)
from tests.integration.governance.conftest import Stage
from treasury.adapters.rpc import Rpc


def end(stage: Stage, halt: Halt) -> None:
    for name in ("fiona", "felix"):
        halt = ask_to_end(stage, halt, name)
    assert halt.closed_at is not None


def test_failure_streak__looked_at__trips_when_it_goes_on_and_when_another_is_as_long(
    stage: Stage,
) -> None:
    with_rules(stage, "yield", failure_streak=2)
    proposal = stage.propose("yield")
    failed(stage, proposal)
    failed(stage, proposal)
    stage.evaluate("yield")
    end(stage, open_halt("FAILURE_STREAK"))
    stage.market.hold(12)
    stage.evaluate("yield")
    assert not Halt.objects.filter(closed_at=None).exists(), "the same streak"

    executed(stage, proposal, "RECONCILED", reconciled_at=stage.head().timestamp)
    failed(stage, proposal)
    failed(stage, proposal)
    stage.evaluate("yield")
    halt = open_halt("FAILURE_STREAK")
    assert halt.value == "2 failures in a row"
    end(stage, halt)

    stage.market.hold(12)
    failed(stage, proposal)
    stage.evaluate("yield")
    assert open_halt("FAILURE_STREAK").value == "3 failures in a row"


def test_code__as_pinned_again__the_halt_ends_and_nothing_is_accepted(stage: Stage) -> None:
    with_rules(stage, "yield", watch_code=True)
    proposal = stage.propose("yield")
    address = token("DAI").address
    with Rpc(stage.url) as rpc:
        code = rpc.call("eth_getCode", address, "latest")
        another_code(stage, proposal)
        stage.evaluate("yield")
        halt = open_halt("CODE_CHANGED")
        rpc.call("anvil_setCode", address, code)
    stage.market.hold(12)
    stage.evaluate("yield")
    assert state_of(stage, "CODE_CHANGED").standing == "CLEAN"
    pinned = PinnedContract.objects.get(address=address).pinned
    end(stage, halt)
    row = PinnedContract.objects.get(address=address)
    assert (row.pinned, row.accepted_by) == (pinned, [])
