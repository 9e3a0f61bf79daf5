"""One scenario from an empty database to the judge's word."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.local import servers
from config.local.chain.market import Market
from config.local.price_api import Quotation, price_api
from config.local.scenarios import sabotage as spoil
from config.local.scenarios.base import Script, Stage
from config.local.scenarios.driver import Driver
from config.local.scenarios.judge import Judge
from config.local.scenarios.people import People
from config.local.scenarios.summary import most_round_trips, proposals, world_digest
from config.local.scenarios.world import World, running_world
from config.local.seed.treasury import seed_treasury

BASE_URL = "http://localhost"


def run_scenario(
    script: Script,
    *,
    seed: int,
    sabotage: str | None,
    say: Callable[[str], None],
    tell: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Run the script, tell each step, spoil the end if asked, and return (and tell) the summary."""
    with (
        running_world(say) as world,
        servers.connect(world.places, servers.DATABASE) as owner,
    ):
        judge = Judge(
            connection=owner, rpc=world.rpc, first_block=world.chain.manifest.head_number + 1
        )
        _play(script, world=world, judge=judge, seed=seed, tell=tell)
        digest = world_digest(owner, final_block_hash=str(world.rpc.block()["hash"]))
        if sabotage is not None:
            spoil.SABOTAGES[sabotage][0](spoil.World(connection=owner, rpc=world.rpc))
        verdict = judge.verdict()
        summary: dict[str, Any] = {
            "scenario": script.__name__,
            "seed": seed,
            "ok": verdict.ok,
            "digest": digest,
            "proposals": proposals(owner),
            **verdict.flags,
            "rpc_round_trips_per_snapshot": most_round_trips(owner),
        }
        if not verdict.ok:
            summary["findings"] = {name: found for name, found in verdict.findings.items() if found}
        tell(summary)
        return summary


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
