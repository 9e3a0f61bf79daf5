"""The three forms of a back-test's policy file, and what of a policy the back-test reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.engine.tiers import A, B, policy
from treasury.core.backtests.policy_files import parse_policy_file
from treasury.core.backtests.reach import unreplayed_fields
from treasury.core.policy_documents import policy_document
from treasury.core.revival import RevivalError
from treasury.core.triggering.rules import EventRules, YieldRule

DOCUMENT = policy_document(policy())


def wrapped(*assets: dict[str, Any]) -> dict[str, Any]:
    return {"policy": DOCUMENT, "assets": list(assets)}


def test_policy_file__the_document_alone__columns_are_addresses() -> None:
    file = parse_policy_file(DOCUMENT)
    assert file.policy == policy()
    assert file.column_names() == {
        target.asset.lower(): target.asset for target in file.policy.targets
    }


def test_policy_file__with_names__columns_may_be_symbols() -> None:
    file = parse_policy_file(
        wrapped({"asset": A.upper().replace("X", "x"), "symbol": "AAA", "decimals": 6})
    )
    assert file.column_names()["AAA"] == A
    assert file.decimals == {A: 6}


def test_policy_file__the_input_of_decide__its_holdings_name_assets() -> None:
    holding = {"asset": A, "symbol": "AAA", "decimals": 8, "units": "1", "price_usd": "1"}
    file = parse_policy_file({"policy": DOCUMENT, "holdings": [holding], "timestamp": 1})
    assert (file.symbols, file.decimals) == ({A: "AAA"}, {A: 8})


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({**DOCUMENT, "note": ""}, "/note"),
        ({"policy": {**DOCUMENT, "worst_count": 0}}, "/policy/worst_count"),
        ({"policy": DOCUMENT, "asset": []}, "/asset"),
        ({"policy": DOCUMENT, "assets": {}}, "/assets"),
        (wrapped({"symbol": "AAA"}), "/assets/0/asset"),
        (wrapped({"asset": A, "symbol": 1}), "/assets/0/symbol"),
        (wrapped({"asset": A}, {"asset": A}), "/assets/1/asset"),
        (wrapped({"asset": A, "symbol": "X"}, {"asset": B, "symbol": "X"}), "/assets/1/symbol"),
        (wrapped({"asset": A, "decimals": 78}), "/assets/0/decimals"),
    ],
)
def test_policy_file__a_defect__named_with_its_place(document: object, pointer: str) -> None:
    with pytest.raises(RevivalError) as caught:
        parse_policy_file(document)
    assert caught.value.pointer == pointer


def test_reach__events_and_yields__not_replayed() -> None:
    rule = policy().trigger
    assert unreplayed_fields(policy()) == ()
    with_events = replace(rule, events=EventRules(depeg_bps=100), yields=YieldRule(spread_bps=1))
    assert unreplayed_fields(policy(trigger=with_events)) == (
        "/trigger/events/depeg_bps",
        "/trigger/yields/spread_bps",
    )
