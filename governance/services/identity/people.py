"""People, their wallets, roles and tiers. Passwords go through Django's hashers."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from governance.core.roles import Role
from governance.models import RoleGrant, TierOwner, User, Wallet
from governance.services.identity.errors import IdentityError
from treasury.core.types import Actor, Address, BlockRef
from treasury.services.record import record_audit


def create_user(
    *,
    username: str,
    password: str | None,
    actor: Actor,
    is_staff: bool = False,
    block: BlockRef | None = None,
) -> User:
    """Without a password the person can sign in by wallet only. Staff may look at rows in the
    admin, where it is mounted; it gives no right in any treasury."""
    if password is not None:
        validate_password(password, User(username=username))
    with transaction.atomic():
        user = User.objects.create_user(username=username, password=password, is_staff=is_staff)
        record_audit(
            actor=actor,
            action="user.created",
            object_type="user",
            object_id=user.public_id,
            block=block,
            after={"username": username, "is_staff": is_staff},
        )
    return user


def grant_role(
    *, user: User, treasury_id: int, role: Role, actor: Actor, block: BlockRef | None = None
) -> RoleGrant:
    """Idempotent. SIGNER is refused: it follows from owning the Safe, not from a grant."""
    if role is Role.SIGNER:
        raise IdentityError("who signs follows from the owners of the Safe: add a wallet instead")
    with transaction.atomic():
        grant, created = RoleGrant.objects.get_or_create(
            user=user, treasury_id=treasury_id, role=role.value
        )
        if created:
            record_audit(
                actor=actor,
                action="role.granted",
                object_type="user",
                object_id=user.public_id,
                block=block,
                after={"role": role.value, "treasury": grant.treasury.public_id},
            )
    return grant


def add_wallet(
    *, user: User, address: Address, actor: Actor, block: BlockRef | None = None
) -> Wallet:
    """The caller has seen proof that the person controls the address. One address, one person."""
    with transaction.atomic():
        wallet, created = Wallet.objects.get_or_create(address=address, defaults={"user": user})
        if wallet.user_id != user.pk:
            raise IdentityError("the address belongs to somebody else")
        if created:
            record_audit(
                actor=actor,
                action="wallet.added",
                object_type="user",
                object_id=user.public_id,
                block=block,
                after={"address": address},
            )
    return wallet


def own_tier(*, user: User, tier_id: int, actor: Actor, block: BlockRef | None = None) -> TierOwner:
    """Make a person accountable for a tier (G9: at least two each)."""
    with transaction.atomic():
        owner, created = TierOwner.objects.get_or_create(user=user, tier_id=tier_id)
        if created:
            record_audit(
                actor=actor,
                action="tier.owner_added",
                object_type="tier",
                object_id=owner.tier.public_id,
                block=block,
                after={"user": user.public_id},
            )
    return owner
