"""Ways, splits and the bytes of a path: nothing is lost, and nothing is better by the maths."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.core.abi import UndecodableCallError, to_address
from execution.core.pools.paths import (
    Path,
    decode_path,
    encode_path,
    fee_bps,
    find_paths,
    impact_bps,
    trade,
)
from execution.core.pools.splitting import HOP_GAS, Part, Terms, best_parts, level, net_units
from execution.core.pools.ticks import sqrt_price_at
from execution.core.pools.uniswap_v3 import BeyondKnownError, PoolState
from tests.unit.execution.pools.samples import HIGH, LOW, MIDDLE, pool

L = 10**22
FREE = Fraction(0)
CHEAP = pool(LOW, HIGH, (L, None), (2 * L, 900), fee=500)
DEAR = pool(LOW, HIGH, (L, None), (3 * L, 1_800), fee=3000)
DEAREST = pool(LOW, HIGH, (L // 2, None), fee=10000)
FIRST = pool(LOW, MIDDLE, (40 * L, None), fee=100, sqrt_price=sqrt_price_at(0))
SECOND = pool(MIDDLE, HIGH, (4 * L, None), fee=500)
POOLS = [CHEAP, DEAR, DEAREST, FIRST, SECOND]
UNITS = st.integers(10**15, 3 * 10**21)


def ways(*pools: PoolState, sell: str = LOW, hops: int = 1) -> tuple[Path, ...]:
    buy = HIGH if sell == LOW else LOW
    return find_paths(pools, sell, buy, max_hops=hops)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------ ways
def test_find_paths__one_hop_and_two__direct_ones_first_and_through_each_other_token() -> None:
    assert [path.fees for path in ways(*POOLS)] == [(500,), (3000,), (10000,)]
    wider = ways(*POOLS, hops=2)
    assert [path.fees for path in wider] == [(500,), (3000,), (10000,), (100, 500)]
    assert wider[-1].tokens == (LOW, MIDDLE, HIGH)
    assert find_paths(POOLS, HIGH, LOW, max_hops=2)[-1].tokens == (HIGH, MIDDLE, LOW)
    assert find_paths(POOLS, LOW, Path.__name__, max_hops=2) == ()  # type: ignore[arg-type]
    for hops in (0, 3):
        with pytest.raises(ValueError, match="are known"):
            find_paths(POOLS, LOW, HIGH, max_hops=hops)


def test_trade__two_hops__is_one_trade_after_the_other() -> None:
    path = ways(FIRST, SECOND, hops=2)[0]
    done = trade(path, 10**20)
    first = trade(find_paths([FIRST], LOW, MIDDLE, max_hops=1)[0], 10**20)
    second = trade(find_paths([SECOND], MIDDLE, HIGH, max_hops=1)[0], first.buy_units)
    assert done.buy_units == second.buy_units
    assert done.marginal == first.marginal * second.marginal
    with pytest.raises(BeyondKnownError, match="gives nothing"):
        trade(find_paths([CHEAP], HIGH, LOW, max_hops=1)[0], 1)


def test_impact_bps__own_size_only__without_fee() -> None:
    path = ways(DEAR)[0]
    assert impact_bps(path, trade(path, 10**14)) < Decimal("0.01")
    small, large = (impact_bps(path, trade(path, units)) for units in (10**18, 10**19))
    assert 0 < small < large
    # Inside one range the loss is x / (R + x) of a depth R = L / sqrt(P): here 1.1 %.
    depth = Fraction(DEAR.liquidity << 96, DEAR.sqrt_price)
    less = 10**19 * Fraction(997, 1_000)
    assert abs(large / 10_000 - Decimal(float(less / (depth + less)))) < Decimal("0.00001")


def test_fee_bps__one_after_the_other__compounds() -> None:
    assert fee_bps([500]) == Decimal("5.00")
    assert fee_bps([500, 3000]) == Decimal("34.98") or fee_bps([500, 3000]) == Decimal("34.99")


# ------------------------------------------------------------------------------------ splits
@settings(max_examples=30)
@given(units=UNITS, most=st.integers(1, 4), sells0=st.booleans(), gas=st.integers(0, 10**12))
def test_best_parts__any_sale__parts_are_the_whole_and_never_worse_than_one_way(
    units: int, most: int, sells0: bool, gas: int
) -> None:
    paths = ways(*POOLS, sell=LOW if sells0 else HIGH, hops=2)
    units *= 1 if sells0 else 2_000
    terms = Terms(most, 1, Fraction(gas, 10**3))
    parts = best_parts(paths, units, terms)
    assert sum(part.outcome.sell_units for part in parts) == units
    assert 1 <= len(parts) <= most
    used = [place for part in parts for place in part.path.places]
    assert len(used) == len(set(used))
    for part in parts:
        assert part.outcome == trade(part.path, part.outcome.sell_units)
    alone = [net_units((Part(path, trade(path, units)),), terms) for path in paths]
    assert net_units(parts, terms) >= max(alone)


@settings(max_examples=40)
@given(units=UNITS)
def test_best_parts__two_ways__no_other_share_brings_more(units: int) -> None:
    """Against every hundredth, and a unit to either side; rounding is worth a few units."""
    paths = ways(CHEAP, DEAR)
    parts = best_parts(paths, units, Terms(2, 1, FREE))
    found = sum(part.outcome.buy_units for part in parts)
    for share in (units * hundredth // 100 for hundredth in range(1, 100)):
        both = trade(paths[0], share).buy_units + trade(paths[1], units - share).buy_units
        assert both <= found + 4 * 2_001


@given(units=st.integers(10**19, 3 * 10**21))
def test_level__two_ways__next_unit_brings_the_same(units: int) -> None:
    one, other = ways(CHEAP, DEAR)
    share = level(one, other, units, 1)
    here, there = trade(one, share).marginal, trade(other, units - share).marginal
    if 1 < share < units - 1:
        assert here >= there
        assert trade(one, share + 1).marginal < trade(other, units - share - 1).marginal
        assert abs(here - there) < here / 10**9 or CHEAP.fee != DEAR.fee


def test_best_parts__gas_above_what_a_split_saves__stays_whole() -> None:
    paths, units = ways(CHEAP, DEAR), 2 * 10**19
    split = best_parts(paths, units, Terms(2, 1, FREE))
    assert len(split) == 2
    (alone,) = best_parts(paths, units, Terms(1, 1, FREE))
    saved = sum(part.outcome.buy_units for part in split) - alone.outcome.buy_units
    extra = sum(part.gas_units for part in split) - alone.gas_units
    dear = Terms(2, 1, Fraction(saved, extra) * 101 / 100)
    cheap = Terms(2, 1, Fraction(saved, extra) * 99 / 100)
    assert len(best_parts(paths, units, dear)) == 1
    assert best_parts(paths, units, cheap) == split
    assert best_parts(paths, units, Terms(1, 1, FREE))[0].outcome.sell_units == units


def test_best_parts__share_below_the_least__is_not_made() -> None:
    paths, units = ways(CHEAP, DEAREST), 2 * 10**20
    shares = [part.outcome.sell_units for part in best_parts(paths, units, Terms(2, 1, FREE))]
    assert len(shares) == 2
    least = min(shares)
    held = best_parts(paths, units, Terms(2, least + 10**18, FREE))
    assert all(part.outcome.sell_units >= least + 10**18 for part in held)
    assert len(best_parts(paths, units, Terms(2, units, FREE))) == 1


def test_best_parts__second_hop_costs_more_gas__counts() -> None:
    paths = ways(CHEAP, FIRST, SECOND, hops=2)
    direct, through = (Part(path, trade(path, 10**19)) for path in paths)
    gains = through.outcome.buy_units - direct.outcome.buy_units
    assert gains > 0
    assert through.gas_units - direct.gas_units == HOP_GAS
    near = Terms(1, 1, Fraction(gains, HOP_GAS) * 99 / 100)
    far = Terms(1, 1, Fraction(gains, HOP_GAS) * 101 / 100)
    assert best_parts(paths, 10**19, near) == (through,)
    assert best_parts(paths, 10**19, far) == (direct,)


def test_best_parts__no_way_takes_it__is_empty() -> None:
    bounded = pool(LOW, HIGH, (L, 600))
    assert best_parts(ways(bounded), 10**24, Terms(2, 1, FREE)) == ()


# ------------------------------------------------------------------------------------ bytes
@given(tokens=st.lists(st.binary(min_size=20, max_size=20), min_size=3, max_size=4, unique=True))
def test_decode_path__what_was_encoded__comes_back(tokens: list[bytes]) -> None:
    named = tuple(to_address(token) for token in tokens)
    fees = tuple(range(100, 100 + len(named) - 1))
    assert decode_path(encode_path(named, fees)) == (named, fees)


@pytest.mark.parametrize("cut", [0, 1, 20, 43, 65, 67])
def test_decode_path__another_length__is_refused(cut: int) -> None:
    raw = encode_path((LOW, MIDDLE, HIGH), (500, 3000)) + b"\0"
    with pytest.raises(UndecodableCallError):
        decode_path(raw[:cut])


def test_decode_path__a_token_twice__is_refused() -> None:
    with pytest.raises(UndecodableCallError, match="twice"):
        decode_path(encode_path((LOW, HIGH, LOW), (500, 3000)))
