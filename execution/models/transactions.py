"""One execution of a plan: Safe transactions and their confirmations, the transaction row, its
attempts."""

from __future__ import annotations

from django.db import models

from execution.core.lifecycle import ACTIVE, TransactionState
from treasury.models.fields import (
    UnitsField,
    address_check,
    address_field,
    hash_field,
    public_id_field,
)

ZERO_ADDRESS = "0x" + "0" * 40


class SafeTransactionStatus(models.TextChoices):
    ACTIVE = "ACTIVE"
    EXECUTED = "EXECUTED"
    DEAD = "DEAD"
    REPLACED = "REPLACED"


class SafeTransaction(models.Model):
    """The ten fields that owners sign, written before anyone can see them. `parent` set: the nested
    transaction of a tier Safe, whose nonce and hash are predictions for the planned queue order and
    which nobody signs. `rejects` set: the empty call to the Safe itself that consumes the same
    nonce instead of the other one (G5); it depends on the nonce alone, so the rejections of two
    plans that stood at one nonce have the same hash. Signatures stay alive until the nonce is
    consumed at finality (DEAD, REPLACED say how we see it, not that nobody could still
    execute)."""

    public_id = public_id_field("stx")
    plan = models.ForeignKey("execution.Plan", models.PROTECT, related_name="safe_transactions")
    safe = models.ForeignKey(
        "treasury.SafeAccount", models.PROTECT, related_name="safe_transactions"
    )
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="nested")
    rejects = models.ForeignKey("self", models.PROTECT, null=True, related_name="rejections")
    chain_id = models.PositiveBigIntegerField()
    nonce = models.PositiveBigIntegerField()
    to = address_field()
    value = UnitsField()
    data = models.BinaryField()
    operation = models.PositiveSmallIntegerField()
    safe_tx_gas = UnitsField(default=0)
    base_gas = UnitsField(default=0)
    gas_price = UnitsField(default=0)
    gas_token = address_field(default=ZERO_ADDRESS)
    refund_receiver = address_field(default=ZERO_ADDRESS)
    safe_tx_hash = hash_field()
    status = models.CharField(
        max_length=10, choices=SafeTransactionStatus.choices, default=SafeTransactionStatus.ACTIVE
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["safe", "nonce"],
                condition=models.Q(status="ACTIVE", parent__isnull=True, rejects__isnull=True),
                name="safe_tx_one_active_per_nonce",
            ),
            models.UniqueConstraint(
                fields=["rejects"], name="safe_tx_one_rejection", nulls_distinct=True
            ),
            models.CheckConstraint(
                condition=models.Q(rejects__isnull=True)
                | models.Q(parent__isnull=True, value=0, data=b"", operation=0),
                name="safe_tx_rejection_is_empty",
            ),
            models.UniqueConstraint(
                fields=["safe_tx_hash"],
                condition=models.Q(parent__isnull=True, rejects__isnull=True),
                name="safe_tx_unique_hash",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=SafeTransactionStatus.values),
                name="safe_tx_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    safe_tx_gas=0,
                    base_gas=0,
                    gas_price=0,
                    gas_token=ZERO_ADDRESS,
                    refund_receiver=ZERO_ADDRESS,
                ),
                name="safe_tx_no_gas_refund",
            ),
            models.CheckConstraint(
                condition=models.Q(operation__in=[0, 1]), name="safe_tx_operation_known"
            ),
            address_check("to", model="safe_tx"),
        ]

    def __str__(self) -> str:
        return f"{self.safe} nonce {self.nonce}"


class ConfirmationKind(models.TextChoices):
    EOA = "EOA"
    ETH_SIGN = "ETH_SIGN"
    APPROVED_HASH = "APPROVED_HASH"
    CONTRACT = "CONTRACT"


class Confirmation(models.Model):
    """One owner's signature, in the form in which it is packed. Counted once per owner, whatever
    bytes."""

    public_id = public_id_field("conf")
    safe_transaction = models.ForeignKey(
        "execution.SafeTransaction", models.PROTECT, related_name="confirmations"
    )
    owner = address_field()
    kind = models.CharField(max_length=14, choices=ConfirmationKind.choices)
    signature = models.BinaryField()
    is_valid = models.BooleanField(default=True)
    invalid_reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["safe_transaction", "owner"], name="confirmation_once_per_owner"
            ),
            address_check("owner", model="confirmation"),
        ]

    def __str__(self) -> str:
        return f"{self.owner} for {self.safe_transaction}"


class MemberConfirmation(models.Model):
    """One member's signature inside an owner that is itself a Safe. Enough of them are packed into
    that owner's one CONTRACT Confirmation; shown as "1 of 2" until then."""

    public_id = public_id_field("conf")
    safe_transaction = models.ForeignKey(
        "execution.SafeTransaction", models.PROTECT, related_name="member_confirmations"
    )
    owner = address_field()
    member = address_field()
    kind = models.CharField(max_length=14, choices=ConfirmationKind.choices)
    signature = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["safe_transaction", "owner", "member"], name="member_confirms_once"
            ),
            address_check("owner", model="member_confirmation"),
            address_check("member", model="member_confirmation"),
        ]

    def __str__(self) -> str:
        return f"{self.member} within {self.owner} for {self.safe_transaction}"


class Transaction(models.Model):
    """One execution of a plan by either mechanism: the row of the execution state table."""

    public_id = public_id_field("tx")
    plan = models.ForeignKey("execution.Plan", models.PROTECT, related_name="transactions")
    safe_transaction = models.ForeignKey(
        "execution.SafeTransaction", models.PROTECT, null=True, related_name="transactions"
    )
    mechanism = models.CharField(max_length=8)
    state = models.CharField(
        max_length=16,
        choices=[(state.value, state.value) for state in TransactionState],
        default=TransactionState.EXEC_INTENT,
    )
    state_reason = models.CharField(max_length=300, blank=True, default="")
    plan_digest = models.CharField(max_length=64)
    authorization_expires_at = models.BigIntegerField()
    to = address_field()
    data = models.BinaryField()
    mined_tx_hash = hash_field(blank=True, default="")
    mined_block_number = models.PositiveBigIntegerField(null=True)
    mined_block_hash = hash_field(blank=True, default="")
    mined_at = models.BigIntegerField(null=True)
    gas_used = models.PositiveBigIntegerField(null=True)
    effective_gas_price_wei = UnitsField(null=True)
    reconciled_at = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan"],
                condition=models.Q(state__in=sorted(ACTIVE)),
                name="transaction_one_active_per_plan",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=sorted(TransactionState)),
                name="transaction_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class Attempt(models.Model):
    """One signed executor transaction, written before it is sent. All hashes are kept and
    polled."""

    public_id = public_id_field("att")
    transaction = models.ForeignKey(
        "execution.Transaction", models.PROTECT, related_name="attempts"
    )
    chain_id = models.PositiveBigIntegerField()
    executor = address_field()
    eoa_nonce = models.PositiveBigIntegerField()
    raw = models.BinaryField()
    tx_hash = hash_field(unique=True)
    max_fee_per_gas_wei = UnitsField()
    max_priority_fee_per_gas_wei = UnitsField()
    gas_limit = models.PositiveBigIntegerField()
    is_current = models.BooleanField(default=True)
    sent_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain_id", "executor", "eoa_nonce"],
                condition=models.Q(is_current=True),
                name="attempt_one_current_per_nonce",
            ),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=models.Q(is_current=True),
                name="attempt_one_current_per_transaction",
            ),
            address_check("executor", model="attempt"),
        ]

    def __str__(self) -> str:
        return self.tx_hash
