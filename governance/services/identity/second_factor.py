"""A second factor beside the password: codes of an authenticator app (TOTP), and recovery codes.

django-allauth keeps and judges them; a code is good once. Without Redis no code is accepted, since
nobody could say whether it was used before.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from governance.models import User
from governance.services.identity.errors import (
    IdentityError,
    ProofUnavailableError,
    SignInRefusedError,
)
from governance.services.identity.limits import CODES_OF_PERSON, count_try
from treasury.core.types import Actor, ActorKind
from treasury.services.record import record_audit

SECRET_BYTES = 20
SEED_BYTES = 40
REMEMBERED_SECONDS = 180
WRONG = "This code is not right, or was used already. Wait for the next one and try again."


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the person puts into the app: by the QR code or by hand."""

    secret: str
    qr_svg: str


def has_second_factor(user: User) -> bool:
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP)
    return bool(rows.exists())


def recovery_codes_left(user: User) -> int:
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(codes.wrap().get_unused_codes()) if codes else 0


def new_secret() -> str:
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def enrolment(*, user: User, secret: str) -> Enrolment:
    adapter = get_adapter()
    url = adapter.build_totp_url(user, secret)
    return Enrolment(secret, adapter.build_totp_svg(url))


def check_code(*, user: User, code: str) -> str:
    """How the code proves the person: "code" or "recovery code". Each is good once. Raises."""
    count_try(CODES_OF_PERSON, user.public_id)
    try:
        for kind, words in (
            (Authenticator.Type.TOTP, "code"),
            (Authenticator.Type.RECOVERY_CODES, "recovery code"),
        ):
            factor = Authenticator.objects.filter(user=user, type=kind).first()
            if factor is not None and _is_right_and_new(factor, code):
                factor.record_usage()
                return words
    except RedisError as error:
        raise ProofUnavailableError("Codes cannot be judged now. Try in a minute.") from error
    raise SignInRefusedError(WRONG, "code")


def enrol(*, user: User, secret: str, code: str) -> list[str]:
    """The recovery codes, shown once. The code proves that the app has the secret."""
    count_try(CODES_OF_PERSON, user.public_id)
    adapter = get_adapter()
    factor = Authenticator(
        user=user, type=Authenticator.Type.TOTP, data={"secret": adapter.encrypt(secret)}
    )
    try:
        if not _is_right_and_new(factor, code):
            raise SignInRefusedError(WRONG, "code")
    except RedisError as error:
        raise ProofUnavailableError("Codes cannot be judged now. Try in a minute.") from error
    with transaction.atomic():
        _lock(user)
        if has_second_factor(user):
            raise IdentityError("You have a second factor already. Remove it first.")
        factor.save()
        codes = _new_recovery_codes(user)
        _record(user, "second_factor.enrolled")
    return codes


def renew_recovery_codes(*, user: User) -> list[str]:
    """Ten new ones; the old ones are worth nothing from now on."""
    with transaction.atomic():
        _lock(user)
        if not has_second_factor(user):
            raise IdentityError("There is no second factor to recover: set one up first.")
        codes = _new_recovery_codes(user)
        _record(user, "second_factor.codes_renewed")
    return codes


def remove_second_factor(*, user: User, is_demanded: bool) -> None:
    """Refused where the settings demand one of staff: it is replaced there, not removed."""
    if is_demanded:
        raise IdentityError("A second factor is demanded here: it cannot be removed.")
    with transaction.atomic():
        _lock(user)
        removed, _ = Authenticator.objects.filter(user=user).delete()
        if removed:
            _record(user, "second_factor.removed")


def _is_right_and_new(factor: Authenticator, code: str) -> bool:
    """A code holds for 90 seconds with the tolerance for clocks, so it is remembered for longer."""
    given = code.replace(" ", "")
    if not factor.wrap().validate_code(given):
        return False
    digest = hashlib.sha256(given.encode()).hexdigest()
    is_new: bool = cache.add(f"governance.code.{factor.user_id}.{digest}", 1, REMEMBERED_SECONDS)
    return is_new


def _new_recovery_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    seed = get_adapter().encrypt(secrets.token_hex(SEED_BYTES))
    row = Authenticator.objects.create(
        user=user,
        type=Authenticator.Type.RECOVERY_CODES,
        data={"seed": seed, "used_mask": 0},
    )
    codes: list[str] = row.wrap().generate_codes()
    return codes


def _lock(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)


def _record(user: User, action: str) -> None:
    record_audit(
        actor=Actor(ActorKind.PERSON, user.get_username()),
        action=action,
        object_type="user",
        object_id=user.public_id,
        block=None,
    )
