from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.core.policy_examples import BTC, ETH, USDC, example_document
from treasury.core.policies import LotMethod, LotRules, Mode, TierPolicy
from treasury.core.policy_documents import (
    PolicyDocumentError,
    parse_policy,
    policy_document,
    policy_hash,
)

Change = Callable[[dict[str, Any]], object]


def setting(*path: Any, to: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def test_parse_policy__example__typed_values() -> None:
    policy = parse_policy(example_document())
    assert policy.mode is Mode.SEMI
    assert policy.lot_method is LotMethod.HIFO
    assert policy.max_turnover_usd == Decimal("250000.5")
    assert policy.unit_limits[0].refill_units == 50_000_000_000
    assert [target.weight_bps for target in policy.targets] == [5000, 3000, 2000]


def test_policy_document__round_trip__same_policy_and_hash() -> None:
    policy = parse_policy(example_document())
    again = parse_policy(policy_document(policy))
    assert again == policy
    assert policy_hash(again) == policy_hash(policy)


def test_policy_hash__known_document__does_not_change() -> None:
    """Proposals are bound to this hash for ever: a change here breaks every stored proposal."""
    assert policy_hash(parse_policy(example_document())) == KNOWN_HASH


def test_policy_hash__one_number_changed__differs() -> None:
    document = example_document()
    document["worst_count"] = 2
    assert policy_hash(parse_policy(document)) != KNOWN_HASH


def lots(*named: str, short: int = 0, long: int = 0) -> dict[str, Any]:
    return {"short_rate_bps": short, "long_rate_bps": long, "named": list(named)}


def with_method(method: str, rules: dict[str, Any]) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["lot_method"], document["lots"] = method, rules

    return change


KNOWN_HASH = "4ec483f694d2c0bf73af12c88cbb87f40a526e23da5e3b9d45514a505e6c76eb"

CASES: list[tuple[str, Change]] = [
    ("/surprise", setting("surprise", to=1)),
    ("/mode", lambda document: document.pop("mode")),
    ("/mode", setting("mode", to="semi")),
    ("/targets/0/colour", setting("targets", 0, "colour", to="red")),
    ("/targets/1/reserve_units", lambda document: document["targets"][1].pop("reserve_units")),
    ("/targets", setting("targets", to=[])),
    ("/targets", setting("targets", 0, "weight_bps", to=5001)),
    ("/targets/0/weight_bps", setting("targets", 0, "weight_bps", to=-1)),
    ("/targets/0/weight_bps", setting("targets", 0, "weight_bps", to=50.0)),
    ("/targets/0/weight_bps", setting("targets", 0, "weight_bps", to=True)),
    ("/targets/1/asset", setting("targets", 1, "asset", to=ETH)),
    ("/targets/1/asset", setting("targets", 1, "asset", to=ETH.lower())),
    ("/targets/1/asset", setting("targets", 1, "asset", to="WBTC")),
    ("/targets/1/reserve_units", setting("targets", 1, "reserve_units", to=-1)),
    ("/targets/2/band/absolute_bps", setting("targets", 2, "band", "absolute_bps", to=10_001)),
    ("/targets/2/band/relative_bps", setting("targets", 2, "band", "relative_bps", to=0)),
    ("/targets/2/band/absolute_bps", setting("targets", 2, "band", "kind", to="ABSOLUTE")),
    ("/targets/2/band/absolute_bps", setting("targets", 2, "band", "kind", to="NARROWER")),
    (
        "/targets/2/band",
        setting("targets", 2, "band", to={"kind": "WIDER", "absolute_bps": 0, "relative_bps": 0}),
    ),
    ("/settlement_asset", setting("settlement_asset", to="0x" + "99" * 20)),
    ("/settlement_asset", setting("settlement_asset", to="USDC")),
    ("/trigger/max_age_seconds", setting("trigger", "max_age_seconds", to=0)),
    ("/trigger/cooldown_seconds", setting("trigger", "cooldown_seconds", to=-1)),
    ("/trigger/interval_seconds", setting("trigger", "kind", to="CALENDAR")),
    ("/worst_count", setting("worst_count", to=0)),
    ("/destination_bps", setting("destination_bps", to=10_001)),
    ("/destination_bps", setting("destination_bps", to=-1)),
    ("/min_trade_usd", setting("min_trade_usd", to="-1")),
    ("/min_trade_usd", setting("min_trade_usd", to=500.0)),
    ("/min_trade_usd", setting("min_trade_usd", to="0.000000001")),
    ("/min_trade_usd", setting("min_trade_usd", to="100000.01")),
    ("/max_trade_usd", setting("max_trade_usd", to="0")),
    ("/max_turnover_usd", setting("max_turnover_usd", to="499")),
    ("/turnover_window_seconds", setting("turnover_window_seconds", to=0)),
    ("/cost_cap_bps", setting("cost_cap_bps", to=10_001)),
    ("/max_slippage_bps", setting("max_slippage_bps", to=10_000)),
    ("/max_fee_per_gas_wei", setting("max_fee_per_gas_wei", to=0)),
    ("/proposal_ttl_seconds", setting("proposal_ttl_seconds", to=0)),
    ("/long_term_days", setting("long_term_days", to=-1)),
    ("/lot_method", setting("lot_method", to="fifo")),
    ("/lots/short_rate_bps", setting("lots", to=lots(short=10_001))),
    ("/lots/long_rate_bps", setting("lots", to=lots(long=-1))),
    ("/lots/short_rate_bps", with_method("MIN_TAX", lots())),
    ("/lots/named", with_method("SPECIFIC", lots(short=1))),
    ("/lots/named", with_method("FIFO", lots("a"))),
    ("/lots/named/1", with_method("SPECIFIC", lots("a", "a"))),
    ("/venues/1", setting("venues", to=["a", "a"])),
    ("/venues/0", setting("venues", to=[" "])),
    ("/prices/min_sources", setting("prices", "min_sources", to=0)),
    ("/prices/min_on_chain", setting("prices", "min_on_chain", to=3)),
    ("/prices/max_deviation_bps", setting("prices", "max_deviation_bps", to=10_001)),
    ("/escalation/value_usd", setting("escalation", "value_usd", to="-0.1")),
    ("/escalation/nav_share_bps", setting("escalation", "nav_share_bps", to=10_001)),
    (
        "/escalation/turnover_window_seconds",
        setting("escalation", "turnover_window_seconds", to=0),
    ),
    ("/escalation/strategic", setting("escalation", "strategic", to="yes")),
    ("/halts/max_base_fee_wei", setting("halts", "max_base_fee_wei", to=0)),
    ("/halts/failure_streak", setting("halts", "failure_streak", to=0)),
    ("/halts/max_nav_jump_bps", setting("halts", "max_nav_jump_bps", to=0)),
    ("/unit_limits/0/allowance_key", setting("unit_limits", 0, "allowance_key", to="")),
    ("/unit_limits/0/asset", setting("unit_limits", 0, "asset", to="0x1")),
    ("/unit_limits/0/refill_units", setting("unit_limits", 0, "refill_units", to=10**12)),
    ("/unit_limits/0/max_refill_units", setting("unit_limits", 0, "max_refill_units", to=2**128)),
    ("/unit_limits/0/period_seconds", setting("unit_limits", 0, "period_seconds", to=0)),
    ("/routing/max_parts", setting("routing", to={"max_hops": 1})),
    ("/routing/max_hops", setting("routing", to={"max_hops": 0, "max_parts": 1})),
    ("/routing/max_hops", setting("routing", to={"max_hops": 3, "max_parts": 1})),
    ("/routing/max_parts", setting("routing", to={"max_hops": 2, "max_parts": 0})),
    ("/routing/max_parts", setting("routing", to={"max_hops": 2, "max_parts": 5})),
    (
        "/unit_limits/1/allowance_key",
        lambda document: document["unit_limits"].append(document["unit_limits"][0]),
    ),
]


@pytest.mark.parametrize(("pointer", "change"), CASES)
def test_parse_policy__bent_document__refused_at_its_place(pointer: str, change: Change) -> None:
    document = example_document()
    change(document)
    with pytest.raises(PolicyDocumentError) as error:
        parse_policy(document)
    assert error.value.pointer == pointer
    assert error.value.message


@pytest.mark.parametrize(
    ("method", "document"),
    [("MIN_TAX", {"short": 1}), ("MIN_TAX", {"long": 1}), ("AVERAGE", {}), ("LOFO", {"long": 5})],
)
def test_parse_policy__lot_rules__as_written(method: str, document: dict[str, int]) -> None:
    bent = example_document()
    with_method(method, lots(**document))(bent)
    policy = parse_policy(bent)
    assert policy.lot_method is LotMethod(method)
    assert policy.lots == LotRules(document.get("short", 0), document.get("long", 0), ())


def test_parse_policy__without_lot_rules__the_hash_of_before() -> None:
    """Policies that people approved before there were rules keep their hash."""
    document = example_document()
    assert "lots" not in document
    assert policy_hash(parse_policy(document)) == policy_hash(
        parse_policy({**document, "lots": lots()})
    )


def test_parse_policy__target_of_weight_0__needs_no_band() -> None:
    """A settlement asset may be wanted at 0 and still be the way between others."""
    document = example_document()
    document["targets"][1]["weight_bps"] = 5000
    document["targets"][2]["weight_bps"] = 0
    document["targets"][2]["band"]["relative_bps"] = 0
    policy: TierPolicy = parse_policy(document)
    assert policy.target(policy.settlement_asset).weight_bps == 0
    assert {BTC, ETH, USDC} == {target.asset for target in policy.targets}
