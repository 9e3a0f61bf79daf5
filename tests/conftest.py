"""One PostgreSQL and one Redis per test run, shared by the xdist workers; one anvil per worker.

The controller (or the only process, without xdist) owns the servers; workers find them by path,
because every address follows from the state directory. A second run on the same checkout is
refused with the way out. A run of nothing but `tests/unit` and `tests/architecture` starts no
server: those tests need none, and unit tests may not open a socket.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.conf import settings as django_settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from config.local import servers
from config.local.chain.cache import ensure_chain
from config.local.places import Places
from config.local.processes import ServerError, die_with_parent
from config.local.supervisor import Supervisor, only_one
from tests.kept import Once

TESTS = Path(__file__).parent
PLACES: Places = django_settings.PLACES
OWNED = pytest.StashKey[ExitStack]()
SERVERLESS = {"unit", "architecture"}
FOLDER_MARKERS = {
    "unit": "unit",
    "architecture": "architecture",
    "integration": "integration",
    "chain": "chain",
    "contracts": "contracts",
    "scenarios": "scenarios",
    "attacks": "attacks",
    "crosscheck": "crosscheck",
    "browser": "browser",
    "benchmarks": "benchmark",
}

# The same examples in each run; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis_settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile("explore", deadline=None, max_examples=2000, print_blob=True)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


# ---------------------------------------------------------------------------------------- servers
def room(path: Path) -> str:
    """The first folder below `tests`, empty for anything else."""
    try:
        return path.resolve().relative_to(TESTS).parts[0]
    except (ValueError, IndexError):
        return ""


def needs_servers(config: pytest.Config) -> bool:
    if config.option.collectonly:
        return False
    return any(room(Path(arg.split("::")[0])) not in SERVERLESS for arg in config.args)


@pytest.hookimpl(tryfirst=True)  # before xdist starts its workers
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput"):
        # Else it runs on until its test ends when the controller is killed, and its anvil with it.
        die_with_parent(signal.SIGKILL, os.getppid())
        return
    if not needs_servers(config):
        return
    owned = config.stash[OWNED] = ExitStack()
    try:
        owned.enter_context(only_one(PLACES.state))
        supervisor = owned.enter_context(Supervisor(PLACES.state, lambda _: None, signals=False))
        PLACES.prepare()
        processes = [servers.redis(PLACES, durable=False)]
        if "TEST_DATABASE_URL" not in os.environ:
            processes.append(servers.postgres(PLACES, durable=False))
        supervisor.start(*processes)
        if "TEST_DATABASE_URL" not in os.environ:
            servers.create_roles(PLACES)
    except ServerError as error:
        owned.close()
        pytest.exit(
            f"{error}\nTo run twice at once, give one run its own BALLAST_TEST_STATE.", returncode=3
        )


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if OWNED in config.stash:
        config.stash[OWNED].close()


# ---------------------------------------------------------------------------------------- folders
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder of a test is its marker, so that none can be forgotten."""
    for item in items:
        marker = FOLDER_MARKERS.get(room(item.path))
        if marker:
            item.add_marker(marker)


@pytest.fixture(autouse=True)
def no_socket_in_unit_tests(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit test reaches nothing: no network, no loopback, no unix socket, no database.

    The database driver opens its sockets below Python, so its fixtures are refused by name.
    """
    if room(request.path) != "unit":
        return
    if {"db", "transactional_db"} & set(request.fixturenames) or any(
        request.node.iter_markers("django_db")
    ):
        pytest.fail("a unit test has no database: move it to tests/integration", pytrace=False)

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a unit test opened a socket: move it to tests/integration")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# ---------------------------------------------------------------------------------------- chain
@dataclass(frozen=True, slots=True)
class Chain:
    """This worker's anvil with the cached local chain."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rpc(self, method: str, *params: object) -> Any:
        """The result of one call; None when the chain refuses it."""
        return servers.rpc(self.port, method, *params)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """As it was before, afterwards: blocks, time, the next base fee; nothing is pending."""
        pending = self.rpc("eth_getBlockByNumber", "pending", False)
        snapshot = self.rpc("evm_snapshot")
        yield
        self.rpc("anvil_dropAllTransactions")
        assert self.rpc("evm_revert", snapshot) is True
        self.rpc("anvil_setNextBlockBaseFeePerGas", pending["baseFeePerGas"])


@contextmanager
def running_chain(name: str) -> Iterator[Chain]:
    """An anvil with the cached chain. Its port is asked for, never fixed."""
    port = servers.free_port()
    process = servers.anvil(ensure_chain(), port, PLACES.logs / f"{name}-{worker_number()}.log")
    process.start()
    try:
        process.wait_ready()
        yield Chain(port)
    finally:
        process.stop()


def worker_number() -> int:
    number: int = django_settings.WORKER_NUMBER
    return number


@pytest.fixture(scope="session")
def chain_session() -> Iterator[Chain]:
    """One per worker."""
    with running_chain("anvil") as found:
        yield found


@pytest.fixture
def chain(chain_session: Chain, settings: Any) -> Iterator[Chain]:
    """A chain as it was. The settings point to it."""
    settings.RPC_URLS = [chain_session.url]
    with chain_session.undone():
        yield chain_session


# ---------------------------------------------------------------------------------------- rows
@pytest.fixture(scope="session")
def once(django_db_setup: None) -> Iterator[Once]:
    """The worker's database, migrated and empty, is there as long as this is."""
    with ExitStack() as stack:
        yield Once(stack)


# ---------------------------------------------------------------------------------------- servers
@pytest.fixture
def redis_url() -> str:
    """This worker's cache database."""
    return f"unix://{PLACES.redis_socket}?db={2 * worker_number() + 1}"


@pytest.fixture
def as_application(db: None) -> Iterator[None]:
    """The rest of the test runs with the rights of the service; tests connect as the owner."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE ballast_app")
    yield
    if not connection.needs_rollback:  # else the rollback that ends the test undoes it
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
