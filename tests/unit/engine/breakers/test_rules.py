"""Breakers beyond the first five: vectors, what too little data says, and what holds for any
input."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.breakers.tier_facts import NOW, facts, halt_rules, read, series
from tests.unit.engine.tiers import A
from treasury.core.decisions import PriceGap
from treasury.engine.breakers import (
    TIER_BREAKERS,
    TREASURY_BREAKERS,
    Ends,
    Memory,
    Standing,
    ends,
    is_armed,
    is_due,
    may_end,
    remember,
    source_disagreement,
)
from treasury.engine.breakers.facts import (
    ContractFact,
    DepthProbe,
    GasHistory,
    PegSamples,
    Spend,
    TreasuryFacts,
    WitnessFact,
)
from treasury.engine.breakers.families.base import standing_of
from treasury.engine.breakers.families.executions import bucket_usd
from treasury.engine.breakers.families.market import (
    basket,
    decayed_variance,
    log_returns,
    per_year_bps,
)

DAY = 86_400
STANDINGS = st.sampled_from(list(Standing))


# ------------------------------------------------------------------------------------ vectors
def test_volatility__decayed__as_the_vector() -> None:
    """DE-34."""
    found = decayed_variance(
        start=Decimal("0.0004"), returns=[Decimal("0.01"), Decimal("-0.03"), Decimal("0.02")]
    )
    assert found == Decimal("0.0004122952")
    assert round(per_year_bps(variance=found, step_seconds=DAY)) == 3_879


def test_slippage_budget__leaky_bucket__as_the_vector() -> None:
    """DE-24: budget 100 in 7 days; 40, 30, 50 at days 0, 1, 3."""
    spends = [Spend(day * DAY, Decimal(usd)) for day, usd in ((0, 40), (1, 30), (3, 50))]
    levels = [
        round(bucket_usd(spends, budget_usd=Decimal(100), window_seconds=7 * DAY, now=at * DAY), 3)
        for at in (0, 1, 3)
    ]
    assert levels == [Decimal(40), Decimal("55.714"), Decimal("77.143")]


def test_depeg__usdc_in_march_2023__halts_though_the_sources_agree_within_ten_percent() -> None:
    """DE-36 beside DE-39."""
    agreed = source_disagreement(
        scope="core",
        asset="USDC",
        prices_usd=(Decimal("0.9707"), Decimal(1)),
        max_deviation_bps=1_000,
    )
    assert not agreed.tripped
    samples = PegSamples("USDC", "USD", Decimal(1), (Decimal("0.9707"), Decimal("0.9712")))
    reading = read("DEPEG", halt_rules(depeg_bps=200), pegs=(samples,))
    assert reading is not None
    assert (reading.standing, reading.value) == (Standing.OVER, "293 bps")


@pytest.mark.parametrize(
    ("prices", "standing"),
    [
        (("0.99", "0.99"), Standing.CLEAN),
        (("0.985", "0.985"), Standing.BETWEEN),
        (("0.97", "0.99"), Standing.BETWEEN),  # one odd sample
        (("0.97", "0.97"), Standing.OVER),
        (("1.03", "1.03"), Standing.OVER),
        (("0.97",), Standing.UNKNOWN),
    ],
)
def test_depeg__samples__one_warns_two_halt(prices: tuple[str, ...], standing: Standing) -> None:
    samples = PegSamples("DAI", "USD", Decimal(1), tuple(map(Decimal, prices)))
    reading = read("DEPEG", halt_rules(depeg_bps=200), pegs=(samples,))
    assert reading is not None
    assert reading.standing is standing


def test_depeg__a_currency_nobody_prices__is_never_assumed() -> None:
    samples = PegSamples("EURC", "EUR", None, (Decimal(1), Decimal(1)))
    reading = read("DEPEG", halt_rules(depeg_bps=200), pegs=(samples,))
    assert reading is not None
    assert reading.standing is Standing.UNKNOWN
    assert "EUR" in reading.reason


# ------------------------------------------------------------------------------------ little data
def test_gas_spike__eleven_snapshots__says_so_and_does_not_trip() -> None:
    rules = halt_rules(gas_median_percent=300)
    few = read("GAS_SPIKE", rules, base_fee_wei=10**6, gas=GasHistory(1, 11, DAY))
    assert few is not None
    assert (few.standing, few.reason) == (
        Standing.UNKNOWN,
        "11 of 12 snapshots for a median",
    )
    enough = read("GAS_SPIKE", rules, base_fee_wei=10**6, gas=GasHistory(1, 12, DAY))
    assert enough is not None
    assert enough.tripped


def test_volatility__a_step_without_a_price__gives_no_return() -> None:
    with_gap = ((0, Decimal(1)), (1, Decimal(2)), (3, Decimal(1)), (4, Decimal(2)))
    assert len(log_returns(with_gap)) == 2
    reading = read("VOLATILITY", halt_rules(max_volatility_bps=1), series=(series("1", "2"),))
    assert reading is not None
    assert "1 of 30 returns" in reading.reason
    assert reading.standing is Standing.UNKNOWN


def test_basket__only_steps_at_which_everything_held_has_a_price() -> None:
    one = series("1", "2", "3")
    other = series("10", "20", first=1)
    sold = replace(series("9", first=2), units=0)
    assert basket((one, other, sold)) == ((1, Decimal(12)), (2, Decimal(23)))
    assert basket((sold,)) == ()


def test_drawdown__two_people_looked_at_the_fall__is_counted_anew() -> None:
    rules = halt_rules(max_drawdown_bps=500)
    fall = (series("100", "80", "80", first=28),)
    assert read("DRAWDOWN", rules, series=fall).tripped  # type: ignore[union-attr]
    seen = read("DRAWDOWN", rules, series=fall, fall_seen_at=NOW - DAY)
    assert seen is not None
    assert (seen.standing, seen.value) == (Standing.CLEAN, "0 bps")


def test_liquidity__no_market_at_all__is_over_any_limit() -> None:
    probe = DepthProbe("a>b", Decimal(1_000), None)
    reading = read("LIQUIDITY", halt_rules(max_depth_loss_bps=9_999), depth=(probe,))
    assert reading is not None
    assert (reading.tripped, reading.value) == (True, "no market takes it")


def test_code__paused_or_changed__one_reading_whose_value_names_what_was_found() -> None:
    rules = halt_rules(watch_code=True)
    sound = ContractFact("USDC", "0xa", (), is_paused=False)
    changed = ContractFact("DAI", "0xd", ("code is 0x2, pinned 0x1",), is_paused=False)
    paused = ContractFact("WETH", "0xe", (), is_paused=True)
    clean = read("CODE_CHANGED", rules, contracts=(sound,))
    one = read("CODE_CHANGED", rules, contracts=(sound, changed))
    both = read("CODE_CHANGED", rules, contracts=(sound, changed, paused))
    assert clean is not None
    assert one is not None
    assert both is not None
    assert (clean.tripped, one.tripped, both.tripped) == (False, True, True)
    assert one.value != both.value
    assert "it is paused" in both.reason


@pytest.mark.parametrize(
    ("witnesses", "standing"),
    [
        ((), Standing.UNKNOWN),
        ((WitnessFact("b", (), "no answer"),), Standing.UNKNOWN),
        ((WitnessFact("b", (), ""),), Standing.CLEAN),
        ((WitnessFact("b", (), ""), WitnessFact("c", ("block 7 is 0x1",), "")), Standing.OVER),
    ],
)
def test_providers__any_difference__counts(
    witnesses: tuple[WitnessFact, ...], standing: Standing
) -> None:
    read_all = TREASURY_BREAKERS["RPC_DISAGREEMENT"].read
    readings = read_all(TreasuryFacts("treasury", witnesses))
    assert max(list(Standing).index(reading.standing) for reading in readings) == list(
        Standing
    ).index(standing)


def test_no_evaluation__before_the_first__counts_from_the_policy() -> None:
    rules = halt_rules(max_silence_seconds=60)
    late = read("NO_EVALUATION", rules, evaluated_at=None, policy_since=NOW - 61)
    assert late is not None
    assert (late.tripped, late.value) == (True, "61 s")


def test_rules__as_before__switch_on_the_first_five_only() -> None:
    on = {
        key
        for key, breaker in TIER_BREAKERS.items()
        if breaker.read(facts(halt_rules(), answers=(("A", (Decimal(1), Decimal(1))),)))
    }
    assert on == {"NO_PRICE", "SOURCE_DISAGREEMENT", "GAS", "FAILURE_STREAK", "NAV_JUMP"}
    assert ends("MANUAL") is Ends.LOOKED_AT


@pytest.mark.parametrize(
    ("breaker", "rules"),
    [
        ("NAV_JUMP", {}),
        ("SOURCE_DISAGREEMENT", {}),
        ("SLIPPAGE_BUDGET", {"slippage_budget_bps": 1}),
        ("LIQUIDITY", {"max_depth_loss_bps": 1}),
    ],
)
def test_breaker__an_asset_without_a_price__is_not_known_and_goes_on_holding(
    breaker: str, rules: dict[str, int]
) -> None:
    gaps = (PriceGap(A, "0 usable sources"),)
    agreeing = (("B", (Decimal(1), Decimal(1))),)
    reading = read(breaker, halt_rules(**rules), gaps=gaps, answers=agreeing)
    assert reading is not None
    assert reading.standing is Standing.UNKNOWN
    assert "0 usable sources" in reading.reason
    armed = remember(None, standing=Standing.OVER, now=1)
    assert is_armed(remember(armed, standing=reading.standing, now=2))


def test_sources__no_majority__over_though_there_is_no_price() -> None:
    torn = (("A", (Decimal(1), Decimal(2))),)
    gaps = (PriceGap(A, "1 usable sources, 2 needed"),)
    reading = read("SOURCE_DISAGREEMENT", halt_rules(), gaps=gaps, answers=torn)
    assert reading is not None
    assert reading.tripped


# ------------------------------------------------------------------------------------ properties
USD = st.decimals(min_value=0, max_value=10**9, places=4)


@given(one=USD, more=USD, limit=USD, reset_bps=st.integers(1, 9_999))
def test_standing__a_worse_value__never_stands_better(
    one: Decimal, more: Decimal, limit: Decimal, reset_bps: int
) -> None:
    order = [Standing.CLEAN, Standing.BETWEEN, Standing.OVER]
    reset = limit * reset_bps / 10_000
    first, second = (
        standing_of(value=value, limit=limit, reset=reset) for value in (one, one + more)
    )
    assert order.index(second) >= order.index(first)


@given(
    prices=st.lists(st.decimals(min_value="0.01", max_value=100, places=4), min_size=2, max_size=6),
    wider=st.decimals(min_value=0, max_value=100, places=4),
)
def test_depeg__further_from_the_peg__never_stands_better(
    prices: list[Decimal], wider: Decimal
) -> None:
    order = [Standing.CLEAN, Standing.BETWEEN, Standing.OVER]
    further = [price + wider if price >= 1 else price for price in prices]
    stands = []
    for told in (prices, further):
        samples = PegSamples("DAI", "USD", Decimal(1), tuple(told))
        reading = read("DEPEG", halt_rules(depeg_bps=200), pegs=(samples,))
        assert reading is not None
        stands.append(order.index(reading.standing))
    assert stands[1] >= stands[0]


@given(standings=st.lists(STANDINGS, max_size=30))
def test_memory__armed__only_a_clean_reading_disarms(standings: list[Standing]) -> None:
    memory: Memory | None = None
    armed = False
    for number, standing in enumerate(standings):
        memory = remember(memory, standing=standing, now=number)
        armed = standing is Standing.OVER or (armed and standing is not Standing.CLEAN)
        assert is_armed(memory) is armed
        assert not (memory.over_since is not None and memory.clean_since is not None)


@given(
    between=st.lists(st.sampled_from([Standing.BETWEEN, Standing.UNKNOWN]), max_size=20),
    first=STANDINGS,
)
def test_memory__swinging_between_reset_and_limit__never_flaps(
    between: list[Standing], first: Standing
) -> None:
    memory = remember(None, standing=first, now=0)
    armed = is_armed(memory)
    for number, standing in enumerate(between, 1):
        memory = remember(memory, standing=standing, now=number)
        assert is_armed(memory) is armed


@given(
    before=st.lists(STANDINGS, max_size=10),
    patience=st.integers(0, 10),
    wait=st.integers(0, 10),
)
def test_memory__a_worse_reading__never_untrips(
    before: list[Standing], patience: int, wait: int
) -> None:
    memory: Memory | None = None
    for number, standing in enumerate(before):
        memory = remember(memory, standing=standing, now=number)
    at = len(before) + wait
    over = remember(memory, standing=Standing.OVER, now=at)
    for standing in Standing:
        milder = remember(memory, standing=standing, now=at)
        assert is_due(over, patience_seconds=patience) >= is_due(milder, patience_seconds=patience)
        assert may_end(over, min_clean_seconds=0) is False


@given(clean=st.integers(0, 100), needed=st.integers(0, 100))
def test_memory__clean__is_offered_only_after_the_minimum_time(clean: int, needed: int) -> None:
    memory = remember(None, standing=Standing.OVER, now=0)
    memory = remember(memory, standing=Standing.CLEAN, now=10)
    memory = remember(memory, standing=Standing.CLEAN, now=10 + clean)
    assert may_end(memory, min_clean_seconds=needed) is (clean >= needed)
    swung = remember(memory, standing=Standing.BETWEEN, now=200)
    assert not may_end(remember(swung, standing=Standing.CLEAN, now=201), min_clean_seconds=2)


def test_memory__a_look_at_an_earlier_block__changes_nothing() -> None:
    memory = remember(None, standing=Standing.OVER, now=10)
    assert remember(memory, standing=Standing.CLEAN, now=9) == memory
