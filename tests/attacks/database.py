"""D: as the owner where a trigger or a right stops it, then past the triggers, then as read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from config.local.chain.accounts import ACCOUNTS
from execution.adapters.safe import CURVE_ORDER
from execution.core.types import Rule
from execution.models import Confirmation
from execution.services.confirming import confirmation_status
from governance.core.routing import Level
from governance.models import Approval, Halt, PolicyApproval
from governance.selectors.conformity import findings
from governance.selectors.halts import open_halts
from governance.selectors.proposals import proposal_by_id
from governance.services.halts import HaltedError, Trip, trip
from governance.services.moves import PROCESS
from governance.services.steps.collecting import is_approved
from governance.services.steps.step import hold_halts
from tests.attacks.forging import FORGERIES
from tests.attacks.scene import EVIL, Scene
from tests.attacks.signing import signature_of
from treasury.selectors.audit import verify_chain

COLUMNS: dict[str, tuple[str, Any]] = {
    "ATK-1": ("to", EVIL),
    "ATK-2": ("value", 1),
    "ATK-3": ("data", b"\1"),
    "ATK-4": ("operation", 0),
    "ATK-5": ("safe_tx_gas", 1),
    "ATK-6": ("base_gas", 1),
    "ATK-7": ("gas_price", 1),
    "ATK-8": ("gas_token", EVIL),
    "ATK-9": ("refund_receiver", EVIL),
    "ATK-10": ("nonce", 77),
}
FORBIDDEN, CHECKED, TWICE = "42501", "23514", "23505"


def frozen(scene: Scene, since: int, rules: frozenset[Rule] = frozenset()) -> str:
    """The service looks: frozen with an incident that names one of the rules, and an alarm."""
    found = {violation.rule for violation in findings(scene.fresh()).violations}
    assert found, "not noticed"
    assert not rules or rules & found, found
    state = scene.step().state
    assert state == "FROZEN", state
    told = scene.audited("proposal.incident", since)
    assert Halt.objects.filter(breaker="FROZEN_PROPOSAL", closed_at=None).count() == 1
    return f"FROZEN, {told}"


def changed_field(scene: Scene, name: str, since: int) -> str:
    column, value = COLUMNS[name]
    row = scene.proposal.safe_transaction
    assert row is not None
    statement = f'UPDATE execution_safetransaction SET "{column}" = %s WHERE id = %s'  # noqa: S608  of ours
    state = scene.refused_by_the_database(statement, [value, row.pk])
    is_gas = int(name.partition("-")[2]) in range(5, 10)
    assert state == (CHECKED if is_gas else FORBIDDEN), state
    assert scene.refused_to_the_service(statement, [value, row.pk]) == state
    if is_gas:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "ALTER TABLE execution_safetransaction DROP CONSTRAINT safe_tx_no_gas_refund"
            )
    scene.as_owner("execution_safetransaction", statement, [value, row.pk])
    rules = frozenset({Rule.GAS} if is_gas else {Rule.HASH})
    return f"SQLSTATE {state}; past the guard {frozen(scene, since, rules)}"


def changed_calls(scene: Scene, name: str, since: int) -> str:
    """The last forgery of the attack is stored together with its own hash, so that nothing but the
    rule stands against it; the others are only looked at."""
    makers, rules = FORGERIES[name]
    for make in makers:
        statement, values = scene.store(make(scene))
        state = scene.refused_by_the_database(statement, values)
        assert state == FORBIDDEN, state
        assert scene.refused_to_the_service(statement, values) == state
        scene.as_owner("execution_safetransaction", statement, values)
        found = {violation.rule for violation in findings(scene.fresh()).violations}
        assert rules & found, found
    return f"SQLSTATE {state}; past the guard {frozen(scene, since, rules)}"


# ------------------------------------------------------------------------------------ signatures
INSERT = (
    "INSERT INTO execution_confirmation (public_id, safe_transaction_id, owner, kind, signature,"
    " is_valid, invalid_reason, created_at) VALUES (%s, %s, %s, 'EOA', %s, true, '', now())"
)


def inserted(scene: Scene, owner: str, raw: bytes, number: int = 1) -> list[Any]:
    assert scene.proposal.safe_transaction is not None
    return [f"conf_{number:026d}", scene.proposal.safe_transaction.pk, owner, raw]


def counted(scene: Scene) -> int:
    assert scene.proposal.safe_transaction is not None
    found = confirmation_status(
        safe_transaction_id=scene.proposal.safe_transaction.pk,
        block=scene.stage.head(),
        rpc_url=scene.stage.url,
    )
    return len(found.confirmed)


def stranger_signs(scene: Scene, name: str, since: int) -> str:
    """A stranger's own signature, and a stranger's bytes under an owner's name."""
    stranger, owner = ACCOUNTS["stranger"].address, ACCOUNTS["owner1"].address
    raw = signature_of("stranger", scene.fields)
    for number, who in enumerate((stranger, owner)):
        with connection.cursor() as cursor:
            cursor.execute(INSERT, inserted(scene, who, raw, number))
    assert counted(scene) == 0
    assert not Confirmation.objects.filter(is_valid=True).exists()
    return f"not counted, {scene.audited('safe_transaction.confirmation_void', since)}"


