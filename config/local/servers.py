"""The servers of the embedded stack: PostgreSQL, Redis, anvil. Each is described as a `Process`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from config.local.chain.accounts import CHAIN_ID
from config.local.chain.cache import ChainCache
from config.local.chain.node import node_arguments
from config.local.places import Places, postgres_binary, redis_binary
from config.local.processes import Process, ServerError

OWNER, APP, DATABASE = "ballast_owner", "ballast_app", "ballast"
RPC_SECONDS = 5


# ------------------------------------------------------------------------------------ PostgreSQL
def as_other_user() -> list[str]:
    """PostgreSQL refuses root. A user namespace in which root is called `nobody` satisfies it.

    No account is created and no file changes its owner or mode. (The package's own starter makes
    an account and opens every parent folder to everybody, which is why only its binaries are
    used.)
    """
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]
    allowed = shutil.which("unshare") and not (
        subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode
    )
    if not allowed:
        raise ServerError(
            "PostgreSQL does not run as root and this system forbids user namespaces:\n"
            "run as an ordinary user, or set DATABASE_URL to a server."
        )
    return prefix


def initialise(data: Path) -> None:
    """Make the cluster once. `builtin C.UTF-8` sorts by code point, the same on every machine."""
    if (data / "PG_VERSION").exists():
        return
    fresh = data.with_name(f"{data.name}.new")  # an interrupted initdb leaves no half cluster
    shutil.rmtree(fresh, ignore_errors=True)
    argv = [
        *as_other_user(), str(postgres_binary("initdb")), "-D", str(fresh), "-U", OWNER,
        "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
        "--no-sync", "--no-instructions",
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"initdb failed\n{done.stderr}")
    fresh.rename(data)


def postgres(places: Places, *, durable: bool = True) -> Process:
    """`durable=False` is for tests: a crash of the machine, not of the server, may lose data."""
    initialise(places.state / "pg")
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(places.sockets),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "max_connections": "100",
        "log_min_messages": "warning",
    }
    if not durable:
        options |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_wal_size": "2GB",
        }
    settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
    prefix = as_other_user()
    if prefix and shutil.which(
        "setpriv"
    ):  # entering the namespace made the kernel forget the signal
        prefix = [*prefix, "setpriv", "--pdeathsig", "INT", "--"]
    return Process(
        name="PostgreSQL",
        argv=[*prefix, postgres_binary("postgres"), "-D", places.state / "pg", *settings],
        log=places.logs / "postgres.log",
        ready=lambda: _postgres_answers(places),
        stop_signal=signal.SIGINT,  # "fast"; SIGTERM would wait for every client to leave
        death_signal=signal.SIGINT,
    )


def connect(places: Places, database: str) -> psycopg.Connection[tuple[object, ...]]:
    """As the owner, each statement its own transaction."""
    return psycopg.connect(
        host=str(places.sockets), user=OWNER, dbname=database, connect_timeout=3, autocommit=True
    )


def _postgres_answers(places: Places) -> bool:
    try:
        connect(places, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def create_roles(places: Places) -> None:
    """The service's role owns nothing: only the owner, who migrates, could rewrite records.

    Rights on future tables are set in the template database too: databases of tests are copies of
    it.
    """
    with connect(places, "postgres") as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APP)))
    grant_rights(places, "template1")
    with connect(places, "postgres") as connection:
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(known, [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def grant_rights(places: Places, database: str) -> None:
    with connect(places, database) as connection:
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {app}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} "
            "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app}",
        ):
            connection.execute(
                sql.SQL(statement).format(app=sql.Identifier(APP), owner=sql.Identifier(OWNER))
            )


# ------------------------------------------------------------------------------------ Redis
def redis(places: Places, *, durable: bool = True) -> Process:
    """No port, no snapshots, no eviction: a queue that forgets under pressure is no queue."""
    data = places.state / "redis"
    data.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(places.redis_socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "databases": "64",
    }
    flags = [part for key, value in options.items() for part in (f"--{key}", value)]
    return Process(
        name="Redis",
        argv=[redis_binary(), *flags],
        log=places.logs / "redis.log",
        ready=lambda: _redis_answers(places.redis_socket),
    )


def _redis_answers(path: Path) -> bool:
    """PING until PONG: while the append-only file loads, Redis answers -LOADING."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


# ------------------------------------------------------------------------------------ anvil
def anvil(
    cache: ChainCache,
    port: int,
    log: Path,
    *,
    keep: Path | None = None,
    flags: Sequence[str] = (),
) -> Process:
    """The local chain, from the state that was built once for this machine.

    With `keep`, its state goes to this file each second and at the end, and a later start continues
    there: its clock too, so the chain sleeps while it is not running. `flags` are further flags,
    for example `["--no-mining"]`.
    """
    if keep is not None and keep.exists():
        argv = node_arguments(port=port, timestamp=head_timestamp(keep))
        argv += ["--state", str(keep), "--state-interval", "1"]
    else:
        argv = cache.arguments(port=port, automine=True)
        argv += ["--dump-state", str(keep), "--state-interval", "1"] if keep else []
    return Process(
        name="anvil",
        argv=[*argv, *flags],
        log=log,
        ready=lambda: rpc(port, "eth_chainId") == hex(CHAIN_ID),
    )


def head_timestamp(state: Path) -> int:
    """Of the newest block in a state that anvil wrote."""
    try:
        return int(json.loads(state.read_bytes())["block"]["timestamp"], 16)
    except (ValueError, KeyError, TypeError) as error:
        raise ServerError(f"{state} is no state of anvil: `make clean` forgets it") from error


def wake(port: int, blocks: int) -> None:
    """A written state holds the head only: new blocks give readers of older blocks a past."""
    rpc(port, "anvil_mine", hex(blocks), hex(1))  # a second apart


def rpc(port: int, method: str, *params: object) -> object:
    """One call to a chain on this machine; None when nobody answers or the chain refuses."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}", body, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=RPC_SECONDS) as answer:  # noqa: S310  our own
            reply: dict[str, object] = json.load(answer)
    except (OSError, urllib.error.URLError):
        return None
    return reply.get("result")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
