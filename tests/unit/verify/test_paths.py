"""A swap through several markets: read to the byte, each market in the signer's file, the floor
that of all of them together."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from execution.adapters.venues.uniswap_v3 import SWAP_PATH
from execution.core import planning
from execution.core.abi import encode_call
from execution.core.pools.paths import encode_path
from execution.core.types import Call
from tests.unit.verify.exports import (
    EVIL,
    MAIN,
    POLICY,
    ROUTER,
    TIER,
    UNTIL,
    USDC,
    VAULT,
    WETH,
    forged,
)

Verify = Callable[..., tuple[int, str]]
SOLD = 10**9  # a thousand USDC
LEAST = 160 * 10**18  # floors: 0.0001 WETH a USDC, then 1500 vUSDC a WETH: 150


def own_policy() -> dict[str, Any]:
    """The example with one more market: WETH for vault shares."""
    policy = deepcopy(POLICY)
    policy["markets"].append(
        {"router": ROUTER, "sell": WETH, "buy": VAULT, "fee": 3000, "min_price": "1500"}
    )
    return policy


def swap(**changes: Any) -> list[Call]:
    given = {
        "path": encode_path((USDC, WETH, VAULT), (500, 3000)),
        "recipient": MAIN,
        "deadline": UNTIL,
        "sold": SOLD,
        "least": LEAST,
    } | changes
    return around(Call(ROUTER, 0, encode_call(SWAP_PATH, tuple(given.values())), "swap"))


def around(call: Call) -> list[Call]:
    give, take = (planning.approve_call(USDC, ROUTER, units) for units in (SOLD, 0))
    return [give, call, take]


def test_path__both_markets_in_the_file__green_with_what_it_passes_through(verify: Verify) -> None:
    code, shown = verify(forged(middle=swap()), policy=own_policy())
    assert code == 0, shown
    assert "swap      1,000 USDC for at least 160 vUSDC through WETH" in shown
    assert "yours 0.15" in shown


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recipient": EVIL}, "is not the acting Safe"),
        ({"recipient": TIER}, "is not the acting Safe"),
        ({"deadline": UNTIL + 1}, "own deadline"),
        ({"least": 0}, "minimum out is missing"),
        ({"least": 149 * 10**18}, "below your min_price"),
        ({"sold": SOLD + 1}, "without exact allowance"),
        ({"path": encode_path((USDC, WETH, VAULT), (3000, 3000))}, "fee 3000 is not in your file"),
        ({"path": encode_path((USDC, EVIL, VAULT), (500, 3000))}, "fee 500 is not in your file"),
        ({"path": encode_path((USDC, WETH, USDC), (500, 500))}, "by one token twice"),
        ({"path": encode_path((USDC, WETH), (500,))}, "not two or more markets"),
        ({"path": encode_path((USDC, WETH, VAULT), (500, 3000)) + b"\0"}, "a path of 67 bytes"),
        ({"path": b""}, "a path of 0 bytes"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_path__one_thing_changed__refused_by_its_rule(
    changes: dict[str, Any], reason: str, verify: Verify
) -> None:
    code, shown = verify(forged(middle=swap(**changes)), policy=own_policy())
    assert code == 2
    assert reason in shown


def test_path__second_market_not_in_the_file__refused(verify: Verify) -> None:
    code, shown = verify(forged(middle=swap()))
    assert code == 2
    assert "fee 3000 is not in your file" in shown


@pytest.mark.parametrize("place", [4, 36, 196, -1])
def test_path__arguments_elsewhere_than_they_belong__refused(place: int, verify: Verify) -> None:
    """Selector and words are kept, one byte of an offset, a length or the padding is not zero."""
    data = bytearray(swap()[1].data)
    data[place] ^= 1
    code, _ = verify(
        forged(middle=around(Call(ROUTER, 0, bytes(data), "swap"))), policy=own_policy()
    )
    assert code == 2
