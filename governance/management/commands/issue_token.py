"""`manage.py issue_token`: a machine's key for the REST API, shown once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.services.identity import IdentityError, issue_token
from treasury.core.access import SCOPES
from treasury.core.types import Actor, ActorKind
from treasury.selectors.portfolio import treasuries

OPERATOR = Actor(ActorKind.SYSTEM, "manage.py issue_token")
LOCAL_CHAIN_ID = 31337
DAYS = 90


class Command(BaseCommand):
    help = "Issue an API token. It can read and trigger as its scopes say; it can never sign."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what it is for, as the audit trail will show it")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=sorted(scope.replace(".", ":") for scope in SCOPES),
            help="may be given several times",
        )
        parser.add_argument("--treasury", help="its name; not needed while there is only one")
        parser.add_argument("--days", type=int, default=DAYS, help="until it expires")

    def handle(self, *_: Any, **options: Any) -> None:
        found = [row for row in treasuries() if options["treasury"] in (None, row.name)]
        if len(found) != 1:
            names = ", ".join(row.name for row in treasuries()) or "none yet"
            raise CommandError(f"--treasury must name one of: {names}", returncode=2)
        now = datetime.now(UTC)
        try:
            issued = issue_token(
                treasury_id=found[0].pk,
                name=options["name"],
                scopes=options["scope"],
                expires_at=now + timedelta(days=options["days"]),
                now=now,
                is_live=settings.CHAIN_ID != LOCAL_CHAIN_ID,
                actor=OPERATOR,
            )
        except IdentityError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(issued.secret)
        self.stderr.write("Keep it now: it is not stored and cannot be shown again.")
