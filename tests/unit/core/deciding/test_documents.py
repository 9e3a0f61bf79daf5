"""What a policy's document may say of groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.core.policy_examples import BTC, ETH, USDC, example_document
from treasury.core.policy_documents import PolicyDocumentError, parse_policy, policy_document

BAND = {"kind": "ABSOLUTE", "absolute_bps": 500, "relative_bps": 0}


def group(**changes: Any) -> dict[str, Any]:
    return {"name": "majors", "assets": [ETH, BTC], "band": dict(BAND), **changes}


def test_groups__well_formed__read_and_written_back() -> None:
    policy = parse_policy({**example_document(), "groups": [group()]})
    assert policy.groups[0].assets == (ETH, BTC)
    assert parse_policy(policy_document(policy)) == policy


@pytest.mark.parametrize(
    ("groups", "pointer", "words"),
    [
        ([group(name=" ")], "/groups/0/name", "name the group"),
        ([group(assets=[ETH])], "/groups/0/assets", "at least two"),
        ([group(assets=[ETH, "0x" + "11" * 20])], "/groups/0/assets/1", "not among the targets"),
        ([group(), group(name="two", assets=[BTC, USDC])], "/groups/1/assets/0", "already"),
        ([group(band={**BAND, "absolute_bps": 0})], "/groups/0/band/absolute_bps", "widen"),
        ([group(), group(assets=[USDC, USDC])], "/groups/1/assets/1", "already"),
        ([group(label="x")], "/groups/0/label", "unknown field"),
    ],
)
def test_groups__contradiction__named_with_its_place(
    groups: list[dict[str, Any]], pointer: str, words: str
) -> None:
    with pytest.raises(PolicyDocumentError) as caught:
        parse_policy({**example_document(), "groups": groups})
    assert caught.value.pointer == pointer
    assert words in caught.value.message


def test_groups__unwanted_in_sum__refused() -> None:
    document = example_document()
    for target, weight in zip(document["targets"], (0, 0, 10_000), strict=True):
        target["weight_bps"] = weight
    with pytest.raises(PolicyDocumentError, match="sum to 0"):
        parse_policy({**document, "groups": [group()]})
