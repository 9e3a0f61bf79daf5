"""From the snapshot that fires to the broadcast, for the tier that works by itself.

The tick's own services in this process: a snapshot, one round of evaluations of all tiers, sweeps.
Waiting for the next beat is not in it, nor are commits: the test's own transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

import pytest
from django.db import connection

from config.local.chain.accounts import private_key
from config.local.chain.cache import ensure_chain
from config.local.chain.deployment import Deployment
from config.local.chain.market import Market
from config.local.price_api import Quotation, price_api
from config.local.seed.policies import yield_policy
from config.local.seed.treasury import Seeded, head, seed_treasury
from execution.selectors.transactions import current_attempt
from governance.models import Proposal
from governance.services.rounds import generate_round
from governance.services.sweeping import sweep
from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import TIMING, Table, Timing, once, span
from tests.conftest import Chain
from treasury.core.policies import TierPolicy
from treasury.core.types import BlockRef
from treasury.services.snapshots import take_snapshot

TRIGGERS = 8  # the first is not counted
FINALITY_DEPTH = 2
BLOCK_SECONDS = 12
BLOCKS_MAX = 20
SWEEPS_MAX = 4  # ready, authorised, signed, sent
REST_SECONDS = 2 * 86_400  # past cool-down and the day's allowances
WEIGHTS = ((2_000, 1_600, 6_400), (3_000, 1_600, 5_400))
PHASES = (
    "prices and snapshot",
    "three tiers evaluated, one proposal: quotes, plan, simulation",
    "ready, authorised, signed, sent",
)


@dataclass(frozen=True, slots=True)
class Phase:
    ms: float
    requests: int
    queries: int


@dataclass(frozen=True, slots=True)
class Counts:
    sweeps: int
    blocks_to_broadcast: int
    blocks_to_mined: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One trigger: its phases, and what is the same each time."""

    phases: tuple[Phase, ...]
    counts: Counts


@pytest.fixture
def market(chain: Chain, settings: Any) -> Iterator[Market]:
    """The chain moves only when it is told to, as with blocks of others."""
    settings.EXECUTOR_KEY = private_key("executor").hex()
    chain.rpc("evm_setAutomine", False)
    with closing(Market(chain.url, ensure_chain().manifest, seed=7)) as market:
        yield market
    chain.rpc("evm_setAutomine", True)


@pytest.mark.django_db
def test_trigger_to_broadcast(
    chain: Chain, market: Market, posts: list[str], report: Report
) -> None:
    deployment = ensure_chain().manifest
    with price_api(lambda: Quotation(market.prices, market.timestamp)) as price_api_url:
        market.hold(BLOCK_SECONDS)
        seeded = seed_treasury(deployment, rpc_url=chain.url, price_api_url=price_api_url)
        answers = []
        for policy in islice(cycle(_policies(deployment)), TRIGGERS):
            seeded.publish("yield", policy)
            market.hold(REST_SECONDS)
            answers.append(_answer(seeded, market, posts))
    (counts,) = {answer.counts for answer in answers}
    assert counts.blocks_to_broadcast == 0
    assert counts.blocks_to_mined == 1
    report("latency", _table(answers[1:], counts))


def _policies(deployment: Deployment) -> tuple[TierPolicy, ...]:
    """Two that differ by a tenth of the tier, so that going from one to the other breaks bands."""
    policy = yield_policy(deployment)
    return tuple(
        replace(
            policy,
            targets=tuple(
                replace(target, weight_bps=weight)
                for target, weight in zip(policy.targets, weights, strict=True)
            ),
        )
        for weights in WEIGHTS
    )


def _answer(seeded: Seeded, market: Market, posts: list[str]) -> Answer:
    url, treasury_id = seeded.rpc_url, seeded.treasury.pk
    block = head(url)
    phases = [
        _phase(posts, lambda: take_snapshot(treasury_id=treasury_id, block=block, rpc_url=url)),
        _phase(posts, lambda: generate_round(treasury_id=treasury_id, block=block, rpc_url=url)),
    ]
    proposal = Proposal.objects.latest("pk")
    assert (proposal.route, proposal.triggered_at) == ("AUTOMATIC", block.timestamp)
    sweeps: list[dict[str, str]] = []
    phases.append(_phase(posts, lambda: sweeps.extend(_until_sent(proposal, block, url))))
    broadcast_at = head(url).number
    counts = Counts(
        sweeps=len(sweeps),
        blocks_to_broadcast=broadcast_at - block.number,
        blocks_to_mined=_mined_at(proposal, market, url) - block.number,
    )
    return Answer(tuple(phases), counts)


def _phase(posts: list[str], work: Callable[[], object]) -> Phase:
    queries: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    posts.clear()
    with connection.execute_wrapper(count):
        ms = once(work)
    return Phase(ms, len(posts), len(queries))


def _until_sent(proposal: Proposal, block: BlockRef, url: str) -> Iterator[dict[str, str]]:
    for _ in range(SWEEPS_MAX):
        yield sweep(block=block, rpc_url=url, finality_depth=FINALITY_DEPTH)
        proposal.refresh_from_db()
        if proposal.transaction_id is not None:
            attempt = current_attempt(proposal.transaction_id)
            if attempt is not None and attempt.sent_count > 0:
                return
    raise AssertionError(f"{proposal.state}: {proposal.state_reason}")


def _mined_at(proposal: Proposal, market: Market, url: str) -> int:
    """Its block, after everything has come to its end."""
    for _ in range(BLOCKS_MAX):
        market.mine(BLOCK_SECONDS)
        while sweep(block=head(url), rpc_url=url, finality_depth=FINALITY_DEPTH):
            pass
        proposal.refresh_from_db()
        if proposal.state == "DONE":
            break
    assert proposal.outcome == "EXECUTED", f"{proposal.state}: {proposal.state_reason}"
    assert proposal.transaction is not None
    assert proposal.transaction.mined_block_number is not None
    return proposal.transaction.mined_block_number


def _table(answers: list[Answer], counts: Counts) -> Table:
    names = (*PHASES[:-1], f"{PHASES[-1]}: {counts.sweeps} sweeps", "from trigger to broadcast")
    blocks = f"{counts.blocks_to_broadcast} to the broadcast, {counts.blocks_to_mined} to its block"
    rows = []
    for place, name in enumerate(names):
        part = slice(place, place + 1) if place < len(PHASES) else slice(None)
        parts = [answer.phases[part] for answer in answers]
        requests = [sum(phase.requests for phase in phases) for phases in parts]
        queries = [sum(phase.queries for phase in phases) for phases in parts]
        timing = Timing(tuple(sum(phase.ms for phase in phases) for phases in parts))
        note = "" if place < len(PHASES) else blocks
        rows.append((name, span(requests), span(queries), *timing.cells, note))
    return Table(("what", "HTTP requests", "SQL statements", *TIMING, "blocks"), tuple(rows))
