"""A snapshot of 200 tokens in 5 Safes: one block, one multicall."""

from __future__ import annotations

import pytest

from config.local.chain.cache import ensure_chain
from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import TIMING, Table, Timing, figure, in_turn, ratio, timed
from tests.benchmarks.wide_treasury import Holdings, deploy_tokens, record_treasury
from tests.conftest import Chain
from treasury.adapters.chain import BALANCE_OF, open_rpc, read_state
from treasury.adapters.multicall import address_word
from treasury.core.types import BlockRef
from treasury.models import Position, Snapshot
from treasury.services.snapshots import take_snapshot

RUNS = 7
SERVICE_RUNS = 5
ROUND_TRIPS_MAX = 2


@pytest.mark.django_db
def test_snapshot_of_a_wide_treasury(chain: Chain, posts: list[str], report: Report) -> None:
    deployment = ensure_chain().manifest
    holdings = deploy_tokens(chain.url, deployment)
    adapter, naive, naive_trips = _reading(chain, posts, holdings)
    treasury = record_treasury(chain.url, deployment, holdings)
    service, service_trips = _service(chain, posts, treasury.pk, holdings)
    times = figure(ratio(naive, adapter))
    reads = f"{len(holdings.pairs):,}"
    rows = (
        (
            "the adapter: newest block, then all balances at it",
            reads,
            str(ROUND_TRIPS_MAX),
            *adapter.cells,
            "1",
        ),
        ("one `eth_call` per balance", reads, f"{naive_trips:,}", *naive.cells, times),
        (
            "the service: prices of two feeds per token, balances, rows written",
            reads,
            str(service_trips),
            *service.cells,
            "",
        ),
    )
    columns = ("what", "balances", "round trips", *TIMING, "times the adapter's")
    report("snapshot", Table(columns, rows))


def _reading(chain: Chain, posts: list[str], holdings: Holdings) -> tuple[Timing, Timing, int]:
    """The adapter and the naive way in turn, over one connection each; both give what is there."""
    with open_rpc(chain.url) as rpc, open_rpc(chain.url) as slow:

        def at_once() -> tuple[int, ...]:
            return read_state(rpc, holdings.pairs, block=rpc.block()).units

        def one_by_one() -> tuple[int, ...]:
            block = slow.block()
            return tuple(
                int.from_bytes(
                    slow.eth_call(pair.asset, BALANCE_OF + address_word(pair.holder), block=block)
                )
                for pair in holdings.pairs
            )

        posts.clear()
        assert at_once() == holdings.units
        assert len(posts) == rpc.round_trips <= ROUND_TRIPS_MAX
        posts.clear()
        assert one_by_one() == holdings.units
        naive_trips = len(posts)
        assert naive_trips == len(holdings.pairs) + 1
        adapter, naive = in_turn([at_once, one_by_one], runs=RUNS)
    return adapter, naive, naive_trips


def _service(
    chain: Chain, posts: list[str], treasury_id: int, holdings: Holdings
) -> tuple[Timing, int]:
    """Each run at a block of its own: a second snapshot of a block is the first one's row."""
    trips: set[int] = set()
    blocks = iter([_next_block(chain) for _ in range(SERVICE_RUNS + 1)])
    snapshots: list[Snapshot] = []

    def snapshot() -> None:
        posts.clear()
        snapshots.append(
            take_snapshot(treasury_id=treasury_id, block=next(blocks), rpc_url=chain.url)
        )
        trips.add(len(posts))

    timing = timed(snapshot, runs=SERVICE_RUNS)
    for row in snapshots:
        assert row.round_trips <= ROUND_TRIPS_MAX
        assert row.nav_usd is not None
        assert Position.objects.filter(snapshot=row, units__gt=0).count() == len(holdings.pairs)
    (count,) = trips
    assert count <= ROUND_TRIPS_MAX
    return timing, count


def _next_block(chain: Chain) -> BlockRef:
    chain.rpc("evm_mine")
    with open_rpc(chain.url) as rpc:
        return rpc.block()
