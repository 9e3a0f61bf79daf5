"""`manage.py demo`: the whole service in the foreground, until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from config.celery import app as celery_app
from config.local import servers
from config.local.chain.cache import ensure_chain
from config.local.chain.market import Market
from config.local.fetch_anvil import AnvilError
from config.local.management.commands.demo_life import TOKEN
from config.local.places import Places
from config.local.price_api import Quotation, price_api
from config.local.processes import Process, ServerError
from config.local.seed.treasury import (
    PASSWORD,
    SIGNERS,
    STAFF,
    Seeded,
    issue_reader_token,
    seed_treasury,
)
from config.local.supervisor import StoppedError, Supervisor, only_one
from governance.selectors.proposals import all_proposals
from treasury.selectors.portfolio import treasuries

if TYPE_CHECKING:
    from governance.models import Proposal

BIN = Path(sys.executable).parent
PORT = 8000
TELL_SECONDS = 0.5
WORKER_NAME = "demo@%h"
KEPT = {"lock", "test"}  # our own lock, and what belongs to a run of the tests


class Command(BaseCommand):
    help = "Start PostgreSQL, Redis, anvil, web server, worker and beat; stop them all on Ctrl-C."
    requires_system_checks: tuple[str, ...] = ()  # the database is not up yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=PORT, help="of the web server")
        parser.add_argument("--manual", action="store_true", help="leave the signing to people")
        parser.add_argument("--reset", action="store_true", help="forget the last demo first")

    def handle(self, *_: Any, **options: Any) -> None:
        places: Places = settings.PLACES
        started_at = time.monotonic()
        try:
            with only_one(places.state), Supervisor(places.state, self.say) as supervisor:
                if options["reset"]:
                    forget(places.state)
                self.start(supervisor, places, options["port"], manual=options["manual"])
                seconds = time.monotonic() - started_at
                self.say(f"READY after {seconds:.1f} s: http://127.0.0.1:{options['port']}/")
                self.say(f"Sign in there as {', '.join(STAFF)} or {', '.join(SIGNERS)}: {PASSWORD}")
                self.say("Look inside from another terminal: .venv/bin/python manage.py proposals")
                self.say("Ctrl-C stops everything.")
                self.watch(supervisor)
        except StoppedError as stopped:
            self.say(f"stopped by {stopped}")
        except (ServerError, AnvilError) as error:
            raise CommandError(str(error)) from error

    def say(self, line: str) -> None:
        """At once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()

    def watch(self, supervisor: Supervisor) -> None:
        """Until a signal comes or a process ends; tells what becomes of each proposal meanwhile."""
        told: dict[str, str] = {}
        began_at = time.monotonic()
        while True:
            supervisor.check_alive()
            for row in all_proposals().order_by("pk"):
                news = describe(row)
                if told.get(row.public_id) != news:
                    told[row.public_id] = news
                    self.say(f"{time.monotonic() - began_at:4.0f} s  {news}")
            time.sleep(TELL_SECONDS)

    def start(self, supervisor: Supervisor, places: Places, port: int, *, manual: bool) -> None:
        """Servers, then tables, then our own processes, each only when the one before is ready."""
        wanted = [("web server", port)]
        if "anvil" in settings.EMBEDDED:
            wanted.append(("anvil", places.rpc_port))
        for name, number in wanted:
            if not servers.port_is_free(number):
                raise ServerError(f"port {number} for the {name} is taken")
        places.prepare()
        continued = chain_file(places).exists()
        supervisor.start(*embedded_servers(places, self.say))
        if "anvil" in settings.EMBEDDED and continued:
            servers.wake(places.rpc_port, settings.FINALITY_DEPTH + 1)
        if "PostgreSQL" in settings.EMBEDDED:
            servers.create_roles(places)
        self.migrate()
        if not Path(settings.AUDIT_ANCHOR_KEYFILE).exists():
            call_command("anchor_audit", new_key=True, stdout=StringIO(), stderr=StringIO())
        seeded = self.seed(places)
        supervisor.start(*own_processes(places, port))
        supervisor.start(life(places, port, token=reader_token(), manual=manual))
        if seeded is not None:
            seeded.shift_strategy()

    def migrate(self) -> None:
        """In this process, over the owner's connection: a second interpreter would cost 1.5 s."""
        started_at = time.monotonic()
        call_command("migrate", database="owner", verbosity=0)
        connections["owner"].close()
        self.say(f"migrated in {time.monotonic() - started_at:.2f} s")

    def seed(self, places: Places) -> Seeded | None:
        """The local treasury, the first time; None when the database holds one already."""
        if treasuries():
            return None
        rpc_url, manifest = settings.RPC_URLS[0], ensure_chain(self.say).manifest
        with (
            closing(Market(rpc_url, manifest, seed=1)) as market,
            price_api(
                lambda: Quotation(market.prices, market.timestamp), port=places.price_api_port
            ),
        ):
            market.hold(12)
            seeded = seed_treasury(manifest, rpc_url=rpc_url, price_api_url=places.price_api_url)
        connections.close_all()
        self.say(f"seeded {seeded.treasury}: three tiers, three Safes, eleven people")
        return seeded


