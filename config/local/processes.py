"""Child processes that never outlive us.

Three fences, because each has a hole:

1. every child leads its own process group: Ctrl-C reaches the supervisor only, and a stop reaches
   grandchildren too;
2. the kernel signals every child when its parent dies (PR_SET_PDEATHSIG): this holds even for
   SIGKILL of the parent;
3. leftovers of an earlier life carry a mark in their environment and are killed before a new
   start.

The second and third need Linux; elsewhere the first and the lock of the state directory remain.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
MARK = "BALLAST_CHILD_OF"
POLL_SECONDS = 0.01
LEFTOVER_SECONDS = 5
LOG_LINES = 12
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ServerError(RuntimeError):
    """A server could not be started or has ended; the message says which and shows its log."""


def die_with_parent(signum: int, parent: int) -> None:
    """Ask the kernel for `signum` when the parent is gone.

    It comes when the *thread* that started this process ends, so children are started from the
    main thread only; and it is forgotten on a change of user, so this comes last.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)


@dataclass(slots=True)
class Process:
    """One server: how to start it, when it is ready, how it ends."""

    name: str
    argv: Sequence[str | Path]
    log: Path
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM  # we stop it; the servers that it needs still run
    death_signal: signal.Signals = signal.SIGTERM  # we died, and the other servers die with us
    start_seconds: float = 30
    stop_seconds: float = 15
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it with a fresh log; that of the last run stays beside it as `.1`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        parent, death_signal = os.getpid(), self.death_signal
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [str(part) for part in self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                process_group=0,
                preexec_fn=lambda: die_with_parent(death_signal, parent),  # noqa: PLW1509  one thread
            )

    def wait_ready(self) -> float:
        """Seconds until it answered. Raises when it ends before, or does not answer in time."""
        started_at = time.monotonic()
        while not self.ready():
            self.check_alive()
            if time.monotonic() - started_at > self.start_seconds:
                raise ServerError(
                    f"{self.name} was not ready after {self.start_seconds:.0f} s\n{self.tail()}"
                )
            time.sleep(POLL_SECONDS)
        self.check_alive()  # somebody else's server may have answered
        return time.monotonic() - started_at

    def check_alive(self) -> None:
        if self.popen is not None and self.popen.poll() is not None:
            raise ServerError(
                f"{self.name} ended ({describe(self.popen.returncode)})\n{self.tail()}"
            )

    def stop(self) -> None:
        """Ask the leader, wait, then kill whatever is left of its group."""
        if self.popen is None:
            return
        if self.popen.poll() is None:
            self.popen.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(self.stop_seconds)
        kill_group(self.popen.pid)
        self.popen.wait()
        self.popen = None

    def tail(self) -> str:
        """The end of its log, indented."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join(f"  | {line}" for line in lines)


def describe(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit status {returncode}"


def kill_group(pgid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, signal.SIGKILL)


def marked(state: Path) -> list[int]:
    """Processes of this state directory; not zombies, which have neither environment nor program.

    PostgreSQL and Redis write their titles over their environment, but they work inside their data
    folders.
    """
    mark = os.fsencode(f"{MARK}={state}")
    at_work = {("postgres", state / "pg"), ("redis-server", state / "redis")}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # not ours, or gone meanwhile
            carries = mark in (folder / "environ").read_bytes().split(b"\0")
            program, place = (folder / "exe").readlink().name, (folder / "cwd").readlink()
            if carries or (program, place) in at_work:
                found.append(int(folder.name))
    return found


def kill_leftovers(state: Path) -> list[int]:
    """Kill children of a supervisor that is gone: only while holding the state directory's lock.

    Waits until they have gone: one that still holds its port would make the new start fail.
    """
    killed = []
    for pid in marked(state):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while any(Path(f"/proc/{pid}/exe").exists() for pid in killed):
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    return killed
