"""The one writer of the evidence in `docs/performance.md`.

A run that measured every table of the page replaces them all; any other run prints what it measured
and leaves the page alone, so that all figures of the page are of one run on one machine.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from config.local.fetch_anvil import ensure_anvil
from config.local.places import postgres_binary, redis_binary
from tests.benchmarks.figures import Table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
MACHINE = "machine"
COMMAND = "make bench"
LIBRARIES = (
    "django", "celery", "psycopg", "redis", "httpx", "web3", "safe-eth-py", "eth-account",
    "coincurve", "granian", "numpy", "numba", "bt",
)  # fmt: skip
_TABLE = re.compile(r"<!-- measured:([a-z-]+) -->\n.*?<!-- /measured:\1 -->", re.DOTALL)
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


def places(text: str) -> list[str]:
    """The names of the tables that the page has room for."""
    return [match[1] for match in _TABLE.finditer(text)]


def filled(text: str, tables: dict[str, Table]) -> str:
    """The page with these tables in their places; all else stays as it is."""

    def table(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- measured:{name} -->\n{tables[name].markdown}\n<!-- /measured:{name} -->"

    return _TABLE.sub(table, text)


def write_page(tables: dict[str, Table]) -> bool:
    """False when a table of the page was not measured: nothing is written then."""
    text = PAGE.read_text()
    found = {**tables, MACHINE: machine()}
    if set(places(text)) != set(found):
        return False
    PAGE.write_text(filled(text, found))
    return True


def machine() -> Table:
    load = ", ".join(f"{share:.1f}" for share in os.getloadavg())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    rows = (
        ("date", f"{datetime.now(UTC):%Y-%m-%d}"),
        ("command", f"`{COMMAND}`"),
        ("processor", f"{len(os.sched_getaffinity(0))} cores, {_processor()}"),
        ("memory", f"{_memory_gib():.0f} GiB"),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("load (1, 5, 15 min)", load),
        ("Python", platform.python_version()),
        ("libraries", libraries),
        ("servers", ", ".join(_servers())),
    )
    return Table(("what", "value"), rows)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_gib() -> float:
    pages: int = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return pages / 2**30


def _servers() -> list[str]:
    commands = {
        "PostgreSQL": postgres_binary("postgres"),
        "Redis": redis_binary(),
        "anvil": ensure_anvil(),
    }
    found = []
    for name, binary in commands.items():
        said = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, check=True
        )
        number = _VERSION.search(said.stdout)
        found.append(f"{name} {number[0] if number else 'of unknown version'}")
    return found
