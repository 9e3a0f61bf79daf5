"""One disposal: which open lots it takes, and what each slice costs and earns (AC-1..AC-8).

All lots given belong to one pool (one holder and asset, AC-5): the caller chooses the pool. Costs
and proceeds are USD with 8 decimals; the slices of a lot add up to its cost exactly, the slices of
a disposal to its proceeds exactly. Not done: LIFO, LOFO, AVERAGE and MIN_TAX (AC-2), tax rates,
periods already closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from treasury.core.amounts import exact, quantize_usd
from treasury.core.journal import NewLot
from treasury.core.policies import LotMethod
from treasury.core.types import Address, LotSlice, LotState

SECONDS_PER_DAY = 86_400


class LotBookError(ValueError):
    """The arguments contradict each other: negative units, two assets in one pool."""


class StaleLotsError(LotBookError):
    """A frozen lot list no longer fits the open lots: propose again (AC-8)."""


@dataclass(frozen=True, slots=True)
class LotMatch:
    """What a disposal takes. Slice costs are the lots', slice proceeds with `missing_proceeds_usd`
    add up to the proceeds given. `missing_units` had no lot: their cost is 0 (AC-6)."""

    slices: tuple[LotSlice, ...]
    missing_units: int
    missing_proceeds_usd: Decimal = Decimal(0)

    @property
    def units(self) -> int:
        return sum(item.units for item in self.slices) + self.missing_units

    @property
    def cost_usd(self) -> Decimal:
        return total_usd(item.cost_usd for item in self.slices)

    @property
    def proceeds_usd(self) -> Decimal:
        return total_usd([*(item.proceeds_usd for item in self.slices), self.missing_proceeds_usd])

    @property
    def incomplete(self) -> bool:
        """True when the cost basis is incomplete: an exception for a person to resolve (AC-6)."""
        return self.missing_units > 0


@exact
def total_usd(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


@exact
def match_lots(
    *,
    lots: tuple[LotState, ...],
    units: int,
    proceeds_usd: Decimal,
    method: LotMethod,
    at: int,
    long_term_days: int,
) -> LotMatch:
    """Lots for a disposal of `units` at time `at` (Unix seconds), by the method's order (AC-2).

    Only lots acquired at or before `at` are candidates. Too few lots do not fail: the rest comes
    back as `missing_units` (AC-6). `proceeds_usd` is quantised to 8 decimals before it is split.
    """
    candidates = [lot for lot in lots if lot.units > 0 and lot.acquired_at <= at]
    taken = _take(_ordered(candidates, method), _checked(lots, units))
    return _matched(taken, units, quantize_usd(proceeds_usd), at, long_term_days)


@exact
def book_frozen(
    *,
    lots: tuple[LotState, ...],
    frozen: tuple[LotSlice, ...],
    units: int,
    proceeds_usd: Decimal,
    at: int,
    long_term_days: int,
) -> LotMatch:
    """Books the lots chosen before signing, in their listed order (AC-8, DE-33).

    Fewer units than listed take the head of the list; more than listed come back as
    `missing_units`. Costs come from the lots as they are now. A listed lot that has fewer units
    left than listed means that another event took them: `StaleLotsError`.
    """
    open_lots = {lot.lot_ref: lot for lot in lots}
    _checked(lots, units)
    wanted: list[tuple[LotState, int]] = []
    left = units
    for chosen in frozen:
        lot = open_lots.get(chosen.lot_ref)
        if lot is None or lot.units < chosen.units or lot.acquired_at > at:
            raise StaleLotsError(
                f"lot {chosen.lot_ref}: {chosen.units} units were chosen, "
                f"{lot.units if lot else 0} are left; propose again"
            )
        part = min(chosen.units, left)
        if part > 0:
            wanted.append((lot, part))
            open_lots[lot.lot_ref] = _reduced(lot, part, _cost_of(lot, part))
        left -= part
    return _matched(wanted, units, quantize_usd(proceeds_usd), at, long_term_days)


@exact
def take_lots(
    *,
    lots: tuple[LotState, ...],
    units: int,
    method: LotMethod,
    at: int,
    long_term_days: int,
) -> LotMatch:
    """Lots that move without being disposed of (AC-5): as `match_lots`, each slice at its own
    cost."""
    match = match_lots(
        lots=lots,
        units=units,
        proceeds_usd=Decimal(0),
        method=method,
        at=at,
        long_term_days=long_term_days,
    )
    slices = tuple(replace(item, proceeds_usd=item.cost_usd) for item in match.slices)
    return replace(match, slices=slices)


@exact
def apply_slices(
    *, lots: tuple[LotState, ...], slices: tuple[LotSlice, ...]
) -> tuple[LotState, ...]:
    """The lots that stay open after the slices left them, in the order given. Emptied lots are
    gone."""
    remaining = {lot.lot_ref: lot for lot in lots}
    for item in slices:
        lot = remaining.get(item.lot_ref)
        if lot is None or lot.units < item.units:
            raise StaleLotsError(f"lot {item.lot_ref} has fewer than {item.units} units left")
        remaining[item.lot_ref] = _reduced(lot, item.units, item.cost_usd)
    return tuple(remaining[lot.lot_ref] for lot in lots if remaining[lot.lot_ref].units > 0)


@exact
def carry_lots(
    *,
    match: LotMatch,
    to_holder: Address,
    to_asset: Address,
    to_units: int,
    lot_ref: str,
    at: int,
) -> tuple[NewLot, ...]:
    """The lots at the other side of a move that is no disposal: original cost and date (AC-5,
    AC-22).

    A transfer gives the same units; a vault deposit or withdrawal gives other units, split pro
    rata (cumulative floor, so they add up to `to_units` exactly). A slice too small for one unit
    hands its cost to the next lot. Units without a lot arrive with cost 0, dated `at` (AC-6). Refs
    are `lot_ref` with an index when there are several.
    """
    if to_units <= 0 or match.units <= 0:
        raise LotBookError(f"{match.units} units cannot be carried into {to_units}")
    parts = [(item.units, item.cost_usd, item.acquired_at) for item in match.slices]
    if match.missing_units:
        parts.append((match.missing_units, Decimal(0), at))
    carried: list[tuple[int, Decimal, int]] = []
    units_before, given, waiting_usd = 0, 0, Decimal(0)
    for units, cost_usd, acquired_at in parts:
        units_before += units
        share = units_before * to_units // match.units - given
        waiting_usd += cost_usd
        if share > 0:
            carried.append((share, waiting_usd, acquired_at))
            given, waiting_usd = given + share, Decimal(0)
    several = len(carried) > 1
    return tuple(
        NewLot(
            lot_ref=f"{lot_ref}/{index}" if several else lot_ref,
            holder=to_holder,
            asset=to_asset,
            units=units,
            cost_usd=cost_usd,
            acquired_at=acquired_at,
        )
        for index, (units, cost_usd, acquired_at) in enumerate(carried)
    )


def _ordered(lots: list[LotState], method: LotMethod) -> list[LotState]:
    """Order of consumption (AC-2); ties go to the earlier lot, then to the smaller sequence."""
    by_age = sorted(lots, key=lambda lot: (lot.acquired_at, lot.sequence, lot.lot_ref))
    if method is LotMethod.FIFO:
        return by_age
    # `sorted` is stable, also with `reverse`: equal unit costs keep the order by age.
    return sorted(by_age, key=lambda lot: lot.cost_usd / lot.units, reverse=True)


def _take(ordered: list[LotState], units: int) -> list[tuple[LotState, int]]:
    taken: list[tuple[LotState, int]] = []
    left = units
    for lot in ordered:
        if left == 0:
            break
        part = min(lot.units, left)
        taken.append((lot, part))
        left -= part
    return taken


def _matched(
    taken: list[tuple[LotState, int]],
    units: int,
    proceeds_usd: Decimal,
    at: int,
    long_term_days: int,
) -> LotMatch:
    """Slices with their share of the proceeds: pro rata by units, the last part takes the rest
    (AC-3). When units are missing, they are that last part."""
    missing = units - sum(part for _, part in taken)
    left_usd = proceeds_usd
    left_by_lot: dict[str, LotState] = {}
    slices = []
    for index, (lot, part) in enumerate(taken):
        current = left_by_lot.get(lot.lot_ref, lot)
        cost_usd = _cost_of(current, part)
        left_by_lot[lot.lot_ref] = _reduced(current, part, cost_usd)
        final = missing == 0 and index == len(taken) - 1
        share_usd = left_usd if final else quantize_usd(proceeds_usd * part / units)
        left_usd -= share_usd
        slices.append(
            LotSlice(
                lot_ref=lot.lot_ref,
                units=part,
                cost_usd=cost_usd,
                proceeds_usd=share_usd,
                acquired_at=lot.acquired_at,
                long_term=at - lot.acquired_at > long_term_days * SECONDS_PER_DAY,
            )
        )
    return LotMatch(slices=tuple(slices), missing_units=missing, missing_proceeds_usd=left_usd)


def _cost_of(lot: LotState, units: int) -> Decimal:
    """AC-3: cost x u / U rounded to 8 decimals; what empties the lot takes all cost left."""
    if units == lot.units:
        return lot.cost_usd
    return quantize_usd(lot.cost_usd * units / lot.units)


def _reduced(lot: LotState, units: int, cost_usd: Decimal) -> LotState:
    return replace(lot, units=lot.units - units, cost_usd=lot.cost_usd - cost_usd)


def _checked(lots: tuple[LotState, ...], units: int) -> int:
    if units < 0:
        raise LotBookError(f"a disposal of {units} units")
    if len({lot.asset for lot in lots}) > 1:
        raise LotBookError("lots of several assets in one pool")
    if len({lot.lot_ref for lot in lots}) != len(lots):
        raise LotBookError("a lot appears twice in one pool")
    return units
