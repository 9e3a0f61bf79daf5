"""Users and roles by two administrators: one asks, another grants. Taking away is one step, as
everything that stops; the last administrator of a treasury stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from governance.core.roles import Role
from governance.models import RoleGrant, RoleRequest, User
from governance.services.identity.errors import IdentityError
from governance.services.identity.people import create_user, grant_role
from treasury.core.types import Actor, ActorKind
from treasury.services.record import record_audit

REQUEST_LIFE = timedelta(days=7)
GRANTABLE = tuple(role for role in Role if role is not Role.SIGNER)


@dataclass(frozen=True, slots=True)
class Granted:
    """`first_password` is (uid, token) of the link for a new account, None for an old one. Whoever
    holds it sets the first password: it is shown to the granting administrator once."""

    request: RoleRequest
    first_password: tuple[str, str] | None


def ask_role(
    *, username: str, treasury_id: int, role: str, reason: str, administrator: User, now: datetime
) -> RoleRequest:
    """Changes nothing but the list of what waits."""
    name = username.strip()
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise IdentityError("A user name has letters, digits and @ . + - _ only.") from error
    if role not in {item.value for item in GRANTABLE}:
        raise IdentityError("Who signs follows from the owners of the Safe; ask for another role.")
    if not reason.strip():
        raise IdentityError("Say why: the second administrator decides by it.")
    user = User.objects.filter(username=name).first()
    held = RoleGrant.objects.filter(user=user, treasury_id=treasury_id, role=role)
    if user is not None and held.exists():
        raise IdentityError(f"{name} has this role already.")
    try:
        with transaction.atomic():
            RoleRequest.objects.filter(decided_at=None, expires_at__lte=now).update(
                outcome="REFUSED", decided_at=now, decided_by=administrator
            )
            asked = RoleRequest.objects.create(
                treasury_id=treasury_id,
                username=name,
                user=user,
                role=role,
                reason=reason.strip()[:300],
                asked_by=administrator,
                asked_at=now,
                expires_at=now + REQUEST_LIFE,
            )
            _record(asked, administrator, "role.asked", asked.reason)
    except IntegrityError as error:
        raise IdentityError("This was asked for already and waits.") from error
    return asked


def grant_request(*, public_id: str, administrator: User, now: datetime) -> Granted:
    """By another administrator than the one who asked, and not by the person concerned."""
    with transaction.atomic():
        asked = _waiting(public_id, now)
        if asked.asked_by_id == administrator.pk:
            raise IdentityError("Another administrator has to grant what you asked for.")
        user = asked.user or User.objects.filter(username=asked.username).first()
        if user is not None and user.pk == administrator.pk:
            raise IdentityError("Nobody grants a role to themselves.")
        is_new = user is None
        actor = _actor(administrator)
        if user is None:
            user = create_user(username=asked.username, password=None, actor=actor)
        grant_role(user=user, treasury_id=asked.treasury_id, role=Role(asked.role), actor=actor)
        asked.user, asked.outcome = user, "GRANTED"
        asked.decided_by, asked.decided_at = administrator, now
        asked.save()
        _record(asked, administrator, "role.request_granted", asked.reason)
    return Granted(asked, first_password(user) if is_new else None)


def refuse_request(*, public_id: str, administrator: User, now: datetime) -> RoleRequest:
    """By any administrator; whoever asked may take it back."""
    with transaction.atomic():
        asked = _waiting(public_id, now)
        asked.outcome, asked.decided_by, asked.decided_at = "REFUSED", administrator, now
        asked.save()
        _record(asked, administrator, "role.request_refused", "")
    return asked


def revoke_role(*, grant_id: int, treasury_ids: frozenset[int], administrator: User) -> None:
    """At once. The last administrator stays, else nobody could grant anything any more."""
    with transaction.atomic():
        # The administrators' rows are locked together: two of them cannot remove each other.
        rows = RoleGrant.objects.select_for_update().filter(treasury_id__in=treasury_ids)
        grant = rows.select_related("user", "treasury").filter(pk=grant_id).first()
        if grant is None:
            raise IdentityError("There is no such role any more.")
        if grant.role == Role.ADMIN:
            others = list(rows.filter(treasury_id=grant.treasury_id, role=Role.ADMIN.value))
            if len(others) < 2:
                raise IdentityError("The last administrator of a treasury stays.")
        grant.delete()
        record_audit(
            actor=_actor(administrator),
            action="role.revoked",
            object_type="user",
            object_id=grant.user.public_id,
            block=None,
            before={"role": grant.role, "treasury": grant.treasury.public_id},
        )


def end_sessions(*, user: User) -> None:
    """Every session of the person, in every browser, at its next request."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        locked.session_epoch += 1
        locked.save(update_fields=["session_epoch"])
        record_audit(
            actor=_actor(user),
            action="person.sessions_ended",
            object_type="user",
            object_id=user.public_id,
            block=None,
        )


def _waiting(public_id: str, now: datetime) -> RoleRequest:
    rows = RoleRequest.objects.select_for_update(of=("self",)).select_related("user", "treasury")
    asked = rows.filter(public_id=public_id).first()
    if asked is None or asked.decided_at is not None or asked.expires_at <= now:
        raise IdentityError("This request was decided already or has ended.")
    return asked


def first_password(user: User) -> tuple[str, str]:
    return urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)


def _actor(person: User) -> Actor:
    return Actor(ActorKind.PERSON, person.get_username())


def _record(asked: RoleRequest, administrator: User, action: str, reason: str) -> None:
    record_audit(
        actor=_actor(administrator),
        action=action,
        object_type="role_request",
        object_id=asked.public_id,
        block=None,
        after={
            "username": asked.username,
            "role": asked.role,
            "treasury": asked.treasury.public_id,
        },
        reason=reason,
    )
