"""Routes: what the policy says, and never less human control than a rule demands."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.core.routing import (
    BLOCKED_BY,
    LADDER,
    Level,
    RouteKind,
    allows_proposals,
    is_blocked,
    route,
    worst,
)
from tests.unit.governance.samples import POLICY
from treasury.core.policies import Escalation, Mode

CONTROL = (RouteKind.AUTOMATIC, RouteKind.OPERATOR, RouteKind.MULTISIG)
USD = st.decimals(min_value=0, max_value=10**12, places=2)


def routed(**changes: Any) -> RouteKind:
    known: dict[str, Any] = {
        "policy": POLICY,
        "value_usd": Decimal(100),
        "nav_usd": Decimal(1_000_000),
        "turnover_usd": Decimal(0),
        "strategic": False,
        "limits_match": True,
        "level": None,
    }
    return route(**(known | changes)).route


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.MANUAL, RouteKind.MULTISIG),
        (Mode.SEMI, RouteKind.OPERATOR),
        (Mode.AUTOMATIC, RouteKind.AUTOMATIC),
    ],
)
def test_the_mode_names_the_route(mode: Mode, expected: RouteKind) -> None:
    assert routed(policy=replace(POLICY, mode=mode, operator_safe=False)) is expected


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"value_usd": Decimal(10_000)}, "value"),
        ({"value_usd": Decimal(5_000), "nav_usd": Decimal(50_000)}, "bps"),
        ({"turnover_usd": Decimal(29_900)}, "turnover"),
        ({"strategic": True}, "strategic"),
        ({"nav_usd": Decimal(0)}, "not known"),
        ({"limits_match": False}, "limits"),
        ({"level": Level.MANUAL_PRICES}, "halt"),
    ],
)
def test_each_escalation_names_its_reason(changes: dict[str, Any], word: str) -> None:
    known: dict[str, Any] = {
        "policy": POLICY,
        "value_usd": Decimal(100),
        "nav_usd": Decimal(1_000_000),
        "turnover_usd": Decimal(0),
        "strategic": False,
        "limits_match": True,
        "level": None,
    }
    decision = route(**(known | changes))
    assert decision.route is RouteKind.MULTISIG
    assert word in decision.reason


def test_just_below_each_limit_nothing_escalates() -> None:
    assert routed(value_usd=Decimal("9999.99")) is RouteKind.AUTOMATIC
    assert routed(turnover_usd=Decimal("29899.99")) is RouteKind.AUTOMATIC


def test_semi_halt_asks_an_operator() -> None:
    assert routed(level=Level.SEMI) is RouteKind.OPERATOR


def test_an_operator_safe_is_never_automatic() -> None:
    assert routed(policy=replace(POLICY, operator_safe=True)) is RouteKind.OPERATOR


@given(
    mode=st.sampled_from(Mode),
    value=USD,
    nav=USD,
    turnover=USD,
    strategic=st.booleans(),
    limits_match=st.booleans(),
    level=st.none() | st.sampled_from(Level),
)
def test_rules_only_add_control(
    mode: Mode,
    value: Decimal,
    nav: Decimal,
    turnover: Decimal,
    strategic: bool,
    limits_match: bool,
    level: Level | None,
) -> None:
    policy = replace(POLICY, mode=mode)
    with_rules = routed(
        policy=policy,
        value_usd=value,
        nav_usd=nav,
        turnover_usd=turnover,
        strategic=strategic,
        limits_match=limits_match,
        level=level,
    )
    never = Escalation(Decimal(10**20), 10**9, Decimal(10**20), 1, strategic=False)
    bare = routed(policy=replace(policy, escalation=never), nav_usd=Decimal(10**15))
    assert CONTROL.index(with_rules) >= CONTROL.index(bare)
    if level in {None, Level.SEMI, Level.MANUAL_PRICES}:
        assert not is_blocked(with_rules, level)


@given(st.lists(st.sampled_from(Level)), st.sampled_from(Level))
def test_one_more_halt_never_allows_more(levels: list[Level], more: Level) -> None:
    before, after = worst(tuple(levels)), worst((*levels, more))
    for kind in RouteKind:
        assert is_blocked(kind, after) >= is_blocked(kind, before)
    assert allows_proposals(after) <= allows_proposals(before)


def test_an_unknown_level_counts_as_monitor() -> None:
    assert worst(("NONSENSE",)) is Level.MONITOR
    assert worst(()) is None


def test_the_ladder_blocks_ever_more() -> None:
    for milder, harder in pairwise(LADDER):
        assert BLOCKED_BY[milder] <= BLOCKED_BY[harder]
    assert not is_blocked(RouteKind.RECORD_ONLY, Level.FROZEN)