def signs_twice(scene: Scene, name: str, since: int) -> str:
    owner, raw = ACCOUNTS["owner1"].address, signature_of("owner1", scene.fields)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, inserted(scene, owner, raw))
    state = scene.refused_by_the_database(INSERT, inserted(scene, owner, raw, 2))
    assert state == TWICE, state
    assert counted(scene) == 1
    return f"SQLSTATE {state}; counted once"


def high_s(raw: bytes) -> bytes:
    s = CURVE_ORDER - int.from_bytes(raw[32:64], "big")
    return raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])


def twin_signs(scene: Scene, name: str, since: int) -> str:
    owner, raw = ACCOUNTS["owner1"].address, signature_of("owner1", scene.fields)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, inserted(scene, owner, raw))
    change = "UPDATE execution_confirmation SET signature = %s WHERE owner = %s"
    state = scene.refused_by_the_database(change, [high_s(raw), owner])
    assert state == FORBIDDEN, state
    twice = scene.refused_by_the_database(INSERT, inserted(scene, owner, high_s(raw), 2))
    assert twice == TWICE, twice
    scene.as_owner("execution_confirmation", change, [high_s(raw), owner])
    assert counted(scene) == 1
    return f"SQLSTATE {state} and {twice}; counted once"


# ------------------------------------------------------------------------------------ records
def policy_edited(scene: Scene, name: str, since: int) -> str:
    change = "UPDATE treasury_policyversion SET document = replace(document, '100', '999')"
    state = scene.refused_by_the_database(change, [])
    assert state == FORBIDDEN, state
    assert scene.refused_to_the_service(change, []) == FORBIDDEN
    scene.as_owner("treasury_policyversion", change, [])
    return f"SQLSTATE {state}; past the guard {frozen(scene, since, frozenset({Rule.POLICY}))}"


def policy_hash_replaced(scene: Scene, name: str, since: int) -> str:
    change = "UPDATE governance_proposal SET policy_hash = %s WHERE id = %s"
    values = ["ab" * 32, scene.proposal.pk]
    state = scene.refused_by_the_database(change, values)
    assert state == FORBIDDEN, state
    scene.as_owner("governance_proposal", change, values)
    return f"SQLSTATE {state}; past the guard {frozen(scene, since, frozenset({Rule.POLICY}))}"


def author_approves(scene: Scene, name: str, since: int) -> str:
    """Policy and proposal: the database refuses; past its guard the service counts neither."""
    change = "UPDATE governance_policyapproval SET approver_id = author_id"
    state = scene.refused_by_the_database(
        "INSERT INTO governance_policyapproval (policy_version_id, author_id, approver_id, reason,"
        " created_at) SELECT policy_version_id, author_id, author_id, 'x', now()"
        " FROM governance_policyapproval LIMIT 1",
        [],
    )
    assert state == CHECKED, state
    olga = scene.stage.people["olga"]
    own = operator_proposal(scene)
    insert = (
        "INSERT INTO governance_approval (proposal_id, user_id, kind, plan_digest, reason,"
        " created_at) VALUES (%s, %s, 'APPROVE', %s, '', now())"
    )
    assert own.plan is not None
    values = [own.pk, olga.pk, own.plan.digest]
    assert scene.refused_by_the_database(insert, values) == CHECKED
    scene.as_owner("governance_approval", insert, values)
    assert Approval.objects.filter(proposal=own).count() == 1
    assert not is_approved(proposal_by_id(own.pk))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE governance_policyapproval DROP CONSTRAINT policy_two_people")
    scene.as_owner("governance_policyapproval", change, [])
    assert PolicyApproval.objects.exists()
    return f"SQLSTATE {state}; past the guard {frozen(scene, since, frozenset({Rule.POLICY}))}"


