"""Processes of the crash tests: started by the nursery or by their own command, asked how they
ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from config.local.processes import MARK, die_with_parent, kill_group
from tests.chain.crash.messages import Answer, Request

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
LOOK_SECONDS = 0.01
START_SECONDS = 60


class NotInTimeError(AssertionError):
    """What was waited for did not happen before its deadline."""


def wait_for(happened: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise NotInTimeError(f"{what} did not happen within {seconds} s")
        time.sleep(LOOK_SECONDS)


class Child(Protocol):
    log: Path

    @property
    def returncode(self) -> int | None:
        """None while it runs."""

    def kill(self) -> None:
        """At once and for ever, if it still runs."""


@dataclass(slots=True)
class Nursery:
    """The connection to the program that forks."""

    _connection: Connection[Request, Answer]
    _ended: dict[int, int] = field(default_factory=dict)

    def start(self, argv: Sequence[str], *, log: Path, crash_at: str) -> Fledgling:
        self._connection.send(Request(tuple(argv), str(log), crash_at))
        while True:
            answer = self._next(START_SECONDS)
            if answer.returncode is None:
                return Fledgling(answer.pid, log, self)

    def returncode(self, pid: int) -> int | None:
        while self._connection.poll():
            self._next(0)
        return self._ended.get(pid)

    def _next(self, seconds: float) -> Answer:
        if not self._connection.poll(seconds):
            raise NotInTimeError(f"the nursery did not answer within {seconds} s")
        answer = self._connection.recv()
        if answer.returncode is not None:
            self._ended[answer.pid] = answer.returncode
        return answer


@dataclass(slots=True)
class Fledgling:
    """A child of the nursery."""

    pid: int
    log: Path
    _nursery: Nursery

    @property
    def returncode(self) -> int | None:
        return self._nursery.returncode(self.pid)

    def kill(self) -> None:
        if self.returncode is None:  # it is not yet buried, so the id is still its own
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            wait_for(lambda: self.returncode is not None, seconds=5, what="the end of a child")


@dataclass(slots=True)
class Command:
    """A process of its own from the first instruction."""

    log: Path
    _popen: subprocess.Popen[bytes]

    @property
    def returncode(self) -> int | None:
        return self._popen.poll()

    def kill(self) -> None:
        kill_group(self._popen.pid)
        self._popen.wait()


def command(argv: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Command:
    return Command(log, _popen(argv, log=log, env=env))


@contextmanager
def nursery(*, log: Path, env: Mapping[str, str]) -> Iterator[Nursery]:
    """Running until the context ends; its children end with it."""
    ours, theirs = Pipe()
    argv = [sys.executable, "-m", "tests.chain.crash.nursery", str(theirs.fileno())]
    process = _popen(argv, log=log, env=env, keep=theirs.fileno())
    theirs.close()
    try:
        yield Nursery(ours)
    finally:
        ours.close()
        kill_group(process.pid)
        process.wait()


def _popen(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str], keep: int | None = None
) -> subprocess.Popen[bytes]:
    """As `config.local.processes` does it: own group, dead with its parent, marked."""
    assert MARK in env
    parent = os.getpid()
    with log.open("wb") as out:
        return subprocess.Popen(  # noqa: S603  our own programs
            argv,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **env},
            process_group=0,
            pass_fds=() if keep is None else (keep,),
            preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent),  # noqa: PLW1509
        )
