"""Memory of every process of the running stack, and how long its first start took."""

from __future__ import annotations

import sys
import time

import pytest

from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import Table, figure
from tests.benchmarks.stack import DEMO_ONLY, Demo, Share, running_demo

WORK_SECONDS = 20  # the market moves, tiers are evaluated, proposals are executed
SERVICE = ("web server: workers", "Celery worker: workers", "Celery beat", "PostgreSQL", "Redis")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_of_the_running_stack(report: Report) -> None:
    with running_demo() as demo:
        ready = demo.shares()
        time.sleep(WORK_SECONDS)
        busy = demo.shares()
        assert set(SERVICE) <= set(busy)
        report("memory", _memory(ready, busy))
        report("start", _start(demo))


def _memory(ready: dict[str, Share], busy: dict[str, Share]) -> Table:
    rows = [_row(name, ready.get(name), share) for name, share in busy.items()]
    service = [name for name in busy if DEMO_ONLY not in name]
    rows.append(
        _row(
            "all but what is for the demo only",
            _sum([ready[name] for name in service if name in ready]),
            _sum([busy[name] for name in service]),
        )
    )
    after = f"after {WORK_SECONDS} s"
    columns = ("what", "processes", "PSS MiB when ready", f"PSS MiB {after}", f"RSS MiB {after}")
    return Table(columns, tuple(rows))


def _row(name: str, ready: Share | None, busy: Share) -> tuple[str, ...]:
    """RSS is not summed: shared pages would count several times."""
    return (
        name,
        str(busy.processes),
        figure(ready.pss_mib) if ready else "",
        figure(busy.pss_mib),
        figure(busy.rss_mib),
    )


def _sum(shares: list[Share]) -> Share:
    return Share(
        processes=sum(share.processes for share in shares),
        pss_mib=sum(share.pss_mib for share in shares),
        rss_mib=sum(share.rss_mib for share in shares),
    )


def _start(demo: Demo) -> Table:
    seconds = demo.seconds
    assert "READY" in seconds
    return Table(("what", "seconds"), tuple(seconds.items()))
