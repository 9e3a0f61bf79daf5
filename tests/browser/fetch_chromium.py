"""Find a Chromium for the browser tests, or install one; print its path.

Order: $CHROMIUM, a Chromium on the PATH, Playwright's own, then Debian's package (as root), then
Playwright's own command. Where none can be had this says which command to run: it fails when
BALLAST_REQUIRE_BROWSER is set and otherwise only warns, and the tests are skipped loudly. Standard
library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL_SECONDS = 600
HOW = (
    "No Chromium was found and none could be installed. Run `apt-get install chromium` as root, or "
    "`.venv/bin/python -m playwright install --with-deps chromium`, or set CHROMIUM to its path."
)


def find_chromium() -> str | None:
    """The path of an installed browser."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in on_path if path), None) or _of_playwright()


def _of_playwright() -> str | None:
    root = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    found = sorted(root.glob("chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None


def install() -> None:
    """By apt as root, else by Playwright; a failure is told by `find_chromium` finding nothing."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    if find_chromium() is None:
        _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _run(command: list[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(  # noqa: S603  our own command line
            command, check=False, timeout=INSTALL_SECONDS, env=environment, stdout=sys.stderr
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{command[0]}: {error}\n")


def main() -> int:
    if find_chromium() is None:
        install()
    found = find_chromium()
    sys.stderr.write(f"Chromium: {found}\n" if found else f"{HOW}\n")
    return 1 if found is None and os.environ.get("BALLAST_REQUIRE_BROWSER") else 0


if __name__ == "__main__":
    sys.exit(main())
