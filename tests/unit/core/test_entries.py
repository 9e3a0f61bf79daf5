from __future__ import annotations

from decimal import Decimal

import pytest

from treasury.core import entries
from treasury.core.entries import EntryError, EntrySource, ValuedUnits
from treasury.core.journal import AccountKey, AccountKind, EntryDraft, EntryKind
from treasury.core.lots import LotMatch, at_cost, match_lots
from treasury.core.policies import LotMethod
from treasury.core.types import NATIVE, Address, LotState

ETH, USDC, VAULT, SAFE, OTHER, EXECUTOR = (Address("0x" + digit * 40) for digit in "123456")
NOW = 100 * 86_400
SOURCE = EntrySource("1:0xabc:7:KIND", NOW, "a fact", tx_hash="0xabc", block_number=9, log_index=7)
ETHER = 10**18


def lots(asset: Address, *rows: tuple[int, str]) -> tuple[LotState, ...]:
    return tuple(
        LotState(f"lot-{index}", asset, units, Decimal(cost), index * 86_400, index)
        for index, (units, cost) in enumerate(rows)
    )


def sold(pool: tuple[LotState, ...], units: int, proceeds: Decimal) -> LotMatch:
    return match_lots(
        lots=pool,
        units=units,
        proceeds_usd=proceeds,
        method=LotMethod.FIFO,
        at=NOW,
        long_term_days=365,
    )


def moved(pool: tuple[LotState, ...], units: int) -> LotMatch:
    return at_cost(sold(pool, units, Decimal(0)))


def valued(asset: Address, units: int, price: str | None, decimals: int = 18) -> ValuedUnits:
    return ValuedUnits(asset, decimals, units, None if price is None else Decimal(price))


def amounts(entry: EntryDraft) -> dict[AccountKey, Decimal]:
    return {posting.account: posting.amount_usd for posting in entry.postings}


def account(kind: AccountKind) -> AccountKey:
    return AccountKey(kind)


def safe(asset: Address, holder: Address = SAFE) -> AccountKey:
    return AccountKey(AccountKind.DIGITAL_ASSET, holder, asset)


ETH_LOTS = lots(ETH, (5 * ETHER, "10000"), (5 * ETHER, "12500"))


def test_swap__vector_of_ac_14__eth_for_usdc() -> None:
    paid, got = valued(ETH, 6 * ETHER, "3500"), valued(USDC, 20_940 * 10**6, "1", 6)
    entry = entries.swap(
        source=SOURCE,
        holder=SAFE,
        sold=paid,
        bought=got,
        disposal=sold(ETH_LOTS, 6 * ETHER, Decimal(21_000)),
    )
    assert entry.kind is EntryKind.SWAP
    assert amounts(entry) == {
        safe(USDC): 20_940,
        account(AccountKind.EXPENSE_SWAP_COSTS): 60,
        safe(ETH): -12_500,
        account(AccountKind.INCOME_REALISED_GAINS): -8500,
    }
    assert [posting.units for posting in entry.postings] == [20_940 * 10**6, None, -6 * ETHER, None]
    assert entry.opened[0].cost_usd == 20_940
    assert entry.opened[0].lot_ref == entry.external_ref
    assert sum(item.units for item in entry.disposed[0].slices) == 6 * ETHER
    assert (entry.tx_hash, entry.block_number, entry.log_index) == ("0xabc", 9, 7)


def test_swap__sold_below_cost__loss_is_an_expense() -> None:
    entry = entries.swap(
        source=SOURCE,
        holder=SAFE,
        sold=valued(ETH, 5 * ETHER, "1000"),
        bought=valued(USDC, 5000 * 10**6, "1", 6),
        disposal=sold(ETH_LOTS, 5 * ETHER, Decimal(5000)),
    )
    assert amounts(entry)[account(AccountKind.EXPENSE_REALISED_LOSSES)] == 5000
    assert account(AccountKind.EXPENSE_SWAP_COSTS) not in amounts(entry)


def test_swap__more_than_fair_value_bought__swap_costs_are_a_credit() -> None:
    entry = entries.swap(
        source=SOURCE,
        holder=SAFE,
        sold=valued(ETH, 5 * ETHER, "2000"),
        bought=valued(USDC, 10_001 * 10**6, "1", 6),
        disposal=sold(ETH_LOTS, 5 * ETHER, Decimal(10_000)),
    )
    assert amounts(entry)[account(AccountKind.EXPENSE_SWAP_COSTS)] == -1


def test_swap__too_few_lots__flagged_and_gain_at_cost_0() -> None:
    """AC-6."""
    entry = entries.swap(
        source=SOURCE,
        holder=SAFE,
        sold=valued(ETH, 10 * ETHER, "2000"),
        bought=valued(USDC, 20_000 * 10**6, "1", 6),
        disposal=sold(ETH_LOTS[:1], 10 * ETHER, Decimal(20_000)),
    )
    assert entry.cost_basis_incomplete
    assert amounts(entry)[account(AccountKind.INCOME_REALISED_GAINS)] == -10_000


