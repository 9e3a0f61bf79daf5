"""What a reconciled execution means in the books: one entry per leg and one for the gas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from execution.core.types import ExecutionPlan, FillFact, Leg, LegKind, Receipt
from execution.selectors.treasuries import TreasuryView
from treasury.core import entries
from treasury.core.decisions import DecisionInputs
from treasury.core.entries import EntrySource, ValuedUnits
from treasury.core.journal import AccountKey, AccountKind, EntryDraft, EntryKind
from treasury.core.lots import GoneLot, LotMatch, apply_slices, at_cost, book_frozen, match_lots
from treasury.core.policies import LotMethod
from treasury.core.types import NATIVE, Address, LotSlice, LotState
from treasury.selectors.lots import open_lots

NATIVE_DECIMALS = 18
KINDS = {
    LegKind.SWAP: EntryKind.SWAP,
    LegKind.DEPOSIT: EntryKind.DEPOSIT,
    LegKind.WITHDRAW: EntryKind.WITHDRAWAL,
    LegKind.TRANSFER: EntryKind.TRANSFER,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that entries are made of. `prices` are USD per whole token at the receipt's block."""

    view: TreasuryView
    inputs: DecisionInputs
    plan: ExecutionPlan
    receipt: Receipt
    fills: Mapping[int, FillFact]
    prices: Mapping[Address, Decimal]


class LotPools:
    """Open lots of this execution, reduced leg by leg so that two legs never take one lot twice.
    Read under the lock of the books.

    A leg books the lots that were frozen in it before anybody signed (AC-8), then what an earlier
    leg of this execution brought. There is no other choice: frozen lots that another entry took
    are `gone`, and their units have no cost basis. Gas is no decision, so its lots are matched now.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._pools: dict[tuple[Address, Address], tuple[LotState, ...]] = {}
        self._opened_here: set[str] = set()
        self.gone: list[tuple[Leg, GoneLot]] = []

    def sold(self, leg: Leg, units: int, proceeds_usd: Decimal) -> LotMatch:
        key = (leg.safe, leg.sell)
        pool = self._pool(*key)
        brought = tuple(_whole(lot) for lot in pool if lot.lot_ref in self._opened_here)
        booked = book_frozen(
            lots=pool,
            frozen=(*leg.lots, *brought),
            units=units,
            proceeds_usd=proceeds_usd,
            at=self._facts.receipt.block.timestamp,
            long_term_days=self._facts.inputs.policy.long_term_days,
        )
        self.gone += [(leg, gone) for gone in booked.gone]
        return self._taken(key, booked.match)

    def moved(self, leg: Leg, units: int) -> LotMatch:
        return at_cost(self.sold(leg, units, Decimal(0)))

    def burnt(self, wei: int, value_usd: Decimal) -> LotMatch:
        """Gas, out of the executor's tank."""
        policy, key = self._facts.inputs.policy, (self._facts.view.executor, NATIVE)
        named = policy.lot_method is LotMethod.SPECIFIC  # lots of the tier's Safe, not of the tank
        match = match_lots(
            lots=self._pool(*key),
            units=wei,
            proceeds_usd=value_usd,
            method=LotMethod.FIFO if named else policy.lot_method,
            at=self._facts.receipt.block.timestamp,
            long_term_days=policy.long_term_days,
            rules=policy.lots,
        )
        return self._taken(key, match)

    def opened(self, draft: EntryDraft) -> None:
        """A later leg may sell what an earlier one has bought."""
        for lot in draft.opened:
            key = (lot.holder, lot.asset)
            state = LotState(
                lot_ref=lot.lot_ref,
                asset=lot.asset,
                units=lot.units,
                cost_usd=lot.cost_usd,
                acquired_at=lot.acquired_at,
                sequence=2**62,  # given when it is posted: after all that exist
            )
            self._pools[key] = (*self._pool(*key), state)
            self._opened_here.add(lot.lot_ref)

    def _pool(self, holder: Address, asset: Address) -> tuple[LotState, ...]:
        if (holder, asset) not in self._pools:
            self._pools[holder, asset] = open_lots(
                treasury_id=self._facts.view.id, holder=holder, asset=asset
            )
        return self._pools[holder, asset]

    def _taken(self, key: tuple[Address, Address], match: LotMatch) -> LotMatch:
        self._pools[key] = apply_slices(lots=self._pool(*key), slices=match.slices)
        return match


def _whole(lot: LotState) -> LotSlice:
    """All that is left of a lot, as a choice."""
    return LotSlice(lot.lot_ref, lot.units, lot.cost_usd, Decimal(0), lot.acquired_at, False)


