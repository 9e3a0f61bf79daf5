"""People, wallets, roles and machine tokens. Passwords go through Django's hashers; a token's
secret is shown once and kept as SHA-256 only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from governance.core.roles import Role
from governance.models import ApiToken, RoleGrant, TierOwner, User, Wallet
from treasury.core.access import SCOPES
from treasury.core.types import Actor, Address, BlockRef
from treasury.services.record import record_audit

SECRET_BYTES = 32
PREFIX_CHARACTERS = 8
LONGEST_LIFE = timedelta(days=366)
USE_RECORDED_EVERY = timedelta(minutes=1)
LIVE = "ballast_live_"
TEST = "ballast_test_"


class IdentityError(ValueError):
    """What was asked for is not possible; the text may be shown."""

    problem_code = "identity_refused"


class TokenRefusedError(ValueError):
    """Unknown, revoked, expired or of the wrong kind: which of them is not said."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """`secret` is the whole bearer token. It exists nowhere else and cannot be shown again."""

    token: ApiToken
    secret: str


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


def issue_token(
    *,
    treasury_id: int,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
    now: datetime,
    is_live: bool,
    actor: Actor,
    block: BlockRef | None = None,
) -> IssuedToken:
    """A token of 256 random bits. `scopes` are written with a colon (`ledger:read`)."""
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope.replace(":", ".") not in SCOPES]
    if unknown or not wanted:
        raise IdentityError(f"no such scope: {', '.join(unknown) or 'none was named'}")
    if not now < expires_at <= now + LONGEST_LIFE:
        raise IdentityError("a token ends within a year and not in the past")
    prefix = (LIVE if is_live else TEST) + secrets.token_hex(PREFIX_CHARACTERS // 2)
    secret = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            treasury_id=treasury_id,
            name=name,
            prefix=prefix,
            secret_hash=_digest(secret),
            scopes=wanted,
            expires_at=expires_at,
        )
        record_audit(
            actor=actor,
            action="token.created",
            object_type="token",
            object_id=token.public_id,
            block=block,
            after={"name": name, "prefix": prefix, "scopes": wanted},
        )
    return IssuedToken(token, secret)


def revoke_token(
    *, token: ApiToken, now: datetime, actor: Actor, block: BlockRef | None = None
) -> None:
    with transaction.atomic():
        changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
        if changed:
            record_audit(
                actor=actor,
                action="token.revoked",
                object_type="token",
                object_id=token.public_id,
                block=block,
                after={"prefix": token.prefix},
            )


def authenticate_token(*, secret: str, now: datetime, allow_test: bool) -> ApiToken:
    """The row of a live token. Raises TokenRefusedError. `now` is wall time: a token is no money
    rule."""
    prefix = secret[: len(LIVE) + PREFIX_CHARACTERS]  # the secret itself may hold "_"
    if not prefix.startswith(LIVE) and not (allow_test and prefix.startswith(TEST)):
        raise TokenRefusedError
    token = ApiToken.objects.filter(prefix=prefix).select_related("treasury").first()
    expected = token.secret_hash if token else _digest("")
    if not hmac.compare_digest(expected, _digest(secret)) or token is None:
        raise TokenRefusedError
    if token.revoked_at is not None or token.expires_at <= now:
        raise TokenRefusedError
    if token.latest_use_at is None or now - token.latest_use_at >= USE_RECORDED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(latest_use_at=now)
    return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
