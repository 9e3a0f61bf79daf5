"""One treasury on a chain and in a database that processes share, put back before each life."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings

from config.local import servers
from config.local.chain.cache import ChainCache, ensure_chain
from config.local.chain.market import Market
from config.local.chain.rpc import Rpc
from config.local.places import Places
from config.local.price_api import Quotation, price_api
from config.local.processes import MARK
from config.local.scenarios.judge import Judge
from config.local.seed.treasury import Seeded, seed_treasury
from governance.services.notifying.channels import create_channel
from tests.chain.crash.children import Nursery, nursery
from tests.own_database import OwnDatabase
from tests.receivers import Receiver, http_receiver
from treasury.core.types import Actor, ActorKind

SEED = 7


@dataclass(slots=True)
class World:
    """`market` is that of the current life: the chain's past is its memory."""

    chain: ChainCache
    url: str
    rpc: Rpc
    database: OwnDatabase
    nursery: Nursery
    env: dict[str, str]
    logs: Path
    market: Market
    receiver: Receiver
    _seeded: Seeded | None = None
    _token: str = ""
    _snapshots: dict[str, str] = field(default_factory=dict)

    @property
    def seeded(self) -> Seeded:
        assert self._seeded is not None
        return self._seeded

    @property
    def token(self) -> str:
        return self._token

    @property
    def first_block(self) -> int:
        """The first one that the tests make."""
        return self.chain.manifest.head_number + 1

    def seed(self, price_api_url: str) -> None:
        self._seeded = seed_treasury(
            self.chain.manifest, rpc_url=self.url, price_api_url=price_api_url
        )
        self._token = self._seeded.issue_token()
        create_channel(
            treasury_id=self._seeded.treasury.pk,
            user=None,
            kind="webhook",
            target=self.receiver.url,
            actor=Actor(ActorKind.SYSTEM, "tests"),
        )

    # ------------------------------------------------------------------------ time travel
    def keep(self, stage: str) -> None:
        self.database.keep(stage)
        self._snapshots[stage] = str(self.rpc("evm_snapshot"))

    def is_kept(self, stage: str) -> bool:
        return stage in self._snapshots

    def restore(self, stage: str) -> None:
        """Tables and chain as they were then, queues and caches empty. Stages that were kept later
        are forgotten with the blocks that they stood on."""
        self.database.restore(stage)
        self.rpc("anvil_dropAllTransactions")
        assert self.rpc("evm_revert", self._snapshots[stage]) is True
        kept = list(self._snapshots)
        for later in kept[kept.index(stage) :]:
            del self._snapshots[later]
        self._snapshots[stage] = str(self.rpc("evm_snapshot"))  # each is good for one return
        _empty_queues()
        cache.clear()
        self.market.close()
        self.market = Market(self.url, self.chain.manifest, SEED)

    def close(self) -> None:
        self.market.close()

    @contextmanager
    def judge(self) -> Iterator[Judge]:
        with self.database.connect() as connection:
            yield Judge(connection=connection, rpc=self.rpc, first_block=self.first_block)


@contextmanager
def running_world() -> Iterator[World]:
    """Kept as `seeded`. Needs the run's PostgreSQL and Redis and the right to use a database."""
    places: Places = settings.PLACES
    number: int = settings.WORKER_NUMBER
    chain, port = ensure_chain(), servers.free_port()
    url = f"http://127.0.0.1:{port}"
    database = OwnDatabase(f"ballast_crash_{number}")
    env = {
        MARK: str(places.state),
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "PYTEST_XDIST_WORKER": f"gw{number}",
        "TEST_DATABASE_URL": database.service_url,
        "TEST_RPC_URLS": url,
    }
    anvil = servers.anvil(
        chain, port, places.logs / f"crash-anvil-{number}.log", flags=["--no-mining"]
    )
    with ExitStack() as stack:
        hatchery = stack.enter_context(
            nursery(log=places.logs / f"crash-nursery-{number}.log", env=env)
        )
        anvil.start()
        stack.callback(anvil.stop)
        stack.enter_context(override_settings(RPC_URLS=[url]))
        stack.enter_context(database.running())
        anvil.wait_ready()
        rpc = stack.enter_context(closing(Rpc(url)))
        receiver = stack.enter_context(http_receiver())
        market = Market(url, chain.manifest, SEED)
        world = World(chain, url, rpc, database, hatchery, env, places.logs, market, receiver)
        stack.callback(world.close)
        world.seed(
            stack.enter_context(
                price_api(lambda: Quotation(world.market.prices, world.market.timestamp))
            )
        )
        world.keep("seeded")
        yield world


def _empty_queues() -> None:
    places: Places = settings.PLACES
    number: int = settings.WORKER_NUMBER
    with closing(redis.Redis(unix_socket_path=str(places.redis_socket), db=2 * number)) as broker:
        broker.flushdb()
