"""`manage.py scenario NAME`: run one scripted life of a treasury and let the judge speak."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.local import servers
from config.local.processes import ServerError
from config.local.scenarios.registry import SCENARIOS
from config.local.scenarios.run import run_scenario
from config.local.scenarios.sabotage import SABOTAGES
from config.local.supervisor import StoppedError

OWN_WORLD = "BALLAST_SCENARIO"


class Command(BaseCommand):
    help = "Run a scenario on its own database and chain; exit 0 only if every invariant holds."
    requires_system_checks: tuple[str, ...] = ()  # the database is not up yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(SCENARIOS))
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", action="store_true", help="one JSON object per line")
        parser.add_argument(
            "--sabotage",
            action="append",
            choices=sorted(SABOTAGES),
            help="spoil the end (exit 1); several are judged one by one",
        )
        parser.add_argument("--keep", action="store_true", help="keep the state directory")

    def handle(self, *_: Any, **options: Any) -> None:
        if OWN_WORLD not in os.environ:
            self._become_own_world(f"{options['name']}-{options['seed']}")
        state: Path = settings.STATE
        say = self._silent if options["json"] else self._say
        tell = self._json if options["json"] else self._line
        try:
            holds = run_scenario(
                SCENARIOS[options["name"]],
                seed=options["seed"],
                sabotages=options["sabotage"] or (),
                say=say,
                tell=tell,
            )
        except StoppedError as stopped:
            raise CommandError(f"stopped by {stopped}") from stopped
        except ServerError as error:
            raise CommandError(str(error), returncode=2) from error
        finally:
            if not options["keep"]:
                shutil.rmtree(state, ignore_errors=True)
        if not holds:
            sys.exit(1)

    def _become_own_world(self, name: str) -> None:
        """Settings are read once, at start: begin again with a state directory and a port of our
        own."""
        state = Path(settings.BASE_DIR) / ".local" / "scenarios" / f"{name}-{os.getpid()}"
        os.environ.update(
            {
                OWN_WORLD: name,
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "BALLAST_STATE": str(state),
                "RPC_URL": f"http://127.0.0.1:{servers.free_port()}",
            }
        )
        for replaced in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "RPC_URLS"):
            os.environ.pop(replaced, None)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  ourselves

    def _silent(self, _: str) -> None:
        return None

    def _say(self, text: str) -> None:
        self.stderr.write(text)

    def _json(self, record: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(record, sort_keys=True))
        self.stdout.flush()

    def _line(self, record: dict[str, Any]) -> None:
        self.stdout.write("  ".join(f"{key}={value}" for key, value in record.items()))
        self.stdout.flush()
