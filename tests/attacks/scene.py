"""One treasury with a proposal that collects signatures, and what an attacker may do to it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, transaction

from execution.core import planning
from execution.core.abi import encode_call
from execution.core.contracts import MULTISEND_CALL_ONLY
from execution.core.safe_tx import approved_by, exec_transaction, safe_tx_hash
from execution.core.types import Call, Operation, SafeTxFields
from execution.models import Attempt, Transaction
from execution.selectors.plans import fields_of, plan_value
from governance.models import Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.process import advance
from tests.integration.governance.conftest import FINALITY, Stage
from tests.unit.verify.exports import packed
from treasury.core.types import Address
from treasury.models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

EVIL = Address("0x6666666666666666666666666666666666666666")
OPEN_MULTISEND = Address("0x38869bf66a61cF6bDB996A6aE40D5853Fd43B526")
"""MultiSend 1.4.1, which lets a batch delegatecall."""


@dataclass
class Scene:
    """`notes`: (attack, entry point) -> how it ended, with the evidence."""

    stage: Stage
    proposal: Proposal
    notes: dict[tuple[str, str], str] = field(default_factory=dict)

    # ------------------------------------------------------------------------ what there is
    @property
    def fields(self) -> SafeTxFields:
        assert self.proposal.safe_transaction is not None
        return fields_of(self.proposal.safe_transaction)

    @property
    def calls(self) -> tuple[Call, ...]:
        assert self.proposal.plan is not None
        return plan_value(self.proposal.plan).batch

    @property
    def tier_safe(self) -> Address:
        return Address(self.stage.seeded.deployment.safes.core)

    def fresh(self) -> Proposal:
        return proposal_by_id(self.proposal.pk)

    # ------------------------------------------------------------------------ forging
    def batch(self, calls: Sequence[Call], **changes: Any) -> SafeTxFields:
        """Ten fields of the main Safe around these calls, whole in themselves."""
        tail = changes.pop("tail", b"")
        inner = packed(calls, changes.pop("inner_operation", 0)) + tail
        return self.raw(data=inner, **changes)

    def raw(self, **changes: Any) -> SafeTxFields:
        given = {
            name: getattr(self.fields, name)
            for name in ("chain_id", "safe", "to", "value", "data", "operation", "nonce")
        }
        return SafeTxFields(**given | changes)

    def with_middle(self, middle: Sequence[Call]) -> SafeTxFields:
        return self.batch([self.calls[0], *middle, self.calls[-1]])

    def nested(self, inner: bytes | None = None, **changes: Any) -> SafeTxFields:
        """A leg into the core tier's Safe; without changes a sound one."""
        deadline, *_, evidence = self.calls
        if "until" in changes:
            deadline = planning.deadline_call(changes.pop("until"))
        usdc = Address(self.stage.seeded.deployment.tokens["USDC"].address)
        pay = Call(usdc, 0, encode_call("transfer(address,uint256)", self.fields.safe, 5), "")
        data = packed([deadline, pay, evidence]) if inner is None else inner
        call = SafeTxFields(
            self.fields.chain_id,
            changes.pop("safe", self.tier_safe),
            changes.pop("to", MULTISEND_CALL_ONLY),
            0,
            data,
            changes.pop("operation", Operation.DELEGATECALL),
            0,
        )
        signatures = changes.pop("signatures", approved_by(self.fields.safe))
        assert not changes
        leg = Call(call.safe, 0, exec_transaction(call, signatures), "")
        return self.batch([deadline, leg, evidence])

    # ------------------------------------------------------------------------ the database
    def refused_by_the_database(self, statement: str, values: Sequence[Any]) -> str:
        """The SQLSTATE; empty when the database lets it."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(statement, values)
                transaction.set_rollback(True)
        except DatabaseError as error:
            return str(getattr(error.__cause__, "sqlstate", ""))
        return ""

    def refused_to_the_service(self, statement: str, values: Sequence[Any]) -> str:
        """The same with the rights of the service's own role."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL ROLE ballast_app")
            found = self.refused_by_the_database(statement, values)
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
        return found

    def as_owner(self, table: str, statement: str, values: Sequence[Any]) -> None:
        """Past every trigger."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(statement, values)
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def store(self, fields: SafeTxFields, tx_hash: str | None = None) -> tuple[str, list[Any]]:
        """The statement that puts these fields, and by default their hash, into the row."""
        assert self.proposal.safe_transaction is not None
        statement = (
            'UPDATE execution_safetransaction SET "to" = %s, value = %s, data = %s, operation = %s,'
            " nonce = %s, safe_tx_hash = %s WHERE id = %s"
        )
        values = [fields.to, fields.value, fields.data, int(fields.operation), fields.nonce]
        row = self.proposal.safe_transaction
        return statement, [*values, tx_hash or safe_tx_hash(fields), row.pk]

    # ------------------------------------------------------------------------ the service
    def step(self) -> Proposal:
        """One look of the sweeper."""
        advance(
            proposal_id=self.proposal.pk,
            block=self.stage.head(),
            rpc_url=self.stage.url,
            finality_depth=FINALITY,
        )
        return self.fresh()

    def audited(self, action: str, since: int) -> str:
        """The event of the attempt, by its place after the attempt began."""
        rows = AuditEvent.objects.filter(id__gt=since, payload__action=action).order_by("id")
        event = rows.first()
        assert event is not None, f"no audit event {action}"
        return f"audit +{event.id - since} `{action}`"

    @staticmethod
    def last_event() -> int:
        return AuditEvent.objects.count()

    @contextmanager
    def attempt(self) -> Iterator[int]:
        """One attack and nothing of it afterwards; nothing was broadcast in it."""
        with suppress(Rehearsed), transaction.atomic():
            yield self.last_event()
            assert not Attempt.objects.exists()
            assert not Transaction.objects.exists()
            raise Rehearsed


class Rehearsed(Exception):  # noqa: N818  no error: the end of an attempt, which is undone
    pass


def plus(scene: Scene, *more: Call) -> SafeTxFields:
    return scene.with_middle([*scene.calls[1:-1], *more])
