"""What the outside sees of executions and of unexplained differences. Signed bytes are not
shown."""

from __future__ import annotations

from typing import TypedDict

from rest_framework import serializers

from execution.api.shapes import Fiat, ObjectSerializer, TokenAmount, block_time, fiat, token_amount
from execution.models import Break, Transaction


class AttemptShape(TypedDict):
    id: str
    tx_hash: str
    eoa_nonce: int
    max_fee_per_gas_wei: str
    sent_count: int
    is_current: bool


class FillShape(TypedDict):
    id: str
    leg_index: int
    venue: str
    kind: str
    sold: TokenAmount
    bought: TokenAmount
    log_index: int
    estimated_cost: Fiat
    actual_cost: Fiat
    actual_gas: Fiat


class MinedShape(TypedDict):
    tx_hash: str
    block_number: int | None
    block_hash: str
    mined_at: str | None
    gas_used: str | None
    effective_gas_price_wei: str | None


class TransactionSerializer(ObjectSerializer):
    object_name = "transaction"

    tier = serializers.CharField(source="plan.tier.public_id")
    plan = serializers.CharField(source="plan.public_id")
    plan_digest = serializers.CharField()
    evidence_digest = serializers.CharField(source="plan.evidence_digest")
    mechanism = serializers.CharField()
    state = serializers.CharField()
    state_reason = serializers.CharField()
    chain_id = serializers.IntegerField(source="plan.tier.treasury.chain_id")
    to = serializers.CharField()
    safe_tx_hash = serializers.SerializerMethodField()
    expires_at = serializers.SerializerMethodField()
    mined = serializers.SerializerMethodField()
    attempts = serializers.SerializerMethodField()
    fills = serializers.SerializerMethodField()
    breaks = serializers.SerializerMethodField()

    def get_safe_tx_hash(self, row: Transaction) -> str | None:
        return row.safe_transaction.safe_tx_hash if row.safe_transaction else None

    def get_expires_at(self, row: Transaction) -> str:
        return block_time(row.authorization_expires_at)

    def get_mined(self, row: Transaction) -> MinedShape | None:
        if not row.mined_tx_hash:
            return None
        price = row.effective_gas_price_wei
        return {
            "tx_hash": row.mined_tx_hash,
            "block_number": row.mined_block_number,
            "block_hash": row.mined_block_hash,
            "mined_at": None if row.mined_at is None else block_time(row.mined_at),
            "gas_used": None if row.gas_used is None else str(row.gas_used),
            "effective_gas_price_wei": None if price is None else str(price),
        }

    def get_attempts(self, row: Transaction) -> list[AttemptShape]:
        return [
            {
                "id": attempt.public_id,
                "tx_hash": attempt.tx_hash,
                "eoa_nonce": attempt.eoa_nonce,
                "max_fee_per_gas_wei": str(attempt.max_fee_per_gas_wei),
                "sent_count": attempt.sent_count,
                "is_current": attempt.is_current,
            }
            for attempt in sorted(row.attempts.all(), key=lambda item: item.id)
        ]

    def get_fills(self, row: Transaction) -> list[FillShape]:
        """Those of the block in which it stands; fills of a dropped block are history only."""
        return [
            {
                "id": fill.public_id,
                "leg_index": fill.leg_index,
                "venue": fill.venue,
                "kind": fill.kind,
                "sold": token_amount(fill.sell_units, fill.sell),
                "bought": token_amount(fill.buy_units, fill.buy),
                "log_index": fill.log_index,
                "estimated_cost": fiat(fill.estimated_cost_usd),
                "actual_cost": fiat(fill.actual_cost_usd),
                "actual_gas": fiat(fill.actual_gas_usd),
            }
            for fill in sorted(row.fills.all(), key=lambda item: item.leg_index)
            if fill.block_hash == row.mined_block_hash
        ]

    def get_breaks(self, row: Transaction) -> list[str]:
        return sorted(item.public_id for item in row.breaks.all())


class BreakSerializer(ObjectSerializer):
    object_name = "break"

    treasury = serializers.CharField(source="treasury.public_id")
    transaction = serializers.SerializerMethodField()
    kind = serializers.CharField()
    holder = serializers.CharField()
    chain_id = serializers.IntegerField(source="treasury.chain_id")
    expected = serializers.SerializerMethodField()
    actual = serializers.SerializerMethodField()
    block_number = serializers.IntegerField()
    status = serializers.CharField()
    reason = serializers.CharField()
    resolution = serializers.CharField()

    def get_transaction(self, row: Break) -> str | None:
        return row.transaction.public_id if row.transaction else None

    def get_expected(self, row: Break) -> TokenAmount | None:
        return token_amount(row.expected_units, row.asset) if row.asset else None

    def get_actual(self, row: Break) -> TokenAmount | None:
        return token_amount(row.actual_units, row.asset) if row.asset else None
