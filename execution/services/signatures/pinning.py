"""Pins: the setup of a Safe that people accepted, and each look at it (RS-7).

Both functions run in the caller's transaction, which holds the lock of the treasury's halts: looks
and acceptances of one treasury come one after the other. Not done: members of an owner that is a
Safe are its own affair and are not pinned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from execution.adapters.safe_configuration import SafeConfiguration
from execution.core.signing.pinning import (
    CHANGES,
    Configuration,
    as_far_as_true,
    differences,
    fingerprint,
)
from execution.models import ObservedConfiguration, PinnedConfiguration
from execution.selectors.pins import changed, observed
from treasury.core.types import Actor, Address, BlockRef
from treasury.selectors.portfolio import safes_of
from treasury.services.record import emit_event, record_audit

if TYPE_CHECKING:
    from treasury.models import SafeAccount

__all__ = ["CHANGES", "UnreadableSafeError", "accept", "observe"]

log = structlog.get_logger(__name__)


class UnreadableSafeError(ValueError):
    """A Safe does not answer like one: there is nothing that could be accepted."""


def observe(
    *, treasury_id: int, found: Sequence[SafeConfiguration], block: BlockRef, actor: Actor
) -> str:
    """Write down one look at the treasury's Safes at `block`; what is new since the look before is
    told, once. The first look at a Safe pins it. An older block than the one known changes nothing.
    The fingerprint of what is not as pinned, empty when everything is."""
    known = {row.safe.address: row for row in observed(treasury_id)}
    told = {one.safe: one for one in found}
    for safe in safes_of(treasury_id):
        one, row = told.get(Address(safe.address)), known.get(safe.address)
        if one is None:
            continue  # added after the chain was asked: the next look has it
        if row is None:
            _pin_first(safe, one, block=block, actor=actor)
        elif row.block_number < block.number:
            _look_again(row, one, block=block, actor=actor)
    rows = changed().filter(safe__treasury_id=treasury_id)
    differing = [(row.safe.address, row.configuration) for row in rows]
    return fingerprint(differing) if differing else ""


def _pin_first(safe: SafeAccount, one: SafeConfiguration, *, block: BlockRef, actor: Actor) -> None:
    if not one.is_answering:
        log.warning("safe_not_answering", safe=safe.address, block=block.number)
        return
    seen = _configuration(one)
    pin = PinnedConfiguration.objects.create(
        safe=safe,
        number=1,
        configuration=seen,
        block_number=block.number,
        block_hash=block.hash,
    )
    ObservedConfiguration.objects.create(
        safe=safe,
        pin=pin,
        configuration=seen,
        block_number=block.number,
        block_hash=block.hash,
    )
    record_audit(
        actor=actor,
        action="safe.pinned",
        object_type="safe",
        object_id=safe.public_id,
        block=block,
        after=dict(seen),
        reason="first seen",
    )


def _look_again(
    row: ObservedConfiguration, one: SafeConfiguration, *, block: BlockRef, actor: Actor
) -> None:
    before = row.configuration
    seen = _configuration(one)
    if not one.is_answering:
        log.warning("safe_not_answering", safe=one.safe, block=block.number)
        seen = as_far_as_true(before, seen)
    row.configuration, row.is_answering = dict(seen), one.is_answering
    row.block_number, row.block_hash = block.number, block.hash
    row.save()
    found = differences(before, seen)
    for change in found:
        payload = {
            "id": row.safe.public_id,
            "safe": row.safe.address,
            "before": change.pinned,
            "after": change.found,
            "block": block.number,
        }
        emit_event(treasury_id=row.safe.treasury_id, kind=change.field.event, payload=payload)
    for change in found:
        record_audit(
            actor=actor,
            action=change.field.event,
            object_type="safe",
            object_id=row.safe.public_id,
            block=block,
            before={change.field.value: change.pinned},
            after={change.field.value: change.found},
            reason=f"{row.safe.name} Safe: {change}"[:300],
        )


def accept(*, treasury_id: int, by: tuple[str, str], actor: Actor, block: BlockRef) -> int:
    """What was found at the latest look is pinned from now on, for each Safe that differs; how
    many. `by`: public ids of the two people. Raises UnreadableSafeError."""
    rows = list(changed().filter(safe__treasury_id=treasury_id))
    for row in rows:
        if not row.is_answering:
            raise UnreadableSafeError(
                f"{row.safe.name} Safe does not answer like a Safe: nothing of it can be accepted"
            )
    for row in rows:
        before, number = row.pin.configuration, row.pin.number + 1
        row.pin = PinnedConfiguration.objects.create(
            safe=row.safe,
            number=number,
            configuration=row.configuration,
            accepted_by=list(by),
            block_number=row.block_number,
            block_hash=row.block_hash,
        )
        row.save()
        record_audit(
            actor=actor,
            action="safe.configuration_accepted",
            object_type="safe",
            object_id=row.safe.public_id,
            block=block,
            before=dict(before),
            after={**row.configuration, "accepted_by": list(by)},
        )
    return len(rows)


def _configuration(one: SafeConfiguration) -> Configuration:
    return {
        "owners": sorted(one.owners),
        "threshold": one.threshold,
        "modules": sorted(one.modules),
        "guard": one.guard or "",
        "handler": one.handler or "",
        "singleton": one.singleton,
    }
