"""T3, T7: the numbers of each event, at its limit and beside it."""

from __future__ import annotations

import statistics
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import NOW, A, B, C
from tests.unit.engine.triggers.sights import DAY, HOUR, RULE, TOPIC, holding, look, series, told
from treasury.core.decisions import TriggerState
from treasury.core.triggering.observed import (
    EarlierHoldings,
    EarlierUnits,
    Observed,
    Peg,
    Point,
    SeenLog,
    Upgrade,
)
from treasury.core.triggering.rules import (
    CalendarRule,
    EventRules,
    WatchedContract,
    YieldRule,
)
from treasury.core.types import GasPrice, PairCost
from treasury.engine.triggers import Evaluated
from treasury.engine.triggers.market.volatility import realised_volatility
from treasury.engine.triggers.market.yield_spread import apy

MOVE = replace(RULE, events=EventRules(price_move_bps=500, price_move_seconds=DAY))


@pytest.mark.parametrize(
    ("price", "fired"), [("105", False), ("105.01", True), ("95", False), ("94.99", True)]
)
def test_price_move__at_the_limit__fires_beyond(price: str, fired: bool) -> None:
    """DE-37."""
    found = look(
        rule=MOVE,
        observed=Observed(prices=(series(A, (HOUR, "100")),)),
        holdings=(holding(A, 1, price),),
    )
    assert found.outcome.fired is fired
    assert told(found, "price_move")[0]["since"] == f"at {NOW - HOUR}"


def test_price_move__fall_and_half_a_recovery__is_a_move() -> None:
    points = series(A, (3 * HOUR, "100"), (2 * HOUR, "80"), (HOUR, "90"))
    found = look(rule=MOVE, observed=Observed(prices=(points,)), holdings=(holding(A, 1, "100"),))
    assert (found.outcome.kind, found.outcome.value) == ("PRICE_MOVE", "2500 bps")


def test_price_move__before_the_window_or_the_latest_proposal__does_not_count() -> None:
    points = series(A, (DAY + 1, "50"), (2 * HOUR, "80"), (HOUR, "100"))
    state = TriggerState(latest_proposal_at=NOW - HOUR)
    observed = Observed(prices=(points,))
    held = (holding(A, 1, "100"),)
    assert not look(rule=MOVE, observed=observed, holdings=held, state=state).outcome.fired
    assert look(rule=MOVE, observed=observed, holdings=held).outcome.value == "2500 bps"


@given(
    prices=st.lists(st.integers(50, 200), min_size=11, max_size=30),
    step=st.sampled_from([60, HOUR, DAY]),
)
@settings(max_examples=40, deadline=None)
def test_realised_volatility__any_prices__is_the_standard_deviation(
    prices: list[int], step: int
) -> None:
    """DE-34, against the standard library."""
    found = realised_volatility(
        [Point(NOW + index * step, Decimal(price)) for index, price in enumerate(prices)]
    )
    returns = [log(b / a) for a, b in pairwise(prices)]
    assert found is not None
    assert float(found) == pytest.approx(
        statistics.stdev(returns) * sqrt(365 * DAY / step), rel=1e-9, abs=1e-9
    )


