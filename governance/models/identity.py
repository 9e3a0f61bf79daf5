"""People, their wallets, their roles per treasury, and machine tokens."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from governance.core.roles import Role
from treasury.models.fields import address_check, address_field, public_id_field


class User(AbstractUser):
    """A person. What they may do follows from their role grants, never from `is_superuser`."""

    public_id = public_id_field("user")

    def __str__(self) -> str:
        return self.username


class Wallet(models.Model):
    """An address that a person has shown to control."""

    user = models.ForeignKey("governance.User", models.PROTECT, related_name="wallets")
    address = address_field(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [address_check("address", model="wallet")]

    def __str__(self) -> str:
        return self.address


class SignInRequest(models.Model):
    """A sign-in by wallet that is under way (ERC-4361): the text that the server built and the
    wallet signs. Single use: taking it deletes it. `browser` ties it to the cookie that asked."""

    nonce = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=64)
    address = address_field()
    text = models.TextField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [address_check("address", model="sign_in_request")]

    def __str__(self) -> str:
        return f"{self.address} until {self.expires_at}"


class RoleGrant(models.Model):
    """One role of one person in one treasury. Signer is not granted: it follows from the chain."""

    user = models.ForeignKey("governance.User", models.PROTECT, related_name="role_grants")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "treasury", "role"], name="role_grant_unique"),
            models.CheckConstraint(
                condition=models.Q(role__in=sorted(Role)), name="role_grant_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role}"


class ApiToken(models.Model):
    """A machine's key: 256 random bits, shown once, kept as SHA-256. It can never sign or
    approve. `tier` and `networks` (CIDR) narrow it; null and empty: no narrower than its
    treasury."""

    public_id = public_id_field("key")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=24, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, null=True, related_name="+")
    networks = models.JSONField(default=list)
    issuer = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    latest_use_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class TierOwner(models.Model):
    """Who answers for a tier: at least two people each (G9)."""

    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="+")
    user = models.ForeignKey("governance.User", models.PROTECT, related_name="owned_tiers")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tier", "user"], name="tier_owner_unique")]

    def __str__(self) -> str:
        return f"{self.user} owns {self.tier}"