@pytest.mark.parametrize(("units", "proceeds"), [(5 * ETHER, "21000"), (6 * ETHER, "20999")])
def test_swap__lots_of_another_fact__refused(units: int, proceeds: str) -> None:
    with pytest.raises(EntryError, match="lots were matched"):
        entries.swap(
            source=SOURCE,
            holder=SAFE,
            sold=valued(ETH, 6 * ETHER, "3500"),
            bought=valued(USDC, 20_940 * 10**6, "1", 6),
            disposal=sold(ETH_LOTS, units, Decimal(proceeds)),
        )


@pytest.mark.parametrize(
    ("failed", "kind", "expense"),
    [
        (False, EntryKind.GAS, AccountKind.EXPENSE_GAS),
        (True, EntryKind.GAS_FAILED, AccountKind.EXPENSE_GAS_FAILED),
    ],
)
def test_gas__vector_of_ac_15_and_ac_16__from_the_tank(
    failed: bool, kind: EntryKind, expense: AccountKind
) -> None:
    tank = AccountKey(AccountKind.GAS_TANK, EXECUTOR, NATIVE)
    entry = entries.gas(
        source=SOURCE,
        executor=EXECUTOR,
        spent=valued(NATIVE, 4 * 10**15, "3500"),
        disposal=sold(lots(NATIVE, (ETHER, "2500")), 4 * 10**15, Decimal(14)),
        failed=failed,
    )
    assert entry.kind is kind
    assert amounts(entry) == {
        account(expense): 14,
        tank: -10,
        account(AccountKind.INCOME_REALISED_GAINS): -4,
    }
    assert (entry.disposed[0].holder, entry.disposed[0].asset) == (EXECUTOR, NATIVE)


def test_gas__in_another_asset__refused() -> None:
    with pytest.raises(EntryError):
        entries.gas(
            source=SOURCE,
            executor=EXECUTOR,
            spent=valued(ETH, 1, "1"),
            disposal=LotMatch((), 1),
        )


def test_opening__historic_lot__against_equity() -> None:
    entry = entries.opening(
        source=SOURCE, holder=SAFE, asset=ETH, units=5, cost_usd=Decimal(10), acquired_at=3
    )
    assert amounts(entry) == {safe(ETH): 10, account(AccountKind.EQUITY_OPENING): -10}
    assert (entry.opened[0].acquired_at, entry.occurred_at) == (3, NOW)


def test_opening__cost_0__line_with_units_stays() -> None:
    entry = entries.opening(
        source=SOURCE, holder=SAFE, asset=ETH, units=5, cost_usd=Decimal(0), acquired_at=3
    )
    assert [(posting.account, posting.units) for posting in entry.postings] == [(safe(ETH), 5)]