def test_volatility__dense_prices_of_a_shorter_window__do_not_weigh() -> None:
    """The last price of each step counts, whatever another trigger wants to see between them."""
    rule = replace(RULE, events=EventRules(volatility_bps=1, volatility_seconds=2 * DAY))
    hourly = tuple((hour * HOUR, "100" if hour % 2 else "90") for hour in range(30, 0, -1))
    dense = tuple((HOUR + second, "50") for second in range(780, 0, -20))
    assert len({(NOW - ago) // HOUR for ago in (HOUR, HOUR + 780)}) == 1
    alone, beside = (
        look(
            rule=rule,
            observed=Observed(prices=(series(A, *points),)),
            holdings=(holding(A, 1, "100"),),
        )
        for points in (hourly, (*hourly[:-1], *dense, hourly[-1]))
    )
    assert alone.records == beside.records
    assert told(alone, "volatility")[0]["observations"] == "31"


def test_volatility__too_few_observations__does_not_fire_and_says_so() -> None:
    rule = replace(RULE, events=EventRules(volatility_bps=1, volatility_seconds=DAY))
    points = series(A, (2 * HOUR, "50"), (HOUR, "100"))
    found = look(rule=rule, observed=Observed(prices=(points,)), holdings=(holding(A, 1, "50"),))
    assert not found.outcome.fired
    assert told(found, "volatility")[0]["outcome"] == "too few"
    assert told(found, "volatility")[0]["observations"] == "3"


@pytest.mark.parametrize(
    ("price", "fired"), [("0.99", False), ("0.9899", True), ("1.0101", True), ("1", False)]
)
def test_depeg__away_from_the_peg__fires_beyond_the_limit(price: str, fired: bool) -> None:
    """DE-36."""
    rule = replace(RULE, events=EventRules(depeg_bps=100))
    found = look(
        rule=rule,
        observed=Observed(pegs=(Peg(B, Decimal(1)),)),
        holdings=(holding(A, 1, "7"), holding(B, 1, price)),
    )
    assert found.outcome.fired is fired


@pytest.mark.parametrize(
    ("before", "fee", "fired"),
    [(11, 10, True), (11, 11, False), (10, 9, False), (None, 9, False), (11, 9, True)],
)
def test_gas__falls_to_the_limit__fires_once_per_fall(
    before: int | None, fee: int, fired: bool
) -> None:
    found = look(
        rule=replace(RULE, events=EventRules(gas_below_wei=10)),
        observed=Observed(base_fee_before_wei=before),
        gas=GasPrice(fee, 0, Decimal(0)),
    )
    assert found.outcome.fired is fired


def flow(
    before_a: int, before_b: int, a: int, b: int, price: str = "1", bps: int = 1_000
) -> Evaluated:
    units = (EarlierUnits(A, before_a * 10**6), EarlierUnits(B, before_b * 10**6))
    return look(
        rule=replace(RULE, events=EventRules(flow_bps=bps, flow_seconds=DAY)),
        observed=Observed(earlier=EarlierHoldings(NOW - HOUR, units)),
        holdings=(holding(A, a, price), holding(B, b)),
    )


def test_flow__in_and_out__fires_at_the_limit() -> None:
    assert flow(500, 500, 500, 600).outcome.fired
    assert not flow(500, 500, 500, 599).outcome.fired
    out = flow(500, 500, 400, 500).outcome
    assert (out.fired, out.reason, out.value) == (True, "100 USD went out", "1000 bps")


def test_flow__swap_or_price_move__is_none() -> None:
    assert not flow(500, 500, 900, 100).outcome.fired
    assert not flow(500, 500, 500, 500, price="9").outcome.fired


@pytest.mark.parametrize("bps", [1_000, 20_000])
def test_flow__into_an_empty_tier__is_more_than_any_limit(bps: int) -> None:
    assert flow(0, 0, 0, 1, bps=bps).outcome.fired
    assert not flow(0, 0, 0, 0, bps=bps).outcome.fired


def log_at(block: int, ordinal: int = 0) -> SeenLog:
    return SeenLog(A, TOPIC, block, f"0x{block:02x}", "0x0a", ordinal)


def test_contract_log__many__fires_and_names_twenty() -> None:
    logs = tuple(log_at(block) for block in range(25))
    rule = replace(RULE, events=EventRules(logs=(WatchedContract(A, TOPIC),)))
    found = look(rule=rule, observed=Observed(logs=logs))
    assert (found.outcome.kind, found.outcome.value) == ("CONTRACT_LOG", "25 logs")
    assert len(told(found, "contract_log")) == 21


@pytest.mark.parametrize(
    ("ahead", "proposed_ago", "fired"),
    [
        (HOUR, None, True),
        (HOUR + 1, None, False),
        (0, None, False),
        (60, 30, False),
        (60, HOUR, True),
    ],
)
def test_upgrade__near__fires_until_a_proposal_answered_it(
    ahead: int, proposed_ago: int | None, fired: bool
) -> None:
    state = TriggerState(latest_proposal_at=None if proposed_ago is None else NOW - proposed_ago)
    found = look(
        rule=replace(RULE, events=EventRules(upgrade_lead_seconds=HOUR)),
        observed=Observed(upgrades=(Upgrade("Fork", NOW + ahead),)),
        state=state,
    )
    assert found.outcome.fired is fired


@pytest.mark.parametrize(
    ("reset_ago", "policy_ago", "fired"),
    [(None, 365, True), (None, 364, False), (365, 900, True), (10, 900, False)],
)
def test_full_reset__since_the_latest_one__fires_when_it_is_too_old(
    reset_ago: int | None, policy_ago: int, fired: bool
) -> None:
    """DE-5, T4."""
    state = TriggerState(
        latest_full_reset_at=None if reset_ago is None else NOW - reset_ago * DAY,
        policy_since=NOW - policy_ago * DAY,
    )
    found = look(rule=replace(RULE, calendar=CalendarRule(full_reset_days=365)), state=state)
    assert found.outcome.fired is fired


def test_apy__vector__equals_the_reference() -> None:
    """DE-62: 1.00 -> 1.01 in 73 days is 5.1010 %."""
    points = series(A, (73 * DAY, "1"), (0, "1.01")).points
    found = apy(points, at=NOW, window=73 * DAY)
    assert found is not None
    assert round(found * 100, 4) == Decimal("5.1010")
    assert apy(points, at=NOW, window=74 * DAY) is None


YIELDS = YieldRule(
    spread_bps=100, window_seconds=10 * DAY, confirm_count=2, confirm_of=3, horizon_days=73
)


def spread(last_rates: tuple[str, ...], *, fee_bps: int = 10, value: int = 10_000) -> Evaluated:
    """A is held and yields nothing; B had a rate of 1 ten days before its latest rates."""
    theirs = ((30 * DAY, "1"), (13 * DAY, "1"))
    latest = tuple(
        ((len(last_rates) - 1 - index) * HOUR, rate) for index, rate in enumerate(last_rates)
    )
    mine = (*theirs, *((ago, "1") for ago, _ in latest))
    return look(
        rule=replace(RULE, yields=YIELDS),
        observed=Observed(rates=(series(A, *mine), series(B, *theirs, *latest))),
        holdings=(holding(A, value), holding(B, 0)),
        pairs=(
            PairCost(A, C, "dex", Decimal(fee_bps), None, 0),
            PairCost(C, B, "dex", Decimal(fee_bps), None, 0),
        ),
    )


def test_yield_spread__k_of_n_and_worth_its_cost__fires() -> None:
    """DE-62."""
    found = spread(("1", "1.01", "1.01"))
    assert (found.outcome.fired, found.outcome.kind) == (True, "YIELD_SPREAD")
    numbers = told(found, "yield_spread")[0]
    assert (numbers["above"], numbers["needed"]) == ("2 of 3", "2 of 3")
    assert numbers["cost"] == "20 USD"


def test_yield_spread__once_only__does_not_fire() -> None:
    assert not spread(("1", "1", "1.01")).outcome.fired


def test_yield_spread__cost_above_the_gain__does_not_fire() -> None:
    found = spread(("1", "1.01", "1.01"), fee_bps=500)
    assert not found.outcome.fired
    assert told(found, "yield_spread")[0]["outcome"] == "not worth it"


def test_yield_spread__nothing_held__has_no_case() -> None:
    found = spread(("1", "1.01", "1.01"), value=0)
    assert not found.outcome.fired
    assert told(found, "yield_spread")[0]["outcome"] == "no observation"
