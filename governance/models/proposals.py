"""The proposal, the row of governance's state table."""

from __future__ import annotations

from django.db import models

from governance.core.lifecycle import OPEN, ProposalOutcome, ProposalState
from treasury.models.fields import public_id_field, usd_field


class Route(models.TextChoices):
    RECORD_ONLY = "RECORD_ONLY"
    AUTOMATIC = "AUTOMATIC"
    OPERATOR = "OPERATOR"
    MULTISIG = "MULTISIG"


class Proposal(models.Model):
    """One intent of one tier. `intent_key` = sha256(tier, policy hash, trigger, block hash): the
    same evaluation can never become two proposals. Times ending `_at` are block time (Unix
    seconds)."""

    public_id = public_id_field("prop")
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="+")
    decision = models.ForeignKey("treasury.Decision", models.PROTECT, related_name="+")
    policy_version = models.ForeignKey("treasury.PolicyVersion", models.PROTECT, related_name="+")
    policy_hash = models.CharField(max_length=64)
    plan = models.ForeignKey("execution.Plan", models.PROTECT, null=True, related_name="+")
    transaction = models.ForeignKey(
        "execution.Transaction", models.PROTECT, null=True, related_name="+"
    )
    safe_transaction = models.ForeignKey(
        "execution.SafeTransaction", models.PROTECT, null=True, related_name="+"
    )
    intent_key = models.CharField(max_length=64, unique=True)
    state = models.CharField(
        max_length=12, choices=[(state.value, state.value) for state in ProposalState]
    )
    outcome = models.CharField(max_length=10, blank=True, default="")
    state_reason = models.CharField(max_length=300, blank=True, default="")
    frozen_from = models.CharField(max_length=12, blank=True, default="")
    route = models.CharField(max_length=12, choices=Route.choices)
    route_reason = models.CharField(max_length=300)
    author = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    value_usd = usd_field()
    estimated_cost_usd = usd_field()
    actual_cost_usd = usd_field(null=True)
    triggered_at = models.BigIntegerField()
    expires_at = models.BigIntegerField()
    done_at = models.BigIntegerField(null=True)
    next_action_at = models.BigIntegerField()
    failed_steps = models.PositiveIntegerField(default=0)
    retries = models.PositiveIntegerField(default=0)
    successor = models.ForeignKey("self", models.PROTECT, null=True, related_name="predecessors")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tier"],
                condition=models.Q(state__in=sorted(OPEN)) & ~models.Q(route="RECORD_ONLY"),
                name="proposal_one_open_per_tier",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=sorted(ProposalState)), name="proposal_state_known"
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(state="DONE", outcome__in=sorted(ProposalOutcome))
                    | ~models.Q(state="DONE") & models.Q(outcome="")
                ),
                name="proposal_done_has_outcome",
            ),
            models.CheckConstraint(
                condition=models.Q(route__in=Route.values), name="proposal_route_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class ImportedProposal(models.Model):
    """A Safe transaction that somebody brought: trusted for its bytes only. Everything shown is
    recomputed from `fields`; `refusals` say what is wrong with it, empty means nothing found."""

    public_id = public_id_field("ext")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    importer = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    safe_tx_hash = models.CharField(max_length=66)
    fields = models.JSONField()
    document = models.TextField()
    refusals = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "safe_tx_hash"], name="imported_once_per_hash"
            )
        ]

    def __str__(self) -> str:
        return f"external {self.safe_tx_hash}"