def test_deposit__vault__cost_and_dates_carried_no_gain() -> None:
    """AC-18a, AC-23."""
    entry = entries.deposit(
        source=SOURCE,
        holder=SAFE,
        given_asset=ETH,
        given_units=6 * ETHER,
        share_asset=VAULT,
        share_units=3 * ETHER,
        disposal=moved(ETH_LOTS, 6 * ETHER),
    )
    assert amounts(entry) == {safe(VAULT): 12_500, safe(ETH): -12_500}
    assert [(item.units, item.cost_usd, item.acquired_at) for item in entry.opened] == [
        (25 * ETHER // 10, Decimal(10_000), 0),
        (5 * ETHER // 10, Decimal(2500), 86_400),
    ]


def withdrawn(received: int, principal: int, price: str = "1.01") -> EntryDraft:
    return entries.withdrawal(
        source=SOURCE,
        holder=SAFE,
        share_asset=VAULT,
        share_units=900,
        received=valued(USDC, received, price, 0),
        principal_units=principal,
        disposal=moved(lots(VAULT, (900, "1000")), 900),
    )


def test_withdrawal__with_yield__principal_at_cost_and_yield_as_income() -> None:
    """AC-23: 1000 came back as 1010; 10 at 1.01 are income and a lot of today."""
    entry = withdrawn(1010, 1000)
    assert entry.kind is EntryKind.WITHDRAWAL
    assert [(item.account, item.amount_usd, item.units) for item in entry.postings] == [
        (safe(VAULT), -1000, -900),
        (safe(USDC), 1000, 1000),
        (safe(USDC), Decimal("10.1"), 10),
        (account(AccountKind.INCOME_YIELD), Decimal("-10.1"), None),
    ]
    assert [(item.units, item.cost_usd, item.acquired_at) for item in entry.opened] == [
        (1000, Decimal(1000), 0),
        (10, Decimal("10.1"), NOW),
    ]
    assert len({item.lot_ref for item in entry.opened}) == 2


def test_withdrawal__less_than_the_principal__all_cost_no_income() -> None:
    entry = withdrawn(990, 1000)
    assert amounts(entry) == {safe(VAULT): -1000, safe(USDC): 1000}
    assert entry.opened[0].units == 990


def test_withdrawal__cost_without_principal__refused() -> None:
    with pytest.raises(EntryError, match="principal"):
        withdrawn(990, 0)


def test_vault_principal_units__part_and_all__rounds_up_and_leaves_nothing() -> None:
    principal = entries.vault_principal_units
    assert principal(burned_shares=1, held_shares=3, deposited_units=10) == 4
    assert principal(burned_shares=3, held_shares=3, deposited_units=10) == 10
    with pytest.raises(EntryError):
        principal(burned_shares=4, held_shares=3, deposited_units=10)


def test_transfer__to_another_safe__lots_travel() -> None:
    """AC-22."""
    entry = entries.transfer(
        source=SOURCE,
        origin=safe(ETH),
        destination=safe(ETH, OTHER),
        units=6 * ETHER,
        disposal=moved(ETH_LOTS, 6 * ETHER),
    )
    assert amounts(entry) == {safe(ETH, OTHER): 12_500, safe(ETH): -12_500}
    assert [(item.holder, item.acquired_at) for item in entry.opened] == [
        (OTHER, 0),
        (OTHER, 86_400),
    ]


def test_transfer__to_the_gas_tank__same_asset() -> None:
    tank = AccountKey(AccountKind.GAS_TANK, EXECUTOR, NATIVE)
    pool = lots(NATIVE, (ETHER, "2000"))
    entry = entries.transfer(
        source=SOURCE,
        origin=safe(NATIVE),
        destination=tank,
        units=ETHER,
        disposal=moved(pool, ETHER),
    )
    assert amounts(entry)[tank] == 2000


@pytest.mark.parametrize("destination", [safe(USDC, OTHER), safe(ETH)])
def test_transfer__other_asset_or_same_account__refused(destination: AccountKey) -> None:
    with pytest.raises(EntryError):
        entries.transfer(
            source=SOURCE,
            origin=safe(ETH),
            destination=destination,
            units=1,
            disposal=moved(ETH_LOTS, 1),
        )


def test_inflow_and_yield__at_fair_value__against_their_source() -> None:
    """AC-24, AC-17."""
    received = valued(ETH, ETHER, "2000")
    inflow = entries.inflow(source=SOURCE, holder=SAFE, received=received)
    reward = entries.yield_income(source=SOURCE, holder=SAFE, received=received)
    assert amounts(inflow)[account(AccountKind.EQUITY_CONTRIBUTIONS)] == -2000
    assert amounts(reward)[account(AccountKind.INCOME_YIELD)] == -2000
    assert reward.kind is EntryKind.YIELD
    assert inflow.opened[0].cost_usd == 2000


def test_inflow__without_price__refused() -> None:
    with pytest.raises(EntryError, match="no price"):
        entries.inflow(source=SOURCE, holder=SAFE, received=valued(ETH, 1, None))


def test_outflow__payment__fair_value_with_gain() -> None:
    """AC-24."""
    entry = entries.outflow(
        source=SOURCE,
        holder=SAFE,
        paid=valued(ETH, 5 * ETHER, "3000"),
        disposal=sold(ETH_LOTS, 5 * ETHER, Decimal(15_000)),
    )
    assert amounts(entry) == {
        account(AccountKind.EQUITY_CONTRIBUTIONS): 15_000,
        safe(ETH): -10_000,
        account(AccountKind.INCOME_REALISED_GAINS): -5000,
    }


def test_suspense_in__without_price__at_0_and_incomplete() -> None:
    """AC-26, AC-6."""
    entry = entries.suspense_in(source=SOURCE, account=safe(ETH), received=valued(ETH, 7, None))
    assert entry.cost_basis_incomplete
    assert (entry.opened[0].units, entry.opened[0].cost_usd) == (7, Decimal(0))


def test_suspense_in__account_of_another_asset__refused() -> None:
    with pytest.raises(EntryError):
        entries.suspense_in(source=SOURCE, account=safe(USDC), received=valued(ETH, 7, "1"))


def test_suspense_out__unexplained__at_cost_without_gain() -> None:
    entry = entries.suspense_out(
        source=SOURCE, account=safe(ETH), units=5 * ETHER, disposal=moved(ETH_LOTS, 5 * ETHER)
    )
    assert amounts(entry) == {account(AccountKind.SUSPENSE): 10_000, safe(ETH): -10_000}


def test_entry__no_units__refused() -> None:
    with pytest.raises(EntryError, match="no units"):
        entries.inflow(source=SOURCE, holder=SAFE, received=valued(ETH, 0, "1"))
