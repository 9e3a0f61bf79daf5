"""Times, tables, and how a figure is written. Medians are quoted, and the span beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from time import perf_counter_ns

NS_PER_MS = 1_000_000
P95 = 0.95


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall time of one piece of work, run after run, in milliseconds."""

    ms: tuple[float, ...]

    @property
    def runs(self) -> int:
        return len(self.ms)

    @property
    def median_ms(self) -> float:
        return median(self.ms)

    @property
    def p95_ms(self) -> float:
        """Nearest rank: of forty runs the third slowest."""
        return sorted(self.ms)[ceil(len(self.ms) * P95) - 1]

    @property
    def cells(self) -> tuple[str, str, str]:
        """Runs, median, span: three columns of a table (`TIMING`)."""
        return (
            str(self.runs),
            figure(self.median_ms),
            f"{figure(min(self.ms))} to {figure(max(self.ms))}",
        )


TIMING = ("runs", "median ms", "min to max ms")


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def markdown(self) -> str:
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    @property
    def text(self) -> str:
        """For a terminal: columns of equal width."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )


def once(work: Callable[[], object]) -> float:
    started_at = perf_counter_ns()
    work()
    return (perf_counter_ns() - started_at) / NS_PER_MS


def timed(work: Callable[[], object], *, runs: int) -> Timing:
    """After one run that does not count."""
    work()
    return Timing(tuple(once(work) for _ in range(runs)))


def in_turn(works: Sequence[Callable[[], object]], *, runs: int) -> tuple[Timing, ...]:
    """A B A B ..., so that a machine whose speed drifts is equally slow for all. Compare them by
    `ratio`, pair by pair."""
    for work in works:
        work()
    rounds = [[once(work) for work in works] for _ in range(runs)]
    return tuple(Timing(tuple(column)) for column in zip(*rounds, strict=True))


def ratio(timing: Timing, other: Timing) -> float:
    """Median of the pairwise ratios."""
    return median(one / two for one, two in zip(timing.ms, other.ms, strict=True))


def figure(number: float) -> str:
    """Three significant digits are more than a shared machine can promise."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def span(counts: Collection[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"
