"""One scenario from an empty database to the judge's word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import httpx
import psycopg
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.local import servers
from config.local.chain.market import Market
from config.local.chain.node import rewound
from config.local.price_api import Quotation, price_api
from config.local.scenarios import sabotage as spoil
from config.local.scenarios.base import Script, Stage
from config.local.scenarios.driver import Driver
from config.local.scenarios.judge import Judge, Verdict
from config.local.scenarios.people import People
from config.local.scenarios.summary import most_round_trips, proposals, world_digest
from config.local.scenarios.world import World, running_world
from config.local.seed.treasury import seed_treasury

BASE_URL = "http://localhost"


def run_scenario(
    script: Script,
    *,
    seed: int,
    sabotages: Sequence[str],
    say: Callable[[str], None],
    tell: Callable[[dict[str, Any]], None],
) -> bool:
    """Run the script, tell each step and then the summary; whether every invariant holds. Each
    sabotage spoils the finished world by itself: then there is one summary of each."""
    with (
        running_world(say) as world,
        servers.connect(world.places, servers.DATABASE) as owner,
    ):
        judge = Judge(
            connection=owner, rpc=world.rpc, first_block=world.chain.manifest.head_number + 1
        )
        _play(script, world=world, judge=judge, seed=seed, tell=tell)
        facts: dict[str, Any] = {
            "scenario": script.__name__,
            "seed": seed,
            "digest": world_digest(owner, final_block_hash=str(world.rpc.block()["hash"])),
            "proposals": proposals(owner),
            "rpc_round_trips_per_snapshot": most_round_trips(owner),
        }
        if not sabotages:
            verdict = judge.verdict()
            tell(facts | _words(verdict))
            return verdict.ok
        for sabotage in sabotages:
            with _spoiled(sabotage, world=world, owner=owner):
                tell(facts | {"sabotage": sabotage} | _words(judge.verdict()))
        return False


def _words(verdict: Verdict) -> dict[str, Any]:
    findings = {name: found for name, found in verdict.findings.items() if found}
    return {"ok": verdict.ok, **verdict.flags} | ({"findings": findings} if findings else {})


@contextmanager
def _spoiled(
    sabotage: str, *, world: World, owner: psycopg.Connection[tuple[object, ...]]
) -> Iterator[None]:
    """Spoiled inside; tables and chain are as they were afterwards."""
    with rewound(world.rpc), owner.transaction(force_rollback=True):
        spoil.SABOTAGES[sabotage][0](spoil.World(connection=owner, rpc=world.rpc))
        yield


def _play(
    script: Script,
    *,
    world: World,
    judge: Judge,
    seed: int,
    tell: Callable[[dict[str, Any]], None],
) -> None:
    manifest = world.chain.manifest
    with (
        closing(Market(world.rpc_url, manifest, seed)) as market,
        price_api(lambda: Quotation(market.prices, market.timestamp)) as price_api_url,
    ):
        seeded = seed_treasury(manifest, rpc_url=world.rpc_url, price_api_url=price_api_url)
        with _api(seeded.issue_token()) as api:
            driver = Driver(
                market=market,
                people=People(api=api, rpc=world.rpc, deployment=manifest),
                judge=judge,
                rpc_url=world.rpc_url,
                finality_depth=settings.FINALITY_DEPTH,
                tell=tell,
            )
            script(Stage(driver=driver, shift_strategy=seeded.shift_strategy))


def _api(token: str) -> httpx.Client:
    """The product's own WSGI application, without a socket in between; owners' signatures are their
    own proof."""
    return httpx.Client(
        transport=httpx.WSGITransport(app=get_wsgi_application()),
        base_url=BASE_URL,
        headers={"Authorization": f"Bearer {token}"},
    )
