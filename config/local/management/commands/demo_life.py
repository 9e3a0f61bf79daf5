"""`manage.py demo_life`: market and people of the demo. Started by `manage.py demo`."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.local.chain.cache import ensure_chain
from config.local.life import live

TOKEN = "BALLAST_PEOPLE_TOKEN"  # noqa: S105  the variable's name


class Command(BaseCommand):
    help = "Move the local market and play the signers of the demo, until stopped."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", required=True)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--manual", action="store_true", help="leave the signing to people")

    def handle(self, *_: Any, **options: Any) -> None:
        live(
            base_url=options["base_url"],
            token=os.environ[TOKEN],
            rpc_url=settings.RPC_URLS[0],
            price_api_port=settings.PLACES.price_api_port,
            deployment=ensure_chain().manifest,
            seed=options["seed"],
            manual=options["manual"],
            say=self._say,
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