def operator_proposal(scene: Scene) -> Any:
    """One that olga triggered and an operator has to approve."""
    stage = scene.stage
    trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("yield"),
        found=Trip("BY_HAND", Level.SEMI, "1", "0", "test"),
        actor=PROCESS,
        block=stage.head(),
    )
    own = stage.propose("yield", forced_reason="I want it", author=stage.people["olga"])
    stage.sweep()
    return proposal_by_id(own.pk)


def halt_closed(scene: Scene, name: str, since: int) -> str:
    stage = scene.stage
    halt = trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("strategic"),
        found=Trip("BY_HAND", Level.FROZEN, "1", "0", "test"),
        actor=PROCESS,
        block=stage.head(),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE governance_halt SET closed_at = 5, first_closer_id = %s, second_closer_id = %s"
            " WHERE id = %s",
            [stage.people["fiona"].pk, stage.people["felix"].pk, halt.pk],
        )
    covering = {"treasury_id": stage.seeded.treasury.pk, "tier_id": stage.tier_id("strategic")}
    assert [notice.breaker for notice in open_halts(**covering)] == ["BY_HAND"]
    with pytest.raises(HaltedError):
        hold_halts(scene.fresh())
    stage.sweep()
    halt.refresh_from_db()
    assert halt.closed_at is None
    return f"treated as open, {scene.audited('halt.reopened', since)}"


# ------------------------------------------------------------------------------------ audit chain
REHASH = """
DO $$ DECLARE e record; before bytea := decode(repeat('00', 32), 'hex');
BEGIN FOR e IN SELECT * FROM audit_event ORDER BY id LOOP
  UPDATE audit_event SET prev = before, hash = sha256(before || int8send(e.id) || int8send(
    (extract(epoch FROM e.at) * 1000000)::bigint) || sha256(e.body)) WHERE id = e.id;
  SELECT hash INTO before FROM audit_event WHERE id = e.id;
END LOOP; END $$;
"""
AUDIT: dict[str, str] = {
    "ATK-37": "UPDATE audit_event SET body = '{}', payload = '{}' WHERE id = 7",
    "ATK-38": "DELETE FROM audit_event WHERE id = 7",
    "ATK-39": "DELETE FROM audit_event WHERE id > 9",
    "ATK-40": f"UPDATE audit_event SET body = '{{}}', payload = '{{}}' WHERE id = 7;{REHASH}",  # noqa: S608  of ours
}


def audit_changed(scene: Scene, name: str, since: int) -> str:
    first = AUDIT[name].partition(";")[0]
    state = scene.refused_by_the_database(first, [])
    assert state == FORBIDDEN, state
    assert scene.refused_to_the_service(first, []) == FORBIDDEN
    verdict = verify_chain()
    assert verdict.first_bad_id is None
    anchor = f"{verdict.last_id}:{verdict.last_hash}"
    scene.as_owner("audit_event", AUDIT[name], None)  # type: ignore[arg-type]
    is_seen = verify_chain().first_bad_id is not None
    assert is_seen is (name in {"ATK-37", "ATK-38"})
    with pytest.raises(CommandError) as error:
        call_command("verify_audit", "--anchor", anchor)
    assert error.value.returncode == 2
    how = "chain" if is_seen else "anchor"
    return f"SQLSTATE {state}; past the guard found by the {how}, exit 2"


ATTEMPTS: dict[str, Callable[[Scene, str, int], str]] = {
    **dict.fromkeys(COLUMNS, changed_field),
    **dict.fromkeys(FORGERIES, changed_calls),
    "ATK-28": stranger_signs,
    "ATK-29": signs_twice,
    "ATK-30": twin_signs,
    "ATK-33": policy_edited,
    "ATK-34": author_approves,
    "ATK-35": halt_closed,
    "ATK-36": policy_hash_replaced,
    **dict.fromkeys(AUDIT, audit_changed),
}
