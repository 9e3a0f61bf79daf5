"""Start in order, watch, stop in reverse order."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.local.processes import MARK, Process, ServerError, kill_leftovers

WATCH_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(Exception):
    """Somebody asked us to stop; the text is the signal's name."""


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """One supervisor per state directory. The lock goes with the process, however it ends."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip()
            raise ServerError(f"already running with this state directory (pid {pid})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class Supervisor:
    """A context: on leaving, whatever was started is stopped, the last one first.

    Use it while holding `only_one`, and from the main thread. `say` gets one line per event.
    """

    def __init__(self, state: Path, say: Callable[[str], object], *, signals: bool = True) -> None:
        self._running: list[Process] = []
        self._state = state
        self._say = say
        self._signals = SIGNALS if signals else ()

    def __enter__(self) -> Supervisor:
        killed = kill_leftovers(self._state)
        if killed:
            self._say(f"killed leftovers of an earlier run: {killed}")
        for number in self._signals:
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._signals:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave orphans
        for process in reversed(self._running):
            started_at = time.monotonic()
            process.stop()
            self._say(f"stopped {process.name} in {time.monotonic() - started_at:.2f} s")

    @staticmethod
    def _on_signal(number: int, _: FrameType | None) -> None:
        raise StoppedError(signal.Signals(number).name)

    def start(self, *processes: Process) -> None:
        """Start all, then wait for each: servers that do not need each other come up together."""
        for process in processes:
            self._running.append(process)
            process.env = {**process.env, MARK: str(self._state)}
            process.start()
        for process in processes:
            seconds = process.wait_ready()
            self._say(f"{process.name} ready after {seconds:.2f} s")

    def check_alive(self) -> None:
        for process in self._running:
            process.check_alive()

    def watch(self) -> None:
        """Until a signal comes (StoppedError) or a server ends (ServerError)."""
        while True:
            self.check_alive()
            time.sleep(WATCH_SECONDS)
