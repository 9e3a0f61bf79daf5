"""What the parts of a trigger refuse, with place and remedy; and what a bare document still is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.core.policy_examples import ETH, example_document
from treasury.core.policy_documents import (
    PolicyDocumentError,
    parse_policy,
    policy_document,
    policy_hash,
)

TOPIC = "0x" + "1f" * 32


def document(**parts: Any) -> dict[str, Any]:
    found = deepcopy(example_document())
    found["trigger"] |= parts
    return found


FULL = document(
    kind="CALENDAR",
    calendar={"cron": "0 9 * * 1", "time_zone": "Europe/Zurich", "full_reset_days": 365},
    damping={"hysteresis_bps": 6_000, "confirm_count": 2, "confirm_of": 3},
    events={"depeg_bps": 100, "logs": [{"contract": ETH, "topic": TOPIC}]},
    yields={"spread_bps": 100, "window_seconds": 3_600, "horizon_days": 90},
)


def test_parse__every_part__comes_back_as_it_was() -> None:
    policy = parse_policy(FULL)
    assert policy.trigger.calendar.time_zone == "Europe/Zurich"
    assert policy.trigger.events.logs[0].topic == TOPIC
    assert parse_policy(policy_document(policy)) == policy


def test_parse__none_of_the_parts__has_the_hash_it_always_had() -> None:
    bare = parse_policy(example_document())
    assert set(policy_document(bare)["trigger"]) == {
        "kind",
        "interval_seconds",
        "max_age_seconds",
        "cooldown_seconds",
    }
    assert policy_hash(bare) == policy_hash(parse_policy(document(damping={}, events={})))
    assert policy_hash(bare) != policy_hash(parse_policy(document(events={"depeg_bps": 1})))


@pytest.mark.parametrize(
    ("parts", "pointer", "said"),
    [
        ({"calendar": {"cron": "0 9 * *"}}, "/calendar/cron", "fields"),
        ({"calendar": {"time_zone": "Zurich"}}, "/calendar/time_zone", "IANA"),
        ({"calendar": {"full_reset_days": -1}}, "/calendar/full_reset_days", "outside"),
        ({"kind": "CALENDAR"}, "/interval_seconds", "calendar.cron"),
        ({"damping": {"hysteresis_bps": 0}}, "/damping/hysteresis_bps", "outside"),
        ({"damping": {"hysteresis_bps": 5_000}}, "/damping/hysteresis_bps", "destination_bps"),
        ({"damping": {"confirm_count": 3, "confirm_of": 2}}, "/damping/confirm_count", "lower"),
        ({"damping": {"confirm_of": 0}}, "/damping/confirm_of", "outside"),
        ({"damping": {"flip_window_seconds": -1}}, "/damping/flip_window_seconds", "outside"),
        ({"events": {"price_move_bps": 1}}, "/events/price_move_seconds", "window"),
        ({"events": {"volatility_bps": 1}}, "/events/volatility_seconds", "window"),
        ({"events": {"flow_bps": 1}}, "/events/flow_seconds", "window"),
        ({"events": {"depeg_bps": -1}}, "/events/depeg_bps", "outside"),
        (
            {"events": {"logs": [{"contract": "0x1", "topic": TOPIC}]}},
            "/events/logs/0/contract",
            "address",
        ),
        (
            {"events": {"logs": [{"contract": ETH, "topic": "Paused()"}]}},
            "/events/logs/0/topic",
            "signature",
        ),
        (
            {"events": {"logs": 2 * [{"contract": ETH, "topic": TOPIC}]}},
            "/events/logs/1",
            "twice",
        ),
        ({"yields": {"spread_bps": 1}}, "/yields/window_seconds", "above 0"),
        (
            {"yields": {"spread_bps": 1, "window_seconds": 1}},
            "/yields/horizon_days",
            "above 0",
        ),
        ({"yields": {"confirm_count": 2}}, "/yields/confirm_count", "confirm_of"),
        ({"events": {"depeg": 1}}, "/events/depeg", "unknown field"),
    ],
)
def test_parse__contradiction__names_place_and_remedy(
    parts: dict[str, Any], pointer: str, said: str
) -> None:
    with pytest.raises(PolicyDocumentError, match=said) as caught:
        parse_policy(document(**parts))
    assert caught.value.pointer == f"/trigger{pointer}"
