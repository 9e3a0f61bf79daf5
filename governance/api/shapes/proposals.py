"""A proposal, and what can be asked about it."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework import serializers

from governance.api.shapes.values import AsOf, BlockTimeField, MoneyField, as_of
from governance.models import Proposal
from governance.services.deliberating.looking import Look
from treasury.core.types import BlockRef


class ApprovalShape(TypedDict):
    person: str
    kind: str
    reason: str
    plan_digest: str
    created_at: str


class ConfirmationShape(TypedDict):
    id: str
    owner: str
    kind: str
    is_valid: bool
    invalid_reason: str
    created_at: str


class ChangeShape(TypedDict):
    safe: str
    amount: str
    decimals: int
    asset: str
    symbol: str


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    """Times ending in `_at` are of the chain but for `created_at` and `updated_at`. `as_of` is the
    block that it was decided at."""

    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="proposal")
    treasury = serializers.CharField(source="tier.treasury.public_id")
    chain_id = serializers.IntegerField(source="tier.treasury.chain_id")
    tier = serializers.CharField(source="tier.public_id")
    tier_name = serializers.CharField(source="tier.name")
    decision = serializers.CharField(source="decision.public_id")
    policy = serializers.CharField(source="policy_version.public_id")
    plan = serializers.CharField(source="plan.public_id", default=None, allow_null=True)
    plan_digest = serializers.CharField(source="plan.digest", default=None, allow_null=True)
    transaction = serializers.CharField(
        source="transaction.public_id", default=None, allow_null=True
    )
    transaction_state = serializers.CharField(
        source="transaction.state", default=None, allow_null=True
    )
    safe_tx_hash = serializers.CharField(
        source="safe_transaction.safe_tx_hash", default=None, allow_null=True
    )
    author = serializers.CharField(source="author.username", default=None, allow_null=True)
    successor = serializers.CharField(source="successor.public_id", default=None, allow_null=True)
    value_usd = MoneyField()
    estimated_cost_usd = MoneyField()
    actual_cost_usd = MoneyField(allow_null=True)
    triggered_at = BlockTimeField()
    expires_at = BlockTimeField()
    done_at = BlockTimeField(allow_null=True)
    as_of = serializers.SerializerMethodField()

    class Meta:
        model = Proposal
        fields = [
            "id",
            "object",
            "treasury",
            "chain_id",
            "tier",
            "tier_name",
            "state",
            "outcome",
            "state_reason",
            "route",
            "route_reason",
            "decision",
            "policy",
            "policy_hash",
            "plan",
            "plan_digest",
            "transaction",
            "transaction_state",
            "safe_tx_hash",
            "author",
            "successor",
            "value_usd",
            "estimated_cost_usd",
            "actual_cost_usd",
            "triggered_at",
            "expires_at",
            "done_at",
            "as_of",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_as_of(self, row: Proposal) -> AsOf:
        snapshot = row.decision.snapshot
        return as_of(BlockRef(snapshot.block_number, snapshot.block_hash, snapshot.block_timestamp))


class ProposalDetailSerializer(ProposalSerializer):
    """With our records of what people decided, and the owners' signatures (not their bytes)."""

    approvals = serializers.SerializerMethodField()
    confirmations = serializers.SerializerMethodField()

    class Meta(ProposalSerializer.Meta):
        fields = [*ProposalSerializer.Meta.fields, "approvals", "confirmations"]
        read_only_fields = fields

    def get_approvals(self, row: Proposal) -> list[ApprovalShape]:
        return [
            {
                "person": item.user.get_username(),
                "kind": item.kind,
                "reason": item.reason,
                "plan_digest": item.plan_digest,
                "created_at": _text(item.created_at),
            }
            for item in sorted(row.approvals.all(), key=lambda item: item.pk)
        ]

    def get_confirmations(self, row: Proposal) -> list[ConfirmationShape]:
        if row.safe_transaction is None:
            return []
        rows: Any = row.safe_transaction.confirmations.all()
        return [
            {
                "id": item.public_id,
                "owner": item.owner,
                "kind": item.kind,
                "is_valid": item.is_valid,
                "invalid_reason": item.invalid_reason,
                "created_at": _text(item.created_at),
            }
            for item in sorted(rows, key=lambda item: item.pk)
        ]


def _text(at: Any) -> str:
    return str(at.isoformat().replace("+00:00", "Z"))


class CheckSerializer(serializers.Serializer[Any]):
    """What an evaluation said, fired or not (T6). A dry run has no decision on record."""

    object = serializers.CharField(read_only=True, default="check")
    decision = serializers.CharField(allow_null=True)
    outcome = serializers.CharField()
    is_fired = serializers.BooleanField()
    trigger_kind = serializers.CharField()
    trigger_reason = serializers.CharField()
    note = serializers.CharField()
    proposal = serializers.CharField(allow_null=True)


class ChangedLegSerializer(serializers.Serializer[Any]):
    """Base units of what is sold; `value_usd` is that of after, at the decision's prices."""

    index = serializers.IntegerField()
    sell = serializers.CharField()
    buy = serializers.CharField()
    before_units = serializers.CharField()
    after_units = serializers.CharField()
    value_usd = MoneyField()


class EditSerializer(serializers.Serializer[Any]):
    """What an edit makes of the legs. `proposal` is the new one, null in a dry run; `supersedes`
    the one that was changed."""

    object = serializers.CharField(read_only=True, default="edit")
    proposal = serializers.CharField(allow_null=True)
    supersedes = serializers.CharField()
    legs = ChangedLegSerializer(many=True)


class SimulationSerializer(serializers.Serializer[Look]):
    """`worse_bps` against the quotes that were planned on; null when the plan fails."""

    object = serializers.CharField(read_only=True, default="simulation")
    proposal = serializers.CharField(source="proposal.public_id")
    chain_id = serializers.IntegerField(source="proposal.tier.treasury.chain_id")
    as_of = serializers.SerializerMethodField()
    ok = serializers.BooleanField()
    error = serializers.CharField()
    gas_used = serializers.SerializerMethodField()
    worse_bps = serializers.IntegerField(allow_null=True)
    changes = serializers.SerializerMethodField()

    def get_as_of(self, look: Look) -> AsOf:
        return as_of(look.block)

    def get_gas_used(self, look: Look) -> str:
        return str(look.gas_used)

    def get_changes(self, look: Look) -> list[ChangeShape]:
        """Signed base units."""
        return [
            {
                "safe": item.change.safe,
                "amount": str(item.change.units),
                "decimals": item.asset.decimals,
                "asset": item.asset.public_id,
                "symbol": item.asset.symbol,
            }
            for item in look.changes
        ]
