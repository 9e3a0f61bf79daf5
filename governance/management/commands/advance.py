"""Take due steps until nothing is due at the newest block."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from governance.adapters.chain import head_block
from governance.services.sweeping import sweep

ROUNDS_MAX = 200


class Command(BaseCommand):
    help = "Advance proposals until no step is due; waits for nobody and mines nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *_: Any, **options: Any) -> None:
        url = settings.RPC_URLS[0]
        states: dict[str, str] = {}
        steps = 0
        for _round in range(ROUNDS_MAX):
            taken = sweep(
                block=head_block(url), rpc_url=url, finality_depth=settings.FINALITY_DEPTH
            )
            if not taken:
                break
            states |= taken
            steps += len(taken)
        if options["json"]:
            self.stdout.write(json.dumps({"steps": steps, "states": states}))
            return
        self.stdout.write(f"{steps} steps")
        for public_id, state in states.items():
            self.stdout.write(f"{public_id} {state}")
