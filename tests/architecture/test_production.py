"""Production settings as Django itself judges them, in a process of their own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

from tests.architecture.source import ROOT

GOOD = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "ALLOWED_HOSTS": "ballast.example",
    "DATABASE_URL": "postgres://ballast_app:x@database/ballast",
    "REDIS_URL": "redis://redis:6379",
    "RPC_URLS": "https://a.example/,https://b.example/,https://c.example/",
    "CHAIN_ID": "1",
    "SITE_URL": "https://ballast.example",
}


def check(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": secrets.token_urlsafe(60)}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment | GOOD | changes,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployment_check_is_clean() -> None:
    done = check()
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_production_does_not_start_on_the_local_chain() -> None:
    done = check(CHAIN_ID="31337")
    assert done.returncode != 0
    assert "CHAIN_ID is 31337" in done.stderr
