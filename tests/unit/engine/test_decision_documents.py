from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.engine.tiers import ASSETS, NOW, A, inputs, policy
from treasury.core.canonical import canonical_bytes, digest, plain
from treasury.core.decision_documents import decision_document, parse_inputs
from treasury.core.decisions import DecisionInputs, HaltNotice, TriggerState
from treasury.core.policy_documents import policy_hash
from treasury.core.revival import RevivalError
from treasury.engine.decision import decide


def stored(**changes: Any) -> DecisionInputs:
    return inputs(policy_hash=policy_hash(policy()), **changes)


def own_document(**changes: Any) -> dict[str, Any]:
    """The tier of DE-11's vector, written by hand."""
    full = plain(stored())
    document = {name: full[name] for name in ("policy", "gas", "pairs")}
    return {
        **document,
        "timestamp": NOW,
        "holdings": full["portfolio"]["holdings"],
        **changes,
    }


def refused(document: object) -> RevivalError:
    with pytest.raises(RevivalError) as caught:
        parse_inputs(document)
    return caught.value


def test_parse__stored_inputs__the_same_value() -> None:
    value = stored(forced_reason="asked")
    assert parse_inputs(json.loads(canonical_bytes(value))) == value


def test_parse__written_by_hand__decides_as_the_stored_inputs() -> None:
    parsed = parse_inputs(own_document(lots=plain(stored().lots)))
    decision = decide(parsed)
    assert decision == decide(stored())
    assert decision.trades
    assert parsed.treasury_nav_usd == 1_000_000
    assert (parsed.tier, parsed.now, parsed.trigger_state) == ("own", NOW, TriggerState())
    assert parsed.policy_hash == policy_hash(parsed.policy)


def test_parse__optional_parts__are_taken() -> None:
    halt = {"scope": "own", "breaker": "GAS", "level": "FROZEN", "reason": "test"}
    state = {
        "latest_proposal_at": NOW - 60,
        "turnover_in_window_usd": "12.5",
        "treasury_nav_usd": "7",
        "forced_reason": "asked",
    }
    parsed = parse_inputs(own_document(tier="core", halts=[halt], state=state))
    assert parsed.tier == "core"
    assert parsed.halts == (HaltNotice("own", "GAS", "FROZEN", "test"),)
    assert parsed.trigger_state.latest_proposal_at == NOW - 60
    assert parsed.turnover_in_window_usd == Decimal("12.5")
    assert parsed.treasury_nav_usd == 7
    assert parsed.forced_reason == "asked"


def test_parse__addresses__spelled_as_in_the_policy_and_sorted() -> None:
    document = own_document()
    for holding in document["holdings"]:
        holding["asset"] = "0x" + holding["asset"][2:].upper()
    document["holdings"].reverse()
    for pair in document["pairs"]:
        pair["sell"] = "0x" + pair["sell"][2:].upper()
    parsed = parse_inputs(document)
    assert tuple(holding.asset for holding in parsed.portfolio.holdings) == ASSETS
    assert parsed.pairs == stored().pairs


def test_parse__lots_without_sequence__numbered_by_place() -> None:
    lot = {"asset": A, "units": 1, "cost_usd": "1", "acquired_at": 1}
    parsed = parse_inputs(own_document(lots=[{"lot_ref": "b", **lot}, {"lot_ref": "a", **lot}]))
    assert [(item.lot_ref, item.sequence) for item in parsed.lots] == [("b", 0), ("a", 1)]


def test_parse__pair_of_an_asset_without_target__decides() -> None:
    document = own_document()
    stranger = {**document["pairs"][0], "sell": "0x" + "f" * 40}
    assert decide(parse_inputs({**document, "pairs": [stranger, *document["pairs"]]})).trades


def put(document: Any, path: str, value: object) -> None:
    """The value at a JSON pointer."""
    *parents, last = path.split("/")[1:]
    for name in parents:
        document = document[int(name) if isinstance(document, list) else name]
    document[int(last) if isinstance(document, list) else last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/timestamp", 1.5),
        ("/timestamp", "soon"),
        ("/holdings", {}),
        ("/holdings/1/units", -1),
        ("/holdings/1/units", 2**256),
        ("/holdings/1/decimals", 78),
        ("/holdings/1/price_usd", 0.1),
        ("/holdings/1/price_usd", "-1"),
        ("/holdings/1/price_usd", "1" + 30 * "0"),
        ("/holdings/1/asset", A),
        ("/gas/tip_wei", -1),
        ("/gas/native_price_usd", None),
        ("/pairs/3/fee_bps", "-1"),
        ("/pairs/3/depth_usd", "0"),
        ("/pairs/3/gas_units", -1),
        ("/policy", []),
        ("/policy/mode", "FAST"),
        ("/policy/targets/0/band/relative_bps", 0),
        ("/state", []),
        ("/state/turnover_in_window_usd", "-1"),
        ("/state/treasury_nav_usd", 1.5),
        ("/lots", {}),
        ("/lots/0", 7),
        ("/note", "x"),
    ],
)
def test_parse__wrong_value__refused_with_its_place(path: str, value: object) -> None:
    document = own_document(state={}, lots=plain(stored().lots))
    put(document, path, value)
    assert refused(document).pointer == path


def test_parse__lot_listed_twice__refused() -> None:
    lots = plain(replace(stored(), lots=stored().lots[:1] * 2).lots)
    assert refused(own_document(lots=lots)).pointer == "/lots/1/lot_ref"


@pytest.mark.parametrize("name", ["policy", "timestamp", "holdings", "gas", "pairs"])
def test_parse__needed_part_missing__refused_with_its_place(name: str) -> None:
    document = own_document()
    del document[name]
    assert refused(document).pointer == f"/{name}"


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_parse__no_object__refused(document: object) -> None:
    assert refused(document).pointer == ""


def test_parse__stored_inputs_that_contradict_themselves__refused() -> None:
    document = plain(stored())
    document["policy"]["targets"][0]["weight_bps"] = 1
    assert refused(document).pointer == "/policy/targets"
    document = plain(stored())
    document["portfolio"]["holdings"][2]["units"] = -1
    assert refused(document).pointer == "/portfolio/holdings/2/units"
    document = plain(stored())
    del document["forced_reason"]
    assert refused(document).pointer == "/forced_reason"


def test_document__of_a_decision__with_its_explanation_and_digest() -> None:
    value = stored()
    decision = decide(value)
    document = decision_document(inputs=value, decision=decision)
    assert document.pop("digest") == digest({"inputs": value, "result": decision})
    assert document == plain(decision)
    assert document["explanation"]
