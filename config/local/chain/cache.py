"""The built chain in the user's cache: built once per version of packages, builder and anvil.

The dump holds others' bytecode and is therefore made on each machine and never committed. Times,
fees and keys are fixed, so every machine gets the same blocks; the head's hash stands beside the
dump and is compared after each load.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.local.chain import node
from config.local.chain.builder.assemble import GENESIS_TIMESTAMP, build_chain
from config.local.chain.builder.packages import (
    HERE,
    cache_root,
    ensure_artefacts,
    fingerprint,
)
from config.local.chain.deployment import Deployment
from config.local.chain.rpc import Rpc
from config.local.fetch_anvil import ensure_anvil

_MANIFEST: Final = "manifest.json"
_STATE: Final = "state.json"
KEPT_STATES: Final = 4  # the head and what `finalized` may lag behind it


class ChainCacheError(Exception):
    """The stored chain is not the one that was built. Remove its folder and build again."""


@dataclass(frozen=True)
class ChainCache:
    state_path: Path
    manifest: Deployment
    head_hash: str

    def arguments(self, *, port: int, automine: bool) -> list[str]:
        """The anvil command line that continues this chain."""
        return node.node_arguments(
            port=port,
            timestamp=self.manifest.head_timestamp,
            state=self.state_path,
            automine=automine,
        )

    def require_head(self, rpc: Rpc) -> None:
        """To be asked right after loading: is this the chain that was built?"""
        found = rpc.block()["hash"]
        if found != self.head_hash:
            raise ChainCacheError(f"head is {found}, built was {self.head_hash}")


def ensure_chain(say: Callable[[str], None] | None = None) -> ChainCache:
    """The stored chain, built first where this machine does not have it yet (5 to 20 s)."""
    folder = cache_root() / f"chain-{_key()}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / "chain.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _build_into(folder, say or _silent)
    return _read(folder)


def build_into(folder: Path, say: Callable[[str], None] | None = None) -> ChainCache:
    """Build a chain into an existing empty folder, beside whatever is cached."""
    manifest, head_hash = _built(folder / _STATE, say or _silent)
    digest = hashlib.sha256((folder / _STATE).read_bytes()).hexdigest()
    record = {"head_hash": head_hash, "state_sha256": digest, "deployment": manifest.to_json()}
    (folder / _MANIFEST).write_text(json.dumps(record))
    cache = _read(folder)
    with running_chain(cache):
        pass
    return cache


@contextmanager
def running_chain(cache: ChainCache, *, automine: bool = False) -> Iterator[node.Node]:
    """A node of one's own on a free port that continues the stored chain."""
    manifest = cache.manifest
    with node.running_node(
        timestamp=manifest.head_timestamp, state=cache.state_path, automine=automine
    ) as running:
        rpc = running.rpc()
        cache.require_head(rpc)
        rpc.close()
        yield running


def _silent(_: str) -> None:
    return None


def _key() -> str:
    """Hash of everything that decides what the chain looks like."""
    version = subprocess.run(
        [str(ensure_anvil()), "--version"], capture_output=True, check=True
    ).stdout
    digest = hashlib.sha256(fingerprint().encode() + version)
    for file in sorted(HERE.rglob("*.py")):
        digest.update(file.relative_to(HERE).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _build_into(folder: Path, say: Callable[[str], None]) -> None:
    """Build beside the target and rename: a broken build leaves nothing that looks finished."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix="chain-build-"))
    try:
        build_into(scratch, say)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _built(state: Path, say: Callable[[str], None]) -> tuple[Deployment, str]:
    artefacts = ensure_artefacts(say)
    dump = ("--dump-state", str(state), "--preserve-historical-states")
    with node.running_node(timestamp=GENESIS_TIMESTAMP, automine=False, extra=dump) as running:
        rpc = running.rpc()
        manifest = build_chain(rpc, artefacts, say)
        head_hash = str(rpc.block()["hash"])
        rpc.close()
    _slim(state, head_hash)
    return manifest, head_hash


def _slim(state: Path, head_hash: str) -> None:
    """Drop execution traces and the states of all but the last blocks: 97 % of the dump.

    Receipts and logs of the whole history stay. The states that stay are those which a reader of
    the `safe` or `finalized` block asks for before anything new is mined.
    """
    document = json.loads(state.read_text())
    for transaction in document["transactions"]:
        transaction["info"]["traces"] = []
    parents = {
        int(b["header"]["number"], 16): b["header"]["parentHash"] for b in document["blocks"]
    }
    head = max(parents)
    kept = {head_hash} | {parents[head - age] for age in range(KEPT_STATES - 1)}
    document["historical_states"] = [
        entry for entry in document["historical_states"] if entry[0] in kept
    ]
    state.write_text(json.dumps(document, separators=(",", ":")))


def _read(folder: Path) -> ChainCache:
    record = json.loads((folder / _MANIFEST).read_text())
    state = folder / _STATE
    if hashlib.sha256(state.read_bytes()).hexdigest() != record["state_sha256"]:
        raise ChainCacheError(f"{state} was changed after it was built; remove {folder}")
    manifest = Deployment.from_json(record["deployment"])
    return ChainCache(state_path=state, manifest=manifest, head_hash=record["head_hash"])