def describe(row: Proposal) -> str:
    """One line: tier, route, value, where it stands."""
    hashes = row.transaction.mined_tx_hash if row.transaction else ""
    stands = f"{row.state} {row.outcome}".strip() + (f" in {hashes}" if hashes else "")
    return f"{row.tier.name}: {row.route} proposal of {row.value_usd:,.2f} USD is {stands}"


def forget(state: Path) -> None:
    """Everything of the last demo but what `KEPT` names."""
    for entry in state.iterdir():
        if entry.name in KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def chain_file(places: Places) -> Path:
    return places.state / "anvil.json"


def embedded_servers(places: Places, say: Callable[[str], None]) -> list[Process]:
    """Those that the environment does not replace by servers of its own."""
    processes = []
    if "PostgreSQL" in settings.EMBEDDED:
        processes.append(servers.postgres(places))
    if "Redis" in settings.EMBEDDED:
        processes.append(servers.redis(places))
    if "anvil" in settings.EMBEDDED:
        processes.append(
            servers.anvil(
                ensure_chain(say),
                places.rpc_port,
                places.logs / "anvil.log",
                keep=chain_file(places),
            )
        )
    return processes


def environment(places: Places) -> dict[str, str]:
    """By which our own processes find everything."""
    return {
        "BALLAST_STATE": str(places.state),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "PYTHONUNBUFFERED": "1",
    }


def reader_token() -> str:
    """For the people whom the demo plays, anew with each start."""
    token = issue_reader_token(treasuries()[0].pk)
    connections.close_all()
    return token


def life(places: Places, port: int, *, token: str, manual: bool) -> Process:
    """Market and people: the rest of the world."""
    log = places.logs / "life.log"
    argv: list[str | Path] = [
        Path(sys.executable), "manage.py", "demo_life", "--base-url", f"http://127.0.0.1:{port}"
    ]  # fmt: skip
    return Process(
        "life", [*argv, *(["--manual"] if manual else [])], log,
        lambda: "block " in log.read_text(errors="replace"),
        environment(places) | {TOKEN: token}, start_seconds=60,
    )  # fmt: skip


def own_processes(places: Places, port: int) -> list[Process]:
    """Web server, worker, beat."""
    env = environment(places) | {"SITE_URL": os.environ.get("SITE_URL", f"http://127.0.0.1:{port}")}
    beat_log = places.logs / "beat.log"
    web = Process(
        "web",
        [
            BIN / "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "1", "--blocking-threads", "4", "config.local.entry:application",
        ],
        places.logs / "web.log", lambda: healthy(port), env, start_seconds=60,
    )  # fmt: skip
    worker = Process(
        "worker",
        [
            BIN / "celery", "-A", "config.local.entry", "worker", "-n", WORKER_NAME,
            "--pool", "prefork", "--concurrency", "2", "--without-mingle", "--without-gossip",
            "-Q", f"{settings.CELERY_TASK_DEFAULT_QUEUE},{settings.EXECUTION_QUEUE}",
        ],
        places.logs / "worker.log", worker_answers, env, start_seconds=60,
        # Soft shutdown, bounded by worker_soft_shutdown_timeout; SIGTERM waits for running tasks.
        # Without its broker a worker hangs in either: when we die, it has to be killed.
        stop_signal=signal.SIGQUIT, death_signal=signal.SIGKILL,
    )  # fmt: skip
    beat = Process(
        "beat",
        [
            BIN / "celery", "-A", "config", "beat", "--pidfile", "", "-l", "INFO",
            "--schedule", places.state / "beat-schedule",
        ],
        beat_log, lambda: "beat: Starting" in beat_log.read_text(errors="replace"),
        env | {"LOG_LEVEL": "INFO"},
        death_signal=signal.SIGKILL, start_seconds=60,
    )  # fmt: skip
    return [web, worker, beat]


def healthy(port: int) -> bool:
    try:
        address = f"http://127.0.0.1:{port}/readyz"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, urllib.error.URLError):
        return False


def worker_answers() -> bool:
    try:
        return bool(celery_app.control.inspect(timeout=0.2, limit=1).ping())
    except OSError:
        return False
