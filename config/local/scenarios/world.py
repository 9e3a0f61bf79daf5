"""A world of its own for one scenario: PostgreSQL and a chain that moves only when it is told to.

No worker, no web server: the driver calls the tasks and the WSGI application itself, so that one
seed gives one result. Redis only counts requests. The processes of the full stack are the demo's
and the crash tests' subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from config.local import servers
from config.local.chain.cache import ChainCache, ensure_chain
from config.local.chain.rpc import Rpc
from config.local.places import Places
from config.local.supervisor import Supervisor, only_one


@dataclass(frozen=True, slots=True)
class World:
    places: Places
    chain: ChainCache
    rpc_url: str
    rpc: Rpc


@contextmanager
def running_world(say: Callable[[str], None]) -> Iterator[World]:
    """Servers under settings.STATE, migrated and empty; stopped on leaving."""
    places: Places = settings.PLACES
    chain = ensure_chain(say)
    rpc_url: str = settings.RPC_URLS[0]
    port = int(rpc_url.rsplit(":", 1)[1])
    with only_one(places.state), Supervisor(places.state, say) as supervisor:
        places.prepare()
        supervisor.start(
            servers.postgres(places, durable=False),
            servers.redis(places, durable=False),
            servers.anvil(chain, port, places.logs / "anvil.log", flags=["--no-mining"]),
        )
        servers.create_roles(places)
        servers.grant_rights(places, servers.DATABASE)
        call_command("migrate", database="owner", verbosity=0)
        rpc = Rpc(rpc_url)
        chain.require_head(rpc)
        try:
            yield World(places=places, chain=chain, rpc_url=rpc_url, rpc=rpc)
        finally:
            rpc.close()
            connections.close_all()
