"""What exists: treasuries, their Safes, assets with pinned decimals, tiers."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import address_check, address_field, public_id_field


class Treasury(models.Model):
    public_id = public_id_field("trs")
    name = models.CharField(max_length=80, unique=True)
    chain_id = models.PositiveBigIntegerField()
    functional_currency = models.CharField(max_length=3, default="USD")
    executor_address = address_field()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [address_check("executor_address", model="treasury")]

    def __str__(self) -> str:
        return self.name


class SafeKind(models.TextChoices):
    MAIN = "MAIN"
    TIER = "TIER"
    OPERATOR = "OPERATOR"


class SafeAccount(models.Model):
    """A Safe of the treasury. A tier Safe's only owner is the main Safe; `modifier_address` is its
    Zodiac Roles modifier (empty: none). The operator Safe holds no assets."""

    public_id = public_id_field("safe")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="safes")
    name = models.CharField(max_length=80)
    address = address_field()
    kind = models.CharField(max_length=8, choices=SafeKind.choices)
    version = models.CharField(max_length=8, default="1.4.1")
    modifier_address = address_field(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "address"], name="safe_unique_address"),
            models.UniqueConstraint(
                fields=["treasury"],
                condition=models.Q(kind=SafeKind.MAIN),
                name="safe_one_main_per_treasury",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=SafeKind.values), name="safe_kind_known"
            ),
            address_check("address", model="safe"),
            address_check("modifier_address", model="safe", optional=True),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


class AssetKind(models.TextChoices):
    NATIVE = "NATIVE"
    ERC20 = "ERC20"
    VAULT_SHARE = "VAULT_SHARE"


class Asset(models.Model):
    """A token of the treasury. `decimals` were read from the chain at onboarding and are pinned.
    `issuer` and `peg` (the currency that a stablecoin promises) are declared there by a person,
    empty where nobody did: risk numbers are made of them, nothing is traded on them."""

    public_id = public_id_field("ast")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="assets")
    address = address_field()
    symbol = models.CharField(max_length=24)
    decimals = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=AssetKind.choices, default=AssetKind.ERC20)
    underlying = models.ForeignKey("self", models.PROTECT, null=True, blank=True)
    issuer = models.CharField(max_length=60, blank=True, default="")
    peg = models.CharField(max_length=3, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "address"], name="asset_unique_address"),
            models.CheckConstraint(
                condition=models.Q(kind__in=AssetKind.values), name="asset_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(decimals__lte=36), name="asset_decimals_plausible"
            ),
            address_check("address", model="asset"),
        ]

    def __str__(self) -> str:
        return self.symbol


class Tier(models.Model):
    """A part of the treasury with one objective, one Safe and one policy at a time.
    `member_address` is who holds the role on the Safe's modifier (executor key or operator Safe;
    empty without a role)."""

    public_id = public_id_field("tier")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="tiers")
    name = models.CharField(max_length=40)
    objective = models.TextField()
    safe = models.ForeignKey("treasury.SafeAccount", models.PROTECT, related_name="tiers")
    role_key = models.CharField(max_length=66, blank=True, default="")
    member_address = address_field(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "name"], name="tier_unique_name"),
            address_check("member_address", model="tier", optional=True),
        ]

    def __str__(self) -> str:
        return self.name


class TierAsset(models.Model):
    """A pair (Safe, asset) belongs to exactly one tier."""

    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="tier_assets")
    safe = models.ForeignKey("treasury.SafeAccount", models.PROTECT)
    asset = models.ForeignKey("treasury.Asset", models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["safe", "asset"], name="tier_asset_one_tier_per_pair")
        ]

    def __str__(self) -> str:
        return f"{self.tier}: {self.asset}"
