"""The life around the demo: a market that moves, and people who sign, in a process of their own.

Unlike a scenario it runs on wall time: every couple of seconds the market takes one step of some
minutes, the service reacts by its own beat, and the people (unless `manual`) confirm over HTTP what
waits for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from typing import Final

import httpx

from config.local.chain.deployment import Deployment
from config.local.chain.market import Market
from config.local.chain.rpc import Rpc
from config.local.price_api import Quotation, price_api
from config.local.scenarios.people import People, RefusedError

STEP_SECONDS: Final = 120
PAUSE_SECONDS: Final = 2.0
EVENTS: Final[dict[int, dict[str, int]]] = {1: {"WETH": 700}}
"""Sudden moves in bps by step. The first one gives the core tier something to do as soon as the
pools' half-hour averages have followed."""


def live(
    *,
    base_url: str,
    token: str,
    rpc_url: str,
    price_api_port: int,
    deployment: Deployment,
    seed: int,
    manual: bool,
    say: Callable[[str], object],
) -> None:
    """Until killed. A round in which nobody could sign is said and does not end the demo: the next
    one tries anew."""
    with (
        closing(Market(rpc_url, deployment, seed)) as market,
        closing(Rpc(rpc_url)) as rpc,
        _client(base_url, token) as api,
        price_api(lambda: Quotation(market.prices, market.timestamp), port=price_api_port),
    ):
        people = People(api=api, rpc=rpc, deployment=deployment)
        for step in count(1):
            moved = market.step(STEP_SECONDS, EVENTS.get(step))
            prices = ", ".join(_price(*item) for item in moved.prices.items())
            say(f"block {moved.number}: {prices}")
            if not manual:
                _sign(people, say)
            time.sleep(PAUSE_SECONDS)


def _client(base_url: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=base_url, timeout=30, headers=headers)


def _sign(people: People, say: Callable[[str], object]) -> None:
    try:
        given = people.act()
    except (httpx.HTTPError, RefusedError) as error:
        say(f"nobody could sign this time: {error}")
        return
    if given:
        say(f"{given} confirmations given")


def _price(symbol: str, scaled: int) -> str:
    return f"{symbol} {scaled / 10**8:,.2f}"
