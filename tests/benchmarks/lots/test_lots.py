"""Tax lots of long histories: every method's time, its growth to a million events, and the peak of
memory of the whole command, file to file."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from tests.architecture.source import ROOT
from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import Table, figure, in_turn
from tests.benchmarks.lots.events import lot_events, write_events
from treasury.core.lots import HistoryMethod, HistoryRules, match_history

MANY, MORE = 100_000, 1_000_000
RUNS = 3
KIB_PER_MIB = 1_024


MEASURE = """
import os, sys, time
started = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(time.perf_counter() - started, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Between us and the command: a child's peak begins with what its parent holds."""


@dataclass(frozen=True, slots=True)
class Command:
    seconds: float
    peak_mib: float


def command(method: HistoryMethod, source: Path) -> Command:
    """`manage.py lots` as a process of its own; every disposal finds its lots."""
    target = source.with_suffix(".lots.json")
    arguments = ["lots", "--method", method, "--input", source, "--output", target]
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            MEASURE,
            sys.executable,
            str(ROOT / "manage.py"),
            *map(str, arguments),
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.local"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, peak_kib = done.stdout.split()
    assert '"incomplete"' not in target.read_text()
    target.unlink()
    return Command(float(seconds), int(peak_kib) / KIB_PER_MIB)


def test_lots_of_a_hundred_thousand_and_of_a_million_events(report: Report, tmp_path: Path) -> None:
    many = list(lot_events(MANY))
    files = {count: tmp_path / f"{count}.json" for count in (MANY, MORE)}
    write_events(files[MANY], many)
    write_events(files[MORE], list(lot_events(MORE)))
    rules = [
        HistoryRules(method, Decimal("0.37"), Decimal("0.20"), long_term_days=365)
        for method in HistoryMethod
    ]
    timings = in_turn([partial(match_history, many, rule) for rule in rules], runs=RUNS)
    rows = []
    for rule, timing in zip(rules, timings, strict=True):
        small, large = (command(rule.method, files[count]) for count in (MANY, MORE))
        rows.append(
            (
                rule.method.value,
                figure(timing.median_ms),
                figure(small.seconds),
                figure(small.peak_mib),
                figure(large.seconds),
                figure(large.peak_mib),
                figure(large.seconds / small.seconds),
            )
        )
    columns = (
        "method",
        f"matching {MANY:,}, ms",
        "the command, s",
        "peak MiB",
        f"the command with {MORE:,}, s",
        "peak MiB",
        "times as long",
    )
    report("lots", Table(columns, tuple(rows)))
