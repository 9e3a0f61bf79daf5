"""One disposal: which open lots it takes, and what each slice costs and earns (AC-1..AC-8).

All lots given belong to one pool (one holder and asset, AC-5): the caller chooses the pool. Costs
and proceeds are USD with 8 decimals; the slices of a lot add up to its cost exactly, the slices of
a disposal to its proceeds exactly. The methods are in `methods`. Not done: periods already closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from treasury.core.amounts import exact, quantize_usd
from treasury.core.journal import NewLot
from treasury.core.lots.methods.base import SECONDS_PER_DAY, Pick, Sale
from treasury.core.lots.methods.registry import METHODS
from treasury.core.policies import LotMethod, LotRules
from treasury.core.types import Address, LotSlice, LotState

NO_RULES = LotRules()


class LotBookError(ValueError):
    """The arguments contradict each other: negative units, two assets in one pool."""


class StaleLotsError(LotBookError):
    """A list of slices no longer fits the open lots: read them again."""


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


@dataclass(frozen=True, slots=True)
class GoneLot:
    """A lot that was frozen and has fewer units left than were chosen: another entry took them."""

    lot_ref: str
    chosen_units: int
    left_units: int


@dataclass(frozen=True, slots=True)
class FrozenMatch:
    """What `book_frozen` books, and what it could not."""

    match: LotMatch
    gone: tuple[GoneLot, ...]


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
    rules: LotRules = NO_RULES,
) -> LotMatch:
    """Lots for a disposal of `units` at time `at` (Unix seconds), by the method's order (AC-2).

    Only lots acquired at or before `at` are candidates. Too few lots do not fail: the rest comes
    back as `missing_units` (AC-6). `proceeds_usd` is quantised to 8 decimals before it is split.
    """
    proceeds_usd = quantize_usd(proceeds_usd)
    if _checked(lots, units) == 0:
        return LotMatch(slices=(), missing_units=0, missing_proceeds_usd=proceeds_usd)
    pool = _by_age(lot for lot in lots if lot.units > 0 and lot.acquired_at <= at)
    sale = Sale(units, Fraction(proceeds_usd) / units, at, long_term_days, rules)
    picks = METHODS[method].take(pool, sale)
    return _matched(picks, units, proceeds_usd, at, long_term_days)


def gone_lots(*, frozen: Iterable[LotSlice], units_left: Mapping[str, int]) -> tuple[GoneLot, ...]:
    """Frozen lots that would not be there now: who has not executed yet proposes again (AC-8)."""
    chosen: dict[str, int] = {}
    for item in frozen:
        chosen[item.lot_ref] = chosen.get(item.lot_ref, 0) + item.units
    return tuple(
        GoneLot(ref, units, units_left.get(ref, 0))
        for ref, units in chosen.items()
        if units_left.get(ref, 0) < units
    )


@exact
def book_frozen(
    *,
    lots: tuple[LotState, ...],
    frozen: tuple[LotSlice, ...],
    units: int,
    proceeds_usd: Decimal,
    at: int,
    long_term_days: int,
) -> FrozenMatch:
    """Books the lots chosen before signing, in their listed order (AC-8, DE-33).

    Fewer units than listed take the head of the list; more than listed come back as
    `missing_units`. A whole slice has the cost that was frozen, a part its share of what the lot
    has now. What another event took of a listed lot is missing too and named in `gone`: no other
    lot takes its place.
    """
    open_lots = {lot.lot_ref: lot for lot in lots if lot.acquired_at <= at}
    left = _checked(lots, units)
    picks: list[Pick] = []
    gone: list[GoneLot] = []
    for chosen in frozen:
        wanted = min(chosen.units, left)
        left -= wanted
        lot = open_lots.get(chosen.lot_ref)
        part = min(wanted, lot.units) if lot else 0
        if part < wanted:
            gone.append(GoneLot(chosen.lot_ref, wanted, part))
        if lot is not None and part > 0:
            cost_usd = _frozen_cost(lot, chosen, part)
            picks.append(Pick(lot, part, cost_usd))
            open_lots[lot.lot_ref] = _reduced(lot, part, cost_usd)
    match = _matched(picks, units, quantize_usd(proceeds_usd), at, long_term_days)
    return FrozenMatch(match, tuple(gone))


def at_cost(match: LotMatch) -> LotMatch:
    """The same slices, each with its own cost for proceeds: they move, nothing is gained (AC-5)."""
    return replace(match, slices=slices_at_cost(match.slices), missing_proceeds_usd=Decimal(0))


def slices_at_cost(slices: Iterable[LotSlice]) -> tuple[LotSlice, ...]:
    return tuple(replace(item, proceeds_usd=item.cost_usd) for item in slices)


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


def _by_age(lots: Iterable[LotState]) -> list[LotState]:
    return sorted(lots, key=lambda lot: (lot.acquired_at, lot.sequence, lot.lot_ref))


def _matched(
    picks: Sequence[Pick],
    units: int,
    proceeds_usd: Decimal,
    at: int,
    long_term_days: int,
) -> LotMatch:
    """Slices with their share of the proceeds: pro rata by units, the last part takes the rest
    (AC-3). When units are missing, they are that last part."""
    missing = units - sum(pick.units for pick in picks)
    left_usd = proceeds_usd
    slices = []
    for index, pick in enumerate(picks):
        cost_usd = _cost_of(pick.lot, pick.units) if pick.cost_usd is None else pick.cost_usd
        final = missing == 0 and index == len(picks) - 1
        share_usd = left_usd if final else quantize_usd(proceeds_usd * pick.units / units)
        left_usd -= share_usd
        slices.append(
            LotSlice(
                lot_ref=pick.lot.lot_ref,
                units=pick.units,
                cost_usd=cost_usd,
                proceeds_usd=share_usd,
                acquired_at=pick.lot.acquired_at,
                long_term=at - pick.lot.acquired_at > long_term_days * SECONDS_PER_DAY,
            )
        )
    return LotMatch(slices=tuple(slices), missing_units=missing, missing_proceeds_usd=left_usd)


def _cost_of(lot: LotState, units: int) -> Decimal:
    """AC-3: cost x u / U rounded to 8 decimals; what empties the lot takes all cost left."""
    if units == lot.units:
        return lot.cost_usd
    return quantize_usd(lot.cost_usd * units / lot.units)


def _frozen_cost(lot: LotState, chosen: LotSlice, units: int) -> Decimal:
    """The cost that was frozen, when the whole slice is booked and the lot still has it."""
    fits = chosen.cost_usd <= lot.cost_usd if units < lot.units else chosen.cost_usd == lot.cost_usd
    return chosen.cost_usd if units == chosen.units and fits else _cost_of(lot, units)


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
