"""What other tests rely on: rights of the two roles, a chain that is reset, health, the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from config.local import servers
from config.local.processes import marked
from tests.conftest import Chain

ACCOUNT = "0x000000000000000000000000000000000000dEaD"


@pytest.mark.django_db
@pytest.mark.usefixtures("as_application")
def test_the_service_reads_and_writes_rows_but_owns_no_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        cursor.execute("DELETE FROM django_session")
        for statement in (
            "DROP TABLE django_session",
            "TRUNCATE django_session",
            "ALTER TABLE django_session DISABLE TRIGGER ALL",
        ):
            with (
                pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
                transaction.atomic(),
            ):
                cursor.execute(statement)


@pytest.mark.parametrize("number", range(2))
def test_the_chain_is_reset_between_tests(chain: Chain, number: int) -> None:
    assert chain.rpc("eth_getBalance", ACCOUNT, "latest") == "0x0"
    chain.rpc("anvil_setBalance", ACCOUNT, hex(number + 1))
    assert chain.rpc("eth_getBalance", ACCOUNT, "latest") == hex(number + 1)


def test_alive() -> None:
    for path in ("/healthz", "/healthz/"):
        assert Client().get(path).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("chain")
def test_ready_when_everything_answers() -> None:
    answer = Client().get("/readyz")
    assert answer.json() == {"database": "ok", "redis": "ok", "rpc": "ok"}
    assert answer.status_code == 200


@pytest.mark.django_db
def test_not_ready_without_a_chain_and_without_a_word_about_where_it_is() -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "redis": "ok", "rpc": "failing"}


@pytest.mark.django_db
def test_not_ready_on_a_foreign_chain(chain: Chain, settings: pytest.FixtureRequest) -> None:
    settings.CHAIN_ID = 1  # type: ignore[attr-defined]
    assert Client().get("/readyz").json()["rpc"] == "failing"


@pytest.mark.full
def test_demo_starts_answers_and_leaves_nothing() -> None:
    """The real command with all six servers, ended by Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="ballast-") as folder:
        state, port = Path(folder).resolve(), servers.free_port()
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "BALLAST_STATE": str(state),
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if line.startswith("READY"):
                break
        assert lines[-1].startswith("READY"), "".join(lines)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)
        assert demo.returncode == 0, rest
        assert "stopped by SIGINT" in rest
        assert marked(state) == []
