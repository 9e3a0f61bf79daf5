"""People, their wallets, their roles per treasury, and machine tokens."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from governance.core.identity.texts import Purpose
from governance.core.roles import Role
from treasury.models.fields import address_check, address_field, public_id_field


class User(AbstractUser):
    """A person. What they may do follows from their role grants, never from `is_superuser`.
    Counting `session_epoch` on ends every session of the person."""

    public_id = public_id_field("user")
    session_epoch = models.PositiveIntegerField(default=0)

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
    wallet signs. Single use: taking it deletes it. `browser` ties it to the cookie that asked (its
    SHA-256), `user` to the person who was signed in then (none for a sign-in)."""

    nonce = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=64)
    purpose = models.CharField(
        max_length=8, choices=[(item.value, item.value) for item in Purpose], default="SIGN_IN"
    )
    user = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    address = address_field()
    text = models.TextField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            address_check("address", model="sign_in_request"),
            models.CheckConstraint(
                condition=models.Q(purpose="SIGN_IN", user__isnull=True)
                | models.Q(purpose__in=("ATTACH", "PROVE"), user__isnull=False),
                name="sign_in_request_whose",
            ),
        ]

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


class RoleRequest(models.Model):
    """One administrator asks that a person gets a role, another one grants it (or anybody of them
    refuses). `user` is null while the person does not exist: granting makes the account."""

    public_id = public_id_field("ask")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    username = models.CharField(max_length=150)
    user = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=8, choices=[("GRANTED", "GRANTED"), ("REFUSED", "REFUSED")], blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "username", "role"],
                condition=models.Q(decided_at__isnull=True),
                name="role_request_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", decided_by__isnull=True, decided_at__isnull=True)
                | models.Q(
                    outcome__in=("GRANTED", "REFUSED"),
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="role_request_decided_whole",
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome="GRANTED") | ~models.Q(decided_by=models.F("asked_by")),
                name="role_request_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    role__in=sorted(role.value for role in Role if role is not Role.SIGNER)
                ),
                name="role_request_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.username} as {self.role}"


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
