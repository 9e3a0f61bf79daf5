"""The local treasury on the local chain, and its people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from eth_typing import Hash32
from pytest_django.plugin import DjangoDbBlocker
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
from tests.conftest import Chain, running_chain
from tests.kept import Kept, Once, kept
from tests.rest_client import RestClient
from treasury.core.types import BlockRef
from treasury.services.snapshots import take_snapshot

FINALITY = 2
SEED = 7


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


# ------------------------------------------------------------------------ what each begins with
class PriceBoard:
    """What the price API tells: the true prices of the market that plays now."""

    market: Market

    def quotation(self) -> Quotation:
        return Quotation(self.market.prices, self.market.timestamp)


@dataclass(frozen=True, slots=True)
class Opening:
    """Made once per worker: the seeded rows, and a chain whose head they tell of."""

    rows: Kept[Seeded]
    chain: Chain
    board: PriceBoard

    def market(self) -> Market:
        return Market(self.chain.url, self.rows.value.deployment, SEED)


@contextmanager
def opened(blocker: DjangoDbBlocker) -> Iterator[Opening]:
    deployment, board = ensure_chain().manifest, PriceBoard()
    with running_chain("stage-anvil") as chain, price_api(board.quotation) as prices:

        def seed() -> Seeded:
            return seed_treasury(deployment, rpc_url=chain.url, price_api_url=prices)

        with ExitStack() as lasting:
            with closing(Market(chain.url, deployment, SEED)) as board.market, blocker.unblock():
                board.market.hold(12)
                rows = lasting.enter_context(kept("stage", seed))
            yield Opening(rows, chain, board)


@pytest.fixture(scope="session")
def opening(once: Once, django_db_blocker: DjangoDbBlocker) -> Opening:
    return once.get("stage", lambda: opened(django_db_blocker))


@pytest.fixture
def chain(opening: Opening, settings: Any) -> Iterator[Chain]:
    """The stage's. The settings point to it."""
    settings.RPC_URLS = [opening.chain.url]
    with opening.chain.undone():
        yield opening.chain


@pytest.fixture(autouse=True)
def seeded(opening: Opening) -> Iterator[Seeded]:
    """Every test here has the seeded rows in its database."""
    with opening.rows.found_again() as found:
        yield found


@pytest.fixture
def db(
    request: pytest.FixtureRequest,
    opening: Opening,
    seeded: Seeded,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """The seeded rows in a transaction that is rolled back; for a test that is `committed` without
    one, and put back afterwards."""
    if "committed" in request.fixturenames:
        with django_db_blocker.unblock():
            yield
        opening.rows.put_back()
    else:
        request.getfixturevalue("_django_db_helper")  # what pytest-django's own `db` asks for
        yield


@pytest.fixture
def committed(db: None) -> None:
    """A second connection sees what the test writes."""


@pytest.fixture
def stage(
    db: None, opening: Opening, seeded: Seeded, chain: Chain, settings: Any
) -> Iterator[Stage]:
    with staged(opening, seeded, settings) as found:
        yield found


@contextmanager
def staged(opening: Opening, seeded: Seeded, settings: Any) -> Iterator[Stage]:
    """The local treasury in this test's database and on its chain."""
    settings.EXECUTOR_KEY = "0x" + private_key("executor").hex()
    with closing(opening.market()) as market:
        opening.board.market = market
        yield Stage(seeded, market, opening.chain.url)


@pytest.fixture
def sign() -> Callable[[str, str], bytes]:
    """An owner's plain signature of a Safe transaction hash."""

    def signature(name: str, safe_tx_hash: str) -> bytes:
        account = ACCOUNTS[name]  # type: ignore[index]
        return bytes(account.unsafe_sign_hash(Hash32(bytes.fromhex(safe_tx_hash[2:]))).signature)

    return signature