def leg_entries(facts: Facts, pools: LotPools) -> list[EntryDraft]:
    drafts = []
    for leg in facts.plan.legs:
        if leg.index in facts.fills:
            draft = _leg_entry(facts, pools, leg, facts.fills[leg.index])
            pools.opened(draft)
            drafts.append(draft)
    return drafts


def gas_entry(facts: Facts, pools: LotPools, *, failed: bool) -> list[EntryDraft]:
    """From the executor's tank. Nothing when somebody else sent the transaction: he paid."""
    receipt = facts.receipt
    if receipt.sender != facts.view.executor or NATIVE not in facts.view.assets:
        return []
    wei = receipt.gas_used * receipt.effective_gas_price_wei
    spent = ValuedUnits(NATIVE, NATIVE_DECIMALS, wei, facts.prices.get(NATIVE))
    disposal = pools.burnt(wei, spent.fair_value_usd)
    kind = EntryKind.GAS_FAILED if failed else EntryKind.GAS
    return [
        entries.gas(
            source=_source(facts, kind, None, f"Gas of {receipt.tx_hash}"),
            executor=facts.view.executor,
            spent=spent,
            disposal=disposal,
            failed=failed,
        )
    ]


def gas_usd(facts: Facts) -> Decimal:
    """Value of the gas, whoever paid it."""
    wei = facts.receipt.gas_used * facts.receipt.effective_gas_price_wei
    return ValuedUnits(NATIVE, NATIVE_DECIMALS, wei, facts.prices.get(NATIVE)).fair_value_usd


def valued(facts: Facts, asset: Address, units: int) -> ValuedUnits:
    decimals = facts.view.assets[asset].decimals
    return ValuedUnits(asset, decimals, units, facts.prices.get(asset))


def _leg_entry(facts: Facts, pools: LotPools, leg: Leg, fill: FillFact) -> EntryDraft:
    source = _source(
        facts, KINDS[leg.kind], fill.log_index, f"{leg.kind} on {leg.venue}, leg {leg.index}"
    )
    if leg.kind is LegKind.SWAP:
        sold = valued(facts, leg.sell, fill.sell_units)
        return entries.swap(
            source=source,
            holder=leg.safe,
            sold=sold,
            bought=valued(facts, leg.buy, fill.buy_units),
            disposal=pools.sold(leg, fill.sell_units, sold.fair_value_usd),
        )
    if leg.kind is LegKind.DEPOSIT:
        return entries.deposit(
            source=source,
            holder=leg.safe,
            given_asset=leg.sell,
            given_units=fill.sell_units,
            share_asset=leg.buy,
            share_units=fill.buy_units,
            disposal=pools.moved(leg, fill.sell_units),
        )
    if leg.kind is LegKind.WITHDRAW:
        return _withdrawal(facts, pools, leg, fill, source)
    return entries.transfer(
        source=source,
        origin=AccountKey(AccountKind.DIGITAL_ASSET, leg.safe, leg.sell),
        destination=AccountKey(AccountKind.DIGITAL_ASSET, leg.recipient, leg.buy),
        units=fill.sell_units,
        disposal=pools.moved(leg, fill.sell_units),
    )


def _withdrawal(
    facts: Facts, pools: LotPools, leg: Leg, fill: FillFact, source: EntrySource
) -> EntryDraft:
    """Principal is what the burned shares' cost bought when it was paid: each slice's cost over the
    asset's price on its date. What comes back above it is yield."""
    disposal = pools.moved(leg, fill.sell_units)
    received = valued(facts, leg.buy, fill.buy_units)
    return entries.withdrawal(
        source=source,
        holder=leg.safe,
        share_asset=leg.sell,
        share_units=fill.sell_units,
        received=received,
        principal_units=_principal_units(facts, received, disposal),
        disposal=disposal,
    )


def _principal_units(facts: Facts, received: ValuedUnits, disposal: LotMatch) -> int:
    rows = facts.view.assets[received.asset].prices.filter(price_usd__isnull=False)
    total = Decimal(0)
    for item in disposal.slices:
        then = rows.filter(block_timestamp__lte=item.acquired_at).order_by("-block_timestamp")
        row = then.first()
        price = (row.price_usd if row is not None else None) or received.price_usd
        if price:
            total += item.cost_usd.scaleb(received.decimals) / price
    return min(int(total.to_integral_value(rounding=ROUND_CEILING)), received.units)


def _source(facts: Facts, kind: EntryKind, log_index: int | None, description: str) -> EntrySource:
    receipt = facts.receipt
    place = "tx" if log_index is None else str(log_index)
    return EntrySource(
        external_ref=f"{facts.plan.chain_id}:{receipt.tx_hash}:{place}:{kind}",
        occurred_at=receipt.block.timestamp,
        description=description,
        tx_hash=receipt.tx_hash,
        block_number=receipt.block.number,
        log_index=log_index,
    )
