"""Machines' keys. The secret is shown once and kept as SHA-256 only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from governance.core.identity.networks import NetworkError, canonical_networks, is_inside
from governance.models import ApiToken, User
from governance.services.identity.errors import IdentityError, TokenRefusedError
from treasury.core.access import SCOPES
from treasury.core.types import Actor, BlockRef
from treasury.selectors.portfolio import tiers
from treasury.services.record import record_audit

SECRET_BYTES = 32
PREFIX_CHARACTERS = 8
LONGEST_LIFE = timedelta(days=366)
USE_RECORDED_EVERY = timedelta(minutes=1)
LIVE = "ballast_live_"
TEST = "ballast_test_"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """`secret` is the whole bearer token. It exists nowhere else and cannot be shown again."""

    token: ApiToken
    secret: str


def issue_token(
    *,
    treasury_id: int,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
    now: datetime,
    is_live: bool,
    actor: Actor,
    tier_id: int | None = None,
    networks: Iterable[str] = (),
    issuer: User | None = None,
    block: BlockRef | None = None,
) -> IssuedToken:
    """A token of 256 random bits. `scopes` are written with a colon (`ledger:read`). `tier_id` and
    `networks` (CIDR) narrow it; `issuer` is the person who answers for it, none for a command."""
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope.replace(":", ".") not in SCOPES]
    if unknown or not wanted:
        raise IdentityError(f"no such scope: {', '.join(unknown) or 'none was named'}")
    if not now < expires_at <= now + LONGEST_LIFE:
        raise IdentityError("a token ends within a year and not in the past")
    if not name.strip():
        raise IdentityError("say what the token is for: its name stands in the audit trail")
    if tier_id is not None and not tiers(treasury_id).filter(pk=tier_id).exists():
        raise IdentityError("the tier belongs to another treasury")
    try:
        allowed_networks = canonical_networks(networks)
    except NetworkError as error:
        raise IdentityError(str(error)) from error
    prefix = (LIVE if is_live else TEST) + secrets.token_hex(PREFIX_CHARACTERS // 2)
    secret = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            treasury_id=treasury_id,
            name=name,
            prefix=prefix,
            secret_hash=_digest(secret),
            scopes=wanted,
            tier_id=tier_id,
            networks=allowed_networks,
            issuer=issuer,
            expires_at=expires_at,
        )
        record_audit(
            actor=actor,
            action="token.created",
            object_type="token",
            object_id=token.public_id,
            block=block,
            after={
                "name": name,
                "prefix": prefix,
                "scopes": wanted,
                "tier": token.tier.public_id if token.tier else None,
                "networks": allowed_networks,
            },
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


def authenticate_token(
    *, secret: str, now: datetime, allow_test: bool, address: str = ""
) -> ApiToken:
    """The row of a live token, used from `address`. Raises TokenRefusedError. `now` is wall time: a
    token is no money rule."""
    prefix = secret[: len(LIVE) + PREFIX_CHARACTERS]  # the secret itself may hold "_"
    if not prefix.startswith(LIVE) and not (allow_test and prefix.startswith(TEST)):
        raise TokenRefusedError
    token = ApiToken.objects.filter(prefix=prefix).select_related("treasury").first()
    expected = token.secret_hash if token else _digest("")
    if not hmac.compare_digest(expected, _digest(secret)) or token is None:
        raise TokenRefusedError
    if token.revoked_at is not None or token.expires_at <= now:
        raise TokenRefusedError
    if not is_inside(address, token.networks):
        raise TokenRefusedError
    if token.latest_use_at is None or now - token.latest_use_at >= USE_RECORDED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(latest_use_at=now)
    return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
