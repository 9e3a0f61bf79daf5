"""The address book: a label is a grant of trust, so it takes two people and it ends (G4).

A label never lets anything happen: what automation may touch is the chain's word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from eth_utils.address import is_address, is_checksum_address, to_checksum_address

from governance.core.conformity import look_alikes
from governance.models import AddressEntry, User
from treasury.core.types import NATIVE, Actor, Address, BlockRef
from treasury.services.record import emit_event, record_audit

LABEL_MAX: Final = 80
PURPOSE_MAX: Final = 200
LONGEST: Final = timedelta(days=366)


class AddressRefusedError(ValueError):
    """`problems`: field -> what is wrong with it and how to mend it."""

    problem_code = "address_refused"
    problem_status = 422

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in problems.items()))
        self.problems = problems
        self.problem_members = {
            "errors": [
                {"pointer": f"/{field}", "code": "invalid", "detail": text}
                for field, text in problems.items()
            ]
        }


@dataclass(frozen=True, slots=True)
class AddressDraft:
    """`expires_at` None where the caller could not read a day. `is_compared`: the person says to
    have compared every character; asked for when a known address looks alike."""

    address: str
    label: str
    purpose: str
    expires_at: datetime | None
    is_compared: bool = False


def ask_for_label(
    *,
    treasury_id: int,
    draft: AddressDraft,
    known: Iterable[str],
    author: User,
    now: datetime,
    actor: Actor,
    block: BlockRef,
) -> AddressEntry:
    """Asked for by one person, in force when a second one has agreed. `known` are the addresses
    that it must not be mistaken for. `now` is wall time: trust in names is no rule about money."""
    problems = _problems(draft, known=known, now=now)
    if problems or draft.expires_at is None:
        raise AddressRefusedError(problems)
    address = Address(to_checksum_address(draft.address.strip()))
    try:
        with transaction.atomic():
            entry = AddressEntry.objects.create(
                treasury_id=treasury_id,
                address=address,
                label=draft.label.strip(),
                purpose=draft.purpose.strip(),
                author=author,
                expires_at=draft.expires_at,
            )
            _record(entry, "address.asked", actor, block)
    except IntegrityError:
        raise AddressRefusedError(
            {"address": "It has a label already: withdraw that one first."}
        ) from None
    return entry


def agree(*, entry_id: int, user: User, now: datetime, actor: Actor, block: BlockRef) -> None:
    """The second person. The author alone never; agreeing twice is agreeing once."""
    with transaction.atomic():
        entry = AddressEntry.objects.select_for_update().get(pk=entry_id)
        if entry.author_id == user.pk:
            raise AddressRefusedError({"approver": "Another person than the author has to agree."})
        if entry.withdrawn_at is not None or entry.expires_at <= now:
            raise AddressRefusedError({"address": "It has ended: ask for it anew."})
        if entry.approver_id is not None:
            return
        entry.approver = user
        entry.save()
        payload = {"entry": entry.public_id, "address": entry.address, "label": entry.label}
        emit_event(treasury_id=entry.treasury_id, kind="address.labelled", payload=payload)
        _record(entry, "address.agreed", actor, block)


def withdraw(*, entry_id: int, now: datetime, actor: Actor, block: BlockRef) -> None:
    """One person is enough to take trust away. Idempotent."""
    with transaction.atomic():
        entry = AddressEntry.objects.select_for_update().get(pk=entry_id)
        if entry.withdrawn_at is None:
            entry.withdrawn_at = now
            entry.save()
            _record(entry, "address.withdrawn", actor, block)


def _problems(draft: AddressDraft, *, known: Iterable[str], now: datetime) -> dict[str, str]:
    found = _text_problems(draft)
    if draft.expires_at is None:
        found["expires_at"] = "Write the day as 2026-01-31."
    elif draft.expires_at <= now:
        found["expires_at"] = "It has to end in the future."
    elif draft.expires_at > now + LONGEST:
        found["expires_at"] = "At most a year from now: trust is renewed, not kept."
    given = draft.address.strip()
    if not is_address(given) or not given.startswith("0x"):
        found["address"] = "An address has 0x and 40 hex digits."
    elif given not in {given.lower(), "0x" + given[2:].upper()} and not is_checksum_address(given):
        found["address"] = "Its checksum is wrong: a character is mistyped. Copy it again."
    elif given.lower() == NATIVE:
        found["address"] = "The zero address belongs to nobody."
    else:
        twins = look_alikes([to_checksum_address(given)], known)
        if twins and not draft.is_compared:
            found["is_compared"] = (
                f"It looks like {twins[0][1]}, which we know. Compare every character, then say so."
            )
    return found


def _text_problems(draft: AddressDraft) -> dict[str, str]:
    found = {}
    label, purpose = draft.label.strip(), draft.purpose.strip()
    if not label:
        found["label"] = "This is needed."
    elif len(label) > LABEL_MAX:
        found["label"] = f"At most {LABEL_MAX} characters; these are {len(label)}."
    elif not label.isprintable():
        found["label"] = "Only characters that can be seen."
    if len(purpose) > PURPOSE_MAX:
        found["purpose"] = f"At most {PURPOSE_MAX} characters; these are {len(purpose)}."
    elif not purpose.isprintable():
        found["purpose"] = "Only characters that can be seen."
    return found


def _record(entry: AddressEntry, action: str, actor: Actor, block: BlockRef) -> None:
    record_audit(
        actor=actor,
        action=action,
        object_type="address",
        object_id=entry.public_id,
        block=block,
        after={
            "address": entry.address,
            "label": entry.label,
            "expires_at": entry.expires_at.isoformat(),
        },
    )
