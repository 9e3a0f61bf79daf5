"""List proposals, newest first."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from governance.selectors.proposals import all_proposals


class Command(BaseCommand):
    help = "List proposals, newest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="machine-readable output")
        parser.add_argument("--limit", type=int, default=50)

    def handle(self, *_: Any, **options: Any) -> None:
        rows = [
            {
                "id": row.public_id,
                "tier": row.tier.name,
                "state": row.state,
                "outcome": row.outcome,
                "route": row.route,
                "reason": row.state_reason,
                "value_usd": str(row.value_usd),
                "expires_at": row.expires_at,
                "safe_tx_hash": row.safe_transaction.safe_tx_hash if row.safe_transaction else None,
                "transaction_state": row.transaction.state if row.transaction else None,
            }
            for row in all_proposals().order_by("-pk")[: options["limit"]]
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(
                f"{row['id']} {row['tier']} {row['state']} {row['outcome']} {row['route']}"
                f" {row['value_usd']} USD: {row['reason']}"
            )
