"""The running demo, and what its processes hold in memory.

RSS counts a page in every process that maps it; PSS divides it among them, so that only PSS adds
up. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from config.local import servers
from config.local.processes import marked

START_SECONDS = 150
STOP_SECONDS = 60
KIB_PER_MIB = 1024
READY = re.compile(r"^READY after ([\d.]+) s", re.MULTILINE)
SAID = re.compile(r"^(\w+) ready after ([\d.]+) s$|^(migrated) in ([\d.]+) s$", re.MULTILINE)
LEADERS = {
    "bin/postgres ": "PostgreSQL",
    "postgres: ": "PostgreSQL",  # its children lead groups of their own
    "redis-server ": "Redis",
    "granian": "web server",
    " worker ": "Celery worker",
    " beat ": "Celery beat",
    "anvil": "anvil (demo only)",
    "manage.py demo_life": "market and people (demo only)",
    "manage.py demo": "supervisor (demo only)",
}
"""What the command line of a process group's leader holds; the first that fits."""
SPLIT = {"web server", "Celery worker"}  # the main process and its children apart
DEMO_ONLY = "(demo only)"


@dataclass(frozen=True, slots=True)
class Share:
    """The processes of one row: how many, and their memory."""

    processes: int
    pss_mib: float
    rss_mib: float


@dataclass(frozen=True, slots=True)
class Demo:
    process: subprocess.Popen[bytes]
    state: Path
    log: Path

    def check_alive(self) -> None:
        assert self.process.poll() is None, self.log.read_text()[-3000:]

    @property
    def seconds(self) -> dict[str, str]:
        """What it said about its own start: part -> seconds, as written."""
        text = self.log.read_text()
        found = {name or other: one or two for name, one, other, two in SAID.findall(text)}
        ready = READY.search(text)
        return found | ({"READY": ready[1]} if ready else {})

    def shares(self) -> dict[str, Share]:
        """Row -> memory now; in the order of `LEADERS`, main processes before their children."""
        self.check_alive()
        found: dict[str, list[tuple[float, float]]] = {}
        for pid in (self.process.pid, *marked(self.state)):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # it has just ended
                found.setdefault(_row(pid), []).append(_memory(pid))
        names = list(LEADERS.values())
        return {
            row: Share(len(held), sum(pss for pss, _ in held), sum(rss for _, rss in held))
            for row, held in sorted(
                found.items(), key=lambda item: (names.index(item[0].split(": ")[0]), item[0])
            )
        }


@contextlib.contextmanager
def running_demo() -> Iterator[Demo]:
    """`manage.py demo` from nothing, on a state directory and ports of its own, until READY."""
    with tempfile.TemporaryDirectory(prefix="ballast-") as folder:
        state = Path(folder).resolve() / "state"
        log = state.with_name("demo.log")
        environment = {
            **os.environ,
            "BALLAST_STATE": str(state),
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
        }
        with log.open("wb") as output:
            demo = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(servers.free_port())],
                cwd=settings.BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            started = Demo(demo, state, log)
            _wait_ready(started)
            yield started
        finally:
            demo.send_signal(signal.SIGINT)
            try:
                demo.wait(STOP_SECONDS)
            finally:
                demo.kill()


def _wait_ready(demo: Demo) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "READY" not in demo.seconds:
        demo.check_alive()
        assert time.monotonic() < deadline, demo.log.read_text()[-3000:]
        time.sleep(0.1)


def _row(pid: int) -> str:
    """Each server of the supervisor leads its own process group."""
    leader = os.getpgid(pid)
    command = Path(f"/proc/{leader}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    name = next((row for text, row in LEADERS.items() if text in command), None)
    assert name is not None, f"a process that nobody knows: {command}"
    if name not in SPLIT:
        return name
    return f"{name}: {'main' if pid == leader else 'workers'}"


def _memory(pid: int) -> tuple[float, float]:
    """PSS and RSS in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return kib["Pss"] / KIB_PER_MIB, kib["Rss"] / KIB_PER_MIB
