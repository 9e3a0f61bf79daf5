"""The local treasury on the local chain, and its people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from eth_typing import Hash32
from rest_framework.test import APIClient

from config.local.chain.accounts import ACCOUNTS, private_key
from config.local.chain.cache import ensure_chain
from config.local.chain.market import Market
from config.local.price_api import Quotation, price_api
from config.local.seed.treasury import Seeded, seed_treasury
from governance.adapters.chain import head_block
from governance.core.identity.sessions import PROVED_AT
from governance.models import Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.moves import GENERATOR
from governance.services.proposals import Evaluated, evaluate_tier
from governance.services.sweeping import sweep
from governance.web.sign_in.session import SEEN_AT, SIGNED_IN_AT
from tests.conftest import Chain
from tests.rest_client import RestClient
from treasury.core.types import BlockRef
from treasury.services.snapshots import take_snapshot

FINALITY = 2


def prove(client: Client) -> None:
    """As if the person had just signed in."""
    session = client.session
    session.update(dict.fromkeys((SIGNED_IN_AT, SEEN_AT, PROVED_AT), int(time.time())))
    session.save()


class Stage:
    """One treasury, its market and its clock."""

    def __init__(self, seeded: Seeded, market: Market, url: str) -> None:
        self.seeded, self.market, self.url = seeded, market, url
        self.people = seeded.people

    def move(self, symbol: str, change_bps: int) -> None:
        """A sudden move, and half an hour until the pools' averages have followed."""
        self.market.step(600, {symbol: change_bps})
        self.market.hold(1_800)
        self.market.hold(12)

    def head(self) -> BlockRef:
        return head_block(self.url)

    def tier_id(self, name: str) -> int:
        return int(self.seeded.tiers[name].pk)

    def evaluate(self, name: str, **more: Any) -> Evaluated:
        snapshot = take_snapshot(
            treasury_id=self.seeded.treasury.pk, block=self.head(), rpc_url=self.url
        )
        found = evaluate_tier(
            tier_id=self.tier_id(name),
            snapshot_id=snapshot.pk,
            rpc_url=self.url,
            actor=GENERATOR,
            **more,
        )
        assert found is not None
        return found

    def propose(self, name: str, **more: Any) -> Proposal:
        found = self.evaluate(name, **more)
        assert found.proposal is not None, found.note
        return found.proposal

    def sweep(self) -> dict[str, str]:
        """At the newest block, until nothing is due."""
        block = self.head()
        states: dict[str, str] = {}
        while True:
            taken = sweep(block=block, rpc_url=self.url, finality_depth=FINALITY)
            if not taken:
                return states
            states |= taken

    def settle(self, proposal: Proposal, until: set[str], blocks: int = 20) -> Proposal:
        """Sweep and mine until the proposal is in one of these states."""
        for _ in range(blocks):
            self.sweep()
            found = proposal_by_id(proposal.pk)
            if found.state in until:
                return found
            self.market.mine(12)
        raise AssertionError(f"{found.state}: {found.state_reason}")

    def client(self, name: str) -> RestClient:
        client = RestClient()
        client.force_login(self.people[name])
        prove(client)
        return client

    def bare(self, name: str) -> APIClient:
        """Without the good manners of `client`: no key, no version."""
        client = APIClient()
        client.force_login(self.people[name])
        return client

    def anonymous(self) -> RestClient:
        return RestClient()

    def bearer(self, secret: str) -> RestClient:
        return RestClient(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Throttles and owners are kept in Redis: no test inherits another's."""
    cache.clear()


@pytest.fixture
def stage(chain: Chain, db: None, settings: Any) -> Iterator[Stage]:
    with staged(chain, settings) as found:
        yield found


@contextmanager
def staged(chain: Chain, settings: Any) -> Iterator[Stage]:
    """The local treasury in this test's database and on its chain."""
    deployment = ensure_chain().manifest
    settings.EXECUTOR_KEY = "0x" + private_key("executor").hex()
    with (
        closing(Market(chain.url, deployment, seed=7)) as market,
        price_api(lambda: Quotation(market.prices, market.timestamp)) as api_url,
    ):
        market.hold(12)
        seeded = seed_treasury(deployment, rpc_url=chain.url, price_api_url=api_url)
        yield Stage(seeded, market, chain.url)


@pytest.fixture
def sign() -> Callable[[str, str], bytes]:
    """An owner's plain signature of a Safe transaction hash."""

    def signature(name: str, safe_tx_hash: str) -> bytes:
        account = ACCOUNTS[name]  # type: ignore[index]
        return bytes(account.unsafe_sign_hash(Hash32(bytes.fromhex(safe_tx_hash[2:]))).signature)

    return signature
