"""Chain truth against intent: what the legs wanted, what the logs say, what the balances say.

Three witnesses are compared, and each difference is a Mismatch that becomes a Break: fills (venue
events) against legs, Transfer events against legs, balances at the block against Transfer events.
So is a frozen lot that the books no longer have. A trade that gave more than its minimum is no
mismatch: receiving better than the minimum is intended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from execution.core.abi import to_address, topic
from execution.core.contracts import (
    EXECUTION_FAILURE,
    EXECUTION_SUCCESS,
    MODULE_SUCCESS,
    TRANSFER_EVENT,
)
from execution.core.types import (
    BalanceChange,
    ExecutionPlan,
    FillFact,
    Leg,
    Log,
    Mechanism,
    Receipt,
)
from treasury.core.lots import GoneLot
from treasury.core.types import Address

Position = tuple[Address, Address]
"""(Safe, asset)."""


class MismatchKind(StrEnum):
    FILL_MISSING = "FILL_MISSING"
    SOLD = "SOLD"
    BOUGHT = "BOUGHT"
    UNEXPECTED = "UNEXPECTED"
    BALANCE = "BALANCE"
    ALLOWANCE = "ALLOWANCE"
    NESTED_HASH = "NESTED_HASH"
    LOTS = "LOTS"


@dataclass(frozen=True, slots=True)
class Mismatch:
    kind: MismatchKind
    safe: Address
    asset: Address | None
    expected_units: int
    actual_units: int
    reason: str


def changes_of(amounts: Mapping[Position, int]) -> tuple[BalanceChange, ...]:
    """Without zeros, in a fixed order, so that equal facts have equal digests."""
    return tuple(
        BalanceChange(safe, asset, units)
        for (safe, asset), units in sorted(amounts.items())
        if units
    )


def transfer_changes(logs: Iterable[Log], safes: frozenset[Address]) -> tuple[BalanceChange, ...]:
    """Net effect of ERC-20 Transfer events on our Safes, by token, unknown tokens included."""
    amounts: dict[Position, int] = defaultdict(int)
    for log in logs:
        if len(log.topics) != 3 or log.topics[0] != topic(TRANSFER_EVENT) or len(log.data) != 32:
            continue
        sender, recipient = to_address(log.topics[1]), to_address(log.topics[2])
        units = int.from_bytes(log.data, "big")
        if sender in safes:
            amounts[sender, log.address] -= units
        if recipient in safes:
            amounts[recipient, log.address] += units
    return changes_of(amounts)


def compare_changes(legs: Sequence[Leg], changes: Sequence[BalanceChange]) -> tuple[Mismatch, ...]:
    """Does exactly what the legs say leave and arrive, nothing else? Used before signing on the
    simulation and after execution on the logs. Per position: at least minimum bought minus sold,
    and exactly minus sold where nothing is bought."""
    sold: dict[Position, int] = defaultdict(int)
    bought: dict[Position, int] = defaultdict(int)
    for leg in legs:
        sold[leg.safe, leg.sell] += leg.sell_units
        bought[leg.recipient, leg.buy] += leg.min_buy_units
    actual: dict[Position, int] = defaultdict(int)
    for change in changes:
        actual[change.safe, change.asset] += change.units
    found = []
    for position in sorted({*sold, *bought, *actual}):
        safe, asset = position
        expected = bought.get(position, 0) - sold.get(position, 0)
        units = actual.get(position, 0)
        exact = position not in bought
        if units < expected or (exact and units != expected):
            kind = MismatchKind.UNEXPECTED
            if position in sold:
                kind = MismatchKind.SOLD
            elif position in bought:
                kind = MismatchKind.BOUGHT
            wanted = "exactly" if exact else "at least"
            reason = f"{wanted} {expected} units were intended, {units} moved"
            found.append(Mismatch(kind, safe, asset, expected, units, reason))
    return tuple(found)


def compare_fills(legs: Sequence[Leg], fills: Mapping[int, FillFact]) -> tuple[Mismatch, ...]:
    """Each leg against its own venue event."""
    found = []
    for leg in legs:
        fill = fills.get(leg.index)
        if fill is None:
            reason = f"no event of leg {leg.index} ({leg.venue}) in the receipt"
            kind = MismatchKind.FILL_MISSING
            found.append(Mismatch(kind, leg.safe, leg.buy, leg.min_buy_units, 0, reason))
            continue
        if fill.sell_units != leg.sell_units:
            reason = f"leg {leg.index} sold another amount than signed"
            kind = MismatchKind.SOLD
            found.append(
                Mismatch(kind, leg.safe, leg.sell, leg.sell_units, fill.sell_units, reason)
            )
        if fill.buy_units < leg.min_buy_units:
            reason = f"leg {leg.index} gave less than its minimum"
            kind = MismatchKind.BOUGHT
            found.append(
                Mismatch(kind, leg.recipient, leg.buy, leg.min_buy_units, fill.buy_units, reason)
            )
    return tuple(found)


def compare_balances(
    told: Sequence[BalanceChange], seen: Sequence[BalanceChange]
) -> tuple[Mismatch, ...]:
    """Balances around the block against the Transfer events of the block, per position seen: a
    token that takes a fee, rebases or lies shows here."""
    by_log = {(change.safe, change.asset): change.units for change in told}
    found = []
    for change in seen:
        expected = by_log.get((change.safe, change.asset), 0)
        if expected != change.units:
            reason = "the balance moved by another amount than the token's events say"
            kind = MismatchKind.BALANCE
            found.append(Mismatch(kind, change.safe, change.asset, expected, change.units, reason))
    return tuple(found)


def compare_lots(gone: Iterable[tuple[Leg, GoneLot]]) -> tuple[Mismatch, ...]:
    """Lots that were frozen in the legs, and that other entries took before these were booked: one
    mismatch per position, in units of its asset."""
    by_position: dict[Position, list[GoneLot]] = {}
    for leg, lot in gone:
        by_position.setdefault((leg.safe, leg.sell), []).append(lot)
    return tuple(
        Mismatch(
            MismatchKind.LOTS,
            safe,
            asset,
            sum(lot.chosen_units for lot in lots),
            sum(lot.left_units for lot in lots),
            "lots chosen before signing were taken by another entry, so these units have no "
            f"cost: {', '.join(lot.lot_ref for lot in lots)}",
        )
        for (safe, asset), lots in sorted(by_position.items())
    )


# ------------------------------------------------------------------------------------ evidence
def execution_hashes(logs: Iterable[Log], safe: Address, *, success: bool) -> tuple[str, ...]:
    """Hashes of the ExecutionSuccess (or ExecutionFailure) events of that Safe. Indexed from 1.4.1
    on, in the data before."""
    wanted = topic(EXECUTION_SUCCESS if success else EXECUTION_FAILURE)
    return tuple(
        log.topics[1] if len(log.topics) > 1 else "0x" + log.data[:32].hex()
        for log in logs
        if log.address == safe and log.topics and log.topics[0] == wanted
    )


def module_successes(logs: Iterable[Log], safe: Address, modifier: Address) -> int:
    """How often that Safe says that the modifier's call succeeded: once per batch."""
    return sum(
        log.address == safe
        and len(log.topics) == 2
        and log.topics[0] == topic(MODULE_SUCCESS)
        and to_address(log.topics[1]) == modifier
        for log in logs
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Did the intent happen? `reason` says why not."""

    executed: bool
    reason: str = ""


def verdict(plan: ExecutionPlan, receipt: Receipt, *, safe_tx_hash: str | None) -> Verdict:
    """Receipt status 1 is not success. SAFE and operator Safe: `ExecutionSuccess(our hash)`;
    executor key: status 1. By a role, also exactly one success of the modifier's call in the
    tier Safe."""
    if receipt.status != 1:
        return Verdict(False, "the transaction reverted")
    if safe_tx_hash is not None:
        signing = plan.main_safe if plan.mechanism is Mechanism.SAFE else plan.member
        if signing is None:
            return Verdict(False, "nobody could have signed")
        said = said_by_safe(receipt, signing, safe_tx_hash)
        if not said.executed:
            return said
    if plan.mechanism is Mechanism.ROLES and plan.modifier is not None:
        count = module_successes(receipt.logs, plan.acting_safe, plan.modifier)
        if count != 1:
            return Verdict(
                False, f"{count} successes of the modifier in the tier Safe instead of 1"
            )
    return Verdict(True)


def said_by_safe(receipt: Receipt, safe: Address, safe_tx_hash: str) -> Verdict:
    """What the Safe's own event says of the hash; all there is to say of a rejection."""
    if receipt.status != 1:
        return Verdict(False, "the transaction reverted")
    if safe_tx_hash in execution_hashes(receipt.logs, safe, success=False):
        return Verdict(
            False, "the Safe says ExecutionFailure: the nonce is burnt, nothing happened"
        )
    if safe_tx_hash not in execution_hashes(receipt.logs, safe, success=True):
        return Verdict(False, "the Safe does not say ExecutionSuccess of our hash")
    return Verdict(True)


def compare_nested(
    plan: ExecutionPlan, receipt: Receipt, predicted_hash: str
) -> tuple[Mismatch, ...]:
    """The tier Safe's own hash was a prediction for the planned queue order."""
    seen = execution_hashes(receipt.logs, plan.acting_safe, success=True)
    if predicted_hash in seen:
        return ()
    reason = f"predicted {predicted_hash}, the tier Safe executed {', '.join(seen) or 'nothing'}"
    kind = MismatchKind.NESTED_HASH
    return (Mismatch(kind, plan.acting_safe, None, 1, len(seen), reason),)
