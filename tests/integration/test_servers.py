"""The embedded servers: they work, their state lasts, and none outlives its supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from config.local import servers
from config.local.chain.cache import ensure_chain
from config.local.places import Places
from config.local.processes import MARK, Process, ServerError, marked
from config.local.supervisor import Supervisor, only_one

ACCOUNT = "0x000000000000000000000000000000000000dEaD"
PATIENCE_SECONDS = 30
# A supervisor of its own, as `manage.py demo` is one.
SUPERVISOR = """
import sys
from pathlib import Path
from config.local import servers
from config.local.chain.cache import ensure_chain
from config.local.places import Places
from config.local.supervisor import StoppedError, Supervisor, only_one
places = Places(Path(sys.argv[1]))
try:
    with only_one(places.state), Supervisor(places.state, print) as supervisor:
        places.prepare()
        anvil = servers.anvil(
            ensure_chain(), int(sys.argv[2]), places.logs / "anvil.log",
            keep=places.state / "anvil.json",
        )
        supervisor.start(servers.postgres(places, durable=False), servers.redis(places), anvil)
        print("READY", flush=True)
        supervisor.watch()
except StoppedError as stopped:
    print(f"stopped by {stopped}", flush=True)
"""


@pytest.fixture
def state() -> Iterator[Path]:
    """A state directory with a short path: sockets live in it."""
    with tempfile.TemporaryDirectory(prefix="ballast-") as folder:
        yield Path(folder).resolve()


def start_supervisor(state: Path, port: int) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(state), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert started.stdout is not None
    lines = []
    for line in started.stdout:
        lines.append(line)
        if line.startswith("READY"):
            return started
    raise AssertionError("".join(lines))


def head(port: int) -> dict[str, str]:
    block = servers.rpc(port, "eth_getBlockByNumber", "latest", False)
    assert isinstance(block, dict)
    return {name: block[name] for name in ("number", "hash", "timestamp")}


def until(happened: Callable[[], bool]) -> bool:
    """Whether it happens in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def all_gone(state: Path) -> bool:
    return until(lambda: not marked(state))


def written(state: Path) -> int | None:
    """The newest block of the state that anvil wrote last; it writes once a second."""
    try:
        return int(json.loads((state / "anvil.json").read_bytes())["block"]["number"], 16)
    except (FileNotFoundError, ValueError):  # not yet, or in the middle of writing
        return None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_its_supervisor(state: Path, number: signal.Signals) -> None:
    supervisor = start_supervisor(state, servers.free_port())
    assert len(marked(state)) >= 3  # PostgreSQL with its helpers, Redis, anvil
    supervisor.send_signal(number)
    supervisor.communicate(timeout=30)
    assert all_gone(state)
    assert supervisor.returncode == (-number if number == signal.SIGKILL else 0)


def test_chain_and_queue_survive_a_kill_of_the_supervisor(state: Path) -> None:
    places, port = Places(state), servers.free_port()
    first = start_supervisor(state, port)
    servers.rpc(port, "anvil_setBalance", ACCOUNT, "0x7b")
    servers.rpc(port, "anvil_mine", "0x1")
    before = head(port)
    with Redis.from_url(f"unix://{places.redis_socket}") as client:
        client.lpush("queue", "item")
    assert until(lambda: written(state) == int(before["number"], 16))
    first.kill()
    first.communicate(timeout=30)
    assert all_gone(state)

    second = start_supervisor(state, port)
    try:
        assert servers.rpc(port, "eth_getBalance", ACCOUNT, "latest") == "0x7b"
        assert head(port) == before
        servers.wake(port, 3)
        third = head(port)
        assert int(third["number"], 16) == int(before["number"], 16) + 3
        assert 0 < int(third["timestamp"], 16) - int(before["timestamp"], 16) < 60  # it slept
        ago = hex(int(third["number"], 16) - 2)
        assert servers.rpc(port, "eth_getBalance", ACCOUNT, ago) == "0x7b"
        with Redis.from_url(f"unix://{places.redis_socket}") as client:
            assert client.llen("queue") == 1
    finally:
        second.terminate()
        second.communicate(timeout=30)


def test_a_second_supervisor_is_refused(state: Path) -> None:
    refused = pytest.raises(ServerError, match=rf"already running .*pid {os.getpid()}")
    with only_one(state), refused:
        only_one(state).__enter__()
    with only_one(state):
        pass  # released


def test_a_leftover_is_killed_before_a_new_start(state: Path) -> None:
    """One whose supervisor is gone and whom the parent-death signal did not reach."""
    leftover = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env={**os.environ, MARK: str(state)},
        start_new_session=True,
    )
    try:
        said: list[str] = []
        assert until(lambda: leftover.pid in marked(state))
        with only_one(state), Supervisor(state, said.append, signals=False):
            pass
        assert leftover.wait(PATIENCE_SECONDS) == -signal.SIGKILL
        assert said == [f"killed leftovers of an earlier run: [{leftover.pid}]"]
    finally:
        leftover.kill()


def test_a_server_that_ends_is_named_with_the_end_of_its_log(state: Path) -> None:
    argv = [sys.executable, "-c", "import sys; sys.exit('no such luck')"]
    process = Process("thing", argv, state / "log" / "thing.log", lambda: False)
    refused = pytest.raises(ServerError, match=r"thing ended \(exit status 1\)\n  \| no such luck")
    with Supervisor(state, lambda _: None, signals=False) as supervisor, refused:
        supervisor.start(process)


def test_a_server_that_never_answers_is_given_up(state: Path) -> None:
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    log = state / "log" / "thing.log"
    process = Process("thing", argv, log, lambda: False, start_seconds=0.1)
    refused = pytest.raises(ServerError, match="thing was not ready after 0 s")
    with Supervisor(state, lambda _: None, signals=False) as supervisor, refused:
        supervisor.start(process)
    assert all_gone(state)


def test_anvil_takes_further_flags(state: Path) -> None:
    port = servers.free_port()
    process = servers.anvil(ensure_chain(), port, state / "anvil.log", flags=["--no-mining"])
    process.start()
    try:
        process.wait_ready()
        assert servers.rpc(port, "anvil_getAutomine") is False
    finally:
        process.stop()


def test_sockets_move_when_the_path_is_too_long(tmp_path: Path) -> None:
    deep = Places(tmp_path / ("x" * 90))
    assert len(os.fsencode(deep.sockets)) < 80
    assert deep.sockets == Places(deep.state).sockets != Places(tmp_path / ("y" * 90)).sockets


def test_redis_of_this_run(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.set("a", "1")
        assert client.get("a") == b"1"
        client.delete("a")
